// How tiles grow: what the append of a log does between reading its right edge and writing what changed.

import { TransparencyError } from '../errors.ts';
import { HASH_BYTES, type Hash, requireHash } from '../hashing/hash.ts';
import { TILE_WIDTH, type TileId, tileKey } from './store.ts';
import { extendTile, type Tile } from './tile.ts';

/**
 * Copies leaf hashes into one array: the caller may go on using its own while something is awaited.
 *
 * @throws TransparencyError `INVALID_ARGUMENT`
 */
export function copyHashes(leafHashes: readonly Hash[] | Uint8Array): Uint8Array {
  if (leafHashes instanceof Uint8Array) {
    if (leafHashes.length % HASH_BYTES === 0) return new Uint8Array(leafHashes);
    throw new TransparencyError(
      'INVALID_ARGUMENT',
      `expected 32 bytes for each leaf, found ${leafHashes.length} bytes in all`,
    );
  }
  const hashes = new Uint8Array(leafHashes.length * HASH_BYTES);
  leafHashes.forEach((hash, i) => {
    requireHash(hash, `leaf hash ${i}`);
    hashes.set(hash, i * HASH_BYTES);
  });
  return hashes;
}

/** The incomplete tiles of a log: at most one a level. */
export function edgeOf(length: number): (TileId & { readonly width: number })[] {
  const edge: (TileId & { readonly width: number })[] = [];
  for (let level = 0, rest = length; rest > 0; level++, rest = Math.floor(rest / TILE_WIDTH)) {
    const width = rest % TILE_WIDTH;
    if (width > 0) edge.push({ level, index: Math.floor(rest / TILE_WIDTH), width });
  }
  return edge;
}

/** Appends hashes to one level of tiles that holds `from` hashes; returns the tiles that changed. */
export function extendLevel(
  level: number,
  from: number,
  hashes: Uint8Array,
  edge: Map<number, Tile>,
): Tile[] {
  const tiles: Tile[] = [];
  let position = from;
  for (let at = 0; at < hashes.length; ) {
    const id = { level, index: Math.floor(position / TILE_WIDTH) };
    const used = position % TILE_WIDTH;
    const count = Math.min(TILE_WIDTH - used, (hashes.length - at) / HASH_BYTES);
    // A tile that others appended to meanwhile may be wider than this log knows; the store will refuse the change.
    const before = used === 0 ? undefined : narrow(edge.get(tileKey(id))!, used);
    tiles.push(extendTile(id, before, hashes.subarray(at, at + count * HASH_BYTES)));
    position += count;
    at += count * HASH_BYTES;
  }
  return tiles;
}

/** The tile as it was when it had `width` hashes. What stands behind them is overwritten by what is appended. */
function narrow(tile: Tile, width: number): Tile {
  return tile.width === width ? tile : { ...tile, width };
}

/** Hashes one behind the other, in one array. */
export function joinHashes(hashes: readonly Hash[]): Uint8Array {
  const joined = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [i, hash] of hashes.entries()) joined.set(hash, i * HASH_BYTES);
  return joined;
}
