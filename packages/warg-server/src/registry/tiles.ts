import { digestFromBytes } from '@warg/crypto';
import { logLeafBytes } from '@warg/protocol';
import { HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, type TilePath } from '@warg/transparency';
import type { RegistryStore } from '../store/registry-store.ts';
import type { Checkpoints } from './checkpoints.ts';

/**
 * A tile of the log, or a bundle of its leaves, as c2sp.org/tlog-tiles has them. Once there is one it never changes.
 *
 * @returns undefined for one that reaches beyond the newest checkpoint
 */
export async function readTile(
  store: RegistryStore,
  checkpoints: Checkpoints,
  { level, index, width }: TilePath,
): Promise<Uint8Array | undefined> {
  const { logLength } = await checkpoints.latest();
  const height = level === 'entries' ? 0 : level;
  const complete = Math.floor(logLength / 2 ** (TILE_HEIGHT * height));
  if (index * TILE_WIDTH + width > complete) return undefined;
  return level === 'entries'
    ? readEntries(store, index * TILE_WIDTH, width)
    : readHashes(store, level, index, width);
}

async function readHashes(
  store: RegistryStore,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  const [hashes] = await store.read((reads) => reads.logStore.readTiles([{ level, index }]));
  // A tile that has grown since begins with what it was.
  const tile = hashes?.subarray(0, width * HASH_BYTES);
  if (tile?.length !== width * HASH_BYTES) {
    throw new Error(`the store has lost a part of tile ${index} of level ${level}`);
  }
  return tile;
}

/** Each leaf behind its length in two bytes. */
async function readEntries(store: RegistryStore, first: number, count: number): Promise<Uint8Array> {
  const ids = await store.read((reads) => reads.ledger(first, first + count));
  if (ids.length !== 2 * HASH_BYTES * count) {
    throw new Error(`the store has lost a record between ${first} and ${first + count}`);
  }
  const idAt = (n: number) => digestFromBytes(ids.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES));
  const leaves = Array.from({ length: count }, (_, i) =>
    logLeafBytes({ logId: idAt(2 * i), recordId: idAt(2 * i + 1) }),
  );
  const bundle = new Uint8Array(leaves.reduce((sum, leaf) => sum + 2 + leaf.length, 0));
  const view = new DataView(bundle.buffer);
  let at = 0;
  for (const leaf of leaves) {
    view.setUint16(at, leaf.length);
    bundle.set(leaf, at + 2);
    at += 2 + leaf.length;
  }
  return bundle;
}
