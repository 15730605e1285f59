// What the map, the log and their proofs allocate, stores in memory.

import { sha256 } from '@warg/crypto';
import {
  EMPTY_MAP,
  HASH_BYTES,
  hashLeaves,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
} from '@warg/transparency';
import { type Allocated, allocatedBy } from './allocated.ts';

const FILLED = 10_000;
const BATCH = 1024;
const BATCHES = 4;
const PROVED = 50;
const PROOFS = 20;

const bytes = (what: string, number: number) => sha256(new TextEncoder().encode(`${what} ${number}`));
const series = (what: string, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => bytes(what, from + i));

export async function countTrees(): Promise<Record<string, Allocated>> {
  return { ...(await countMap()), ...(await countLog()) };
}

async function countMap(): Promise<Record<string, Allocated>> {
  const map = await MerkleMap.open(memoryMapStore());
  let root = EMPTY_MAP;
  const entriesOf = (from: number, count: number) => {
    const values = hashLeaves(series('value', from, count));
    return series('key', from, count).map((key, i): [Uint8Array, Uint8Array] => [
      key,
      values.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
    ]);
  };
  root = await map.update(root, entriesOf(0, FILLED));
  const batches = Array.from({ length: 2 * BATCHES }, (_, i) => entriesOf(FILLED + i * BATCH, BATCH));
  const update = async (some: typeof batches) => {
    for (const batch of some) root = await map.update(root, batch);
  };
  await update(batches.slice(0, BATCHES));
  const key = await allocatedBy(BATCHES * BATCH, () => update(batches.slice(BATCHES)));

  const proved = Array.from({ length: PROVED }, (_, i) => 199 * i);
  const keys = proved.map((number) => bytes('key', number));
  const prove = async () => {
    for (let i = 0; i < PROOFS; i++) await map.prove(root, keys);
  };
  await prove();
  const proofOf50 = await allocatedBy(PROOFS, prove);
  return {
    'map: a key, in batches of 1,024': key,
    'map: a proof of 50': proofOf50,
  };
}

async function countLog(): Promise<Record<string, Allocated>> {
  const log = await MerkleLog.open(memoryLogStore());
  await log.append(hashLeaves(series('leaf', 0, FILLED)));
  const batches = Array.from({ length: 2 * BATCHES }, (_, i) => series('leaf', FILLED + i * BATCH, BATCH));
  const append = async (some: typeof batches) => {
    for (const batch of some) {
      await log.append(hashLeaves(batch));
      await log.rootAt(log.length);
    }
  };
  await append(batches.slice(0, BATCHES));
  const leaf = await allocatedBy(BATCHES * BATCH, () => append(batches.slice(BATCHES)));

  const { length } = log;
  const leaves = Array.from({ length: PROVED }, (_, i) => 199 * i);
  const prove = async () => {
    for (let i = 0; i < PROOFS; i++) await log.prove({ length, leaves });
  };
  await prove();
  const proofOf50 = await allocatedBy(PROOFS, prove);
  return {
    'log: a leaf, in batches of 1,024': leaf,
    'log: a proof of 50': proofOf50,
  };
}
