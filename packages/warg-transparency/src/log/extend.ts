// How tiles grow: what the append of a log does between reading its right edge and writing what changed.

import { TransparencyError } from '../errors.ts';
import {
  HASH_BYTES,
  type Hash,
  hashLeavesInto,
  hashTrees,
  requireBytes,
  requireHash,
} from '../hashing/hash.ts';
import { type LogTile, TILE_WIDTH, type TileId, tileKey } from './store.ts';
import { extendTile, type Tile, tileHashes, tileRoot } from './tile.ts';

/** How much room for leaf hashes is kept from one append to the next, in bytes. */
const KEPT_ROOM = 2048 * HASH_BYTES;

/** Copies the leaf hashes of appends: their callers may go on using their own while something is awaited. */
export class LeafCopies {
  /** Room that no append uses. New room of such a size costs more than what is copied into it. */
  #spare: Uint8Array | undefined;

  /**
   * The leaf hashes in one array, which belongs to the caller until it gives it back.
   *
   * @throws TransparencyError `INVALID_ARGUMENT`
   */
  take(leafHashes: readonly Hash[] | Uint8Array): Uint8Array {
    if (leafHashes instanceof Uint8Array) {
      if (leafHashes.length % HASH_BYTES !== 0) {
        throw new TransparencyError(
          'INVALID_ARGUMENT',
          `expected 32 bytes for each leaf, found ${leafHashes.length} bytes in all`,
        );
      }
      const hashes = this.#room(leafHashes.length);
      hashes.set(leafHashes);
      return hashes;
    }
    for (const [i, hash] of leafHashes.entries()) requireHash(hash, `leaf hash ${i}`);
    const hashes = this.#room(leafHashes.length * HASH_BYTES);
    leafHashes.forEach((hash, i) => {
      hashes.set(hash, i * HASH_BYTES);
    });
    return hashes;
  }

  /**
   * The hashes of leaves, as {@link take} gives those that are there already.
   *
   * @throws TransparencyError `INVALID_ARGUMENT`
   */
  hash(leaves: readonly Uint8Array[]): Uint8Array {
    for (const leaf of leaves) requireBytes(leaf);
    const hashes = this.#room(leaves.length * HASH_BYTES);
    hashLeavesInto(leaves, hashes);
    return hashes;
  }

  /** Takes an array back that nobody reads any more. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer.byteLength > KEPT_ROOM || buffer.byteLength <= (this.#spare?.length ?? 0)) return;
    this.#spare = new Uint8Array(buffer);
  }

  #room(bytes: number): Uint8Array {
    const spare = this.#spare;
    if (spare === undefined || spare.length < bytes) return new Uint8Array(bytes);
    this.#spare = undefined;
    return spare.subarray(0, bytes);
  }
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

/** What an append does to one level of tiles. */
export interface LevelChange {
  /** Every tile that is new or longer than it was, as a store keeps it. */
  readonly stored: readonly LogTile[];
  /** Those of them at the edges, with the branches above their hashes. */
  readonly edges: readonly Tile[];
  /** The roots of the tiles that became complete: what is appended to the level above. */
  readonly roots: Uint8Array;
}

/** Appends hashes to one level of tiles that holds `from` hashes. */
export function extendLevel(
  level: number,
  from: number,
  hashes: Uint8Array,
  edge: Map<number, Tile>,
): LevelChange {
  const stored: LogTile[] = [];
  const edges: Tile[] = [];
  // Where the whole tiles begin and end. They stand together: what does not fill a tile is in front of them, or behind.
  let wholeStart = 0;
  let wholeEnd = 0;
  // The root of a tile that was begun before. It stands before all whole ones.
  let completed: Hash | undefined;
  let position = from;
  for (let at = 0; at < hashes.length; ) {
    const id = { level, index: Math.floor(position / TILE_WIDTH) };
    const used = position % TILE_WIDTH;
    const count = Math.min(TILE_WIDTH - used, (hashes.length - at) / HASH_BYTES);
    const added = hashes.subarray(at, at + count * HASH_BYTES);
    if (count === TILE_WIDTH) {
      // A whole tile: of its branches only the root is needed now. Whoever proves something in it has them made.
      stored.push({ ...id, hashes: added });
      if (wholeEnd === 0) wholeStart = at;
      wholeEnd = at + added.length;
    } else {
      // A tile that others appended to meanwhile may be wider than this log knows; the store will refuse the change.
      const before = used === 0 ? undefined : narrow(edge.get(tileKey(id))!, used);
      const tile = extendTile(id, before, added);
      edges.push(tile);
      stored.push({ ...id, hashes: tileHashes(tile) });
      if (tile.width === TILE_WIDTH) completed = tileRoot(tile);
    }
    position += count;
    at += count * HASH_BYTES;
  }
  const wholeRoots = hashTrees(hashes.subarray(wholeStart, wholeEnd), TILE_WIDTH);
  if (completed === undefined) return { stored, edges, roots: wholeRoots };
  const roots = new Uint8Array(HASH_BYTES + wholeRoots.length);
  roots.set(completed);
  roots.set(wholeRoots, HASH_BYTES);
  return { stored, edges, roots };
}

/** The tile as it was when it had `width` hashes. What stands behind them is overwritten by what is appended. */
function narrow(tile: Tile, width: number): Tile {
  return tile.width === width ? tile : { ...tile, width };
}
