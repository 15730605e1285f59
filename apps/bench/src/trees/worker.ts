// Our map and log, driven as reference/src/main.rs drives the Rust ones: a command a line on standard input, an answer
// of JSON a line. Both make the same entries from the same numbers, so that equal roots show equal work.
//
// `map SIZE BATCH` and `log SIZE BATCH` append SIZE entries, BATCH at a time, to what is there already. Making the
// entries is not timed; hashing keys and leaves is, as it is there. `hashes SIZE BATCH` appends to the log what is hashed
// already, which the Rust one cannot do.

import { createInterface } from 'node:readline';
import { digestFromBytes } from '@warg/crypto';
import {
  EMPTY_MAP,
  HASH_BYTES,
  hashLeaves,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
} from '@warg/transparency';

/** Marsaglia's xorshift, 32 bits: simple to write alike in two languages. */
function numbers(seed: number): () => Uint8Array {
  let state = seed;
  return () => {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 32; i += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      view.setUint32(i, state >>> 0, true);
    }
    return bytes;
  };
}

const nextKey = numbers(1);
const nextLeaf = numbers(2);
// Pages that are not in the cache are read from the store and checked: a large map has more of them than fit.
const map = await MerkleMap.open(memoryMapStore(), { cacheBytes: 512 * 2 ** 20 });
const log = await MerkleLog.open(memoryLogStore());
let mapRoot = EMPTY_MAP;

async function growMap(count: number): Promise<number> {
  const entries = Array.from({ length: count }, (): [Uint8Array, Uint8Array] => [nextKey(), nextKey()]);
  const started = performance.now();
  const hashes = hashLeaves(entries.map(([, value]) => value));
  mapRoot = await map.update(
    mapRoot,
    entries.map(([key], i) => [key, hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)]),
  );
  return performance.now() - started;
}

async function growLog(count: number, isHashed: boolean): Promise<number> {
  const leaves = Array.from({ length: count }, nextLeaf);
  const hashed = isHashed ? hashLeaves(leaves) : undefined;
  const started = performance.now();
  await log.append(hashed ?? hashLeaves(leaves));
  await log.rootAt(log.length);
  return performance.now() - started;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what, size, batch] = line.split(' ');
  let millis = 0;
  for (let left = Number(size); left > 0; left -= Number(batch)) {
    const count = Math.min(left, Number(batch));
    millis += what === 'map' ? await growMap(count) : await growLog(count, what === 'hashes');
  }
  const root = what === 'map' ? mapRoot.hash : await log.rootAt(log.length);
  console.log(JSON.stringify({ nanos: Math.round(millis * 1e6), root: digestFromBytes(root) }));
}
