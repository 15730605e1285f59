// Our map and log, driven as reference/src/main.rs drives the Rust ones: a command a line on standard input, an answer
// of JSON a line. Both make the same entries from the same numbers, so that equal roots show equal work.
//
// `map SIZE BATCH` and `log SIZE BATCH` append SIZE entries, BATCH at a time, to what is there already. Making the
// entries is not timed; hashing keys and leaves is, as it is there. `hashes SIZE BATCH` appends to the log what is hashed
// already, which the Rust one cannot do. `helper 0 1` starts a second thread that hashes.

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
import { startHashWorker } from '@warg/transparency/node';

/** Marsaglia's xorshift, 32 bits: simple to write alike in two languages. */
function numbers(seed: number): () => Uint8Array {
  let state = seed;
  return () => {
    // Byte by byte: a view of another kind would move the array out of V8's heap, and getting rid of it would be timed.
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      for (let byte = 0; byte < 4; byte++) bytes[i + byte] = state >>> (8 * byte);
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

const spent = { millis: 0, cpuMicros: 0 };

/** Adds what some work takes: time, and CPU of all threads. */
async function spendOn(work: () => Promise<unknown>): Promise<void> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  spent.millis += performance.now() - started;
  spent.cpuMicros += user + system;
}

async function growMap(count: number): Promise<void> {
  const entries = Array.from({ length: count }, (): [Uint8Array, Uint8Array] => [nextKey(), nextKey()]);
  await spendOn(async () => {
    const hashes = hashLeaves(entries.map(([, value]) => value));
    mapRoot = await map.update(
      mapRoot,
      entries.map(([key], i) => [key, hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)]),
    );
  });
}

async function growLog(count: number, isHashed: boolean): Promise<void> {
  const leaves = Array.from({ length: count }, nextLeaf);
  const hashed = isHashed ? hashLeaves(leaves) : undefined;
  await spendOn(async () => {
    await (hashed === undefined ? log.appendLeaves(leaves) : log.append(hashed));
    await log.rootAt(log.length);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what, size, batch] = line.split(' ');
  spent.millis = 0;
  spent.cpuMicros = 0;
  if (what === 'helper') await startHashWorker();
  for (let left = Number(size); left > 0; left -= Number(batch)) {
    const count = Math.min(left, Number(batch));
    if (what === 'map') await growMap(count);
    else await growLog(count, what === 'hashes');
  }
  const root = digestFromBytes(what === 'map' ? mapRoot.hash : await log.rootAt(log.length));
  const [nanos, cpuNanos] = [Math.round(spent.millis * 1e6), spent.cpuMicros * 1000];
  console.log(JSON.stringify({ nanos, cpuNanos, root }));
}
