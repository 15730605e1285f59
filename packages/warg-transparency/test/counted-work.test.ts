// How much work an update and a proof are, counted: a change that makes them slower by doing more fails here on any
// machine, however busy. A number that falls is written down as the new one; one that rises wants a reason.

import { sha256 } from '@warg/crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { hashLeaf, hashLeaves, MerkleLog, MerkleMap } from '../src/index.ts';
import type { Lanes } from '../src/lanes/lanes.ts';
import { type LogChange, memoryLogStore } from '../src/log/store.ts';
import { EMPTY_MAP, type MapRoot } from '../src/map/merkle-map.ts';
import { type MapChange, memoryMapStore } from '../src/map/store.ts';

/** Branches that were hashed, by whichever implementation. */
const work = vi.hoisted(() => ({ branches: 0 }));

vi.mock('../src/hashing/branch.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../src/hashing/branch.ts')>();
  const hashBranchInto: typeof original.hashBranchInto = (...args) => {
    work.branches++;
    original.hashBranchInto(...args);
  };
  return { ...original, hashBranchInto };
});

vi.mock('#lanes', async (importOriginal) => {
  const original = await importOriginal<{ lanes(hashes: number): Lanes | undefined }>();
  const lanes = (): Lanes | undefined => {
    // From the first hash on, not only when there are enough to hash.
    const four = original.lanes(Number.POSITIVE_INFINITY);
    return four && countedLanes(four);
  };
  return { lanes };
});

function countedLanes(lanes: Lanes): Lanes {
  return {
    hashMessages: (messages) => lanes.hashMessages(messages),
    hashPairs: (hashes, from, to, count) => {
      work.branches += count;
      lanes.hashPairs(hashes, from, to, count);
    },
    hashTrees: (hashes, size, roots) => {
      work.branches += (hashes.length / 32 / size) * (size - 1);
      lanes.hashTrees(hashes, size, roots);
    },
    climb: (chains, emptyHashes) => {
      for (const { from, to } of chains) work.branches += to - from;
      lanes.climb(chains, emptyHashes);
    },
  };
}

const bytes = (what: string, number: number) => sha256(new TextEncoder().encode(`${what} ${number}`));
const entry = (number: number): [Uint8Array, Uint8Array] => [
  bytes('key', number),
  hashLeaf(bytes('value', number)),
];
const entries = (from: number, count: number) => Array.from({ length: count }, (_, i) => entry(from + i));

const FILLED = 10_000;
const BATCH = 1024;

describe('a map of 10,000 entries', () => {
  const written: MapChange[] = [];
  let asked: number[] = [];
  let map: MerkleMap;
  let filled: MapRoot;
  beforeAll(async () => {
    const store = memoryMapStore();
    map = await MerkleMap.open({
      ...store,
      readPages: (ids) => {
        asked.push(ids.length);
        return store.readPages(ids);
      },
      write: (change) => {
        written.push(change);
        return store.write(change);
      },
    });
    filled = await map.update(EMPTY_MAP, entries(0, FILLED));
  });

  async function update(count: number) {
    work.branches = 0;
    written.length = 0;
    asked = [];
    await map.update(filled, entries(FILLED, count));
    const { pages, superseded } = written[0]!;
    const size = pages.reduce((sum, page) => sum + page.bytes.length, 0);
    return {
      branches: work.branches,
      pages: pages.length,
      bytes: size,
      superseded: superseded.length,
      reads: asked.length,
    };
  }

  it('hashes each changed branch once a batch, and writes each changed page once', async () => {
    // An entry that nothing is near climbs 240 levels alone, four at a time, to the first page that it shares. One that meets an
    // older entry there sends it to a page further down: one in three does. That one climbs the 20 levels from the hash that is
    // kept at depth 40 to its new place, and four more to the old one, whose hash it must come to. Above, each of the 1,255
    // pages hashes the branches that changed, once for all 1,024 entries.
    expect(await update(BATCH)).toEqual({
      branches: 260_802,
      pages: 1255,
      bytes: 599_332,
      superseded: 915,
      reads: 0,
    });
  });

  it('takes one entry with one hash a level', async () => {
    // Four pages of four levels lead to a place that was empty: 16 branches, and 240 below.
    expect(await update(1)).toEqual({ branches: 256, pages: 4, bytes: 2336, superseded: 4, reads: 0 });
  });

  it('proves with no hashing, and as few bytes as the protocol has', async () => {
    work.branches = 0;
    const one = await map.prove(filled, [bytes('key', 0)]);
    const fifty = await map.prove(
      filled,
      Array.from({ length: 50 }, (_, i) => bytes('key', 199 * i)),
    );
    const absent = await map.proveAbsence(filled, [bytes('key', FILLED)]);
    // Fourteen siblings that are not empty, of 36 bytes with their frame; those below them are left out.
    expect({ branches: work.branches, one: one.length, fifty: fifty.length, absent: absent.length }).toEqual({
      branches: 0,
      one: 507,
      fifty: 27_186,
      absent: 507,
    });
  });
});

describe('a log of 10,000 leaves', () => {
  const written: LogChange[] = [];
  const asked: number[] = [];
  let log: MerkleLog;
  beforeAll(async () => {
    const store = memoryLogStore();
    log = await MerkleLog.open({
      ...store,
      readTiles: (ids) => {
        asked.push(ids.length);
        return store.readTiles(ids);
      },
      write: (change) => {
        written.push(change);
        return store.write(change);
      },
    });
    await log.append(hashLeaves(Array.from({ length: FILLED }, (_, i) => bytes('leaf', i))));
  });

  it('proves with few hashes, reads and bytes', async () => {
    const measure = async (query: Parameters<MerkleLog['prove']>[0]) => {
      work.branches = 0;
      asked.length = 0;
      const proof = await log.prove(query);
      return { bytes: proof.length, branches: work.branches, reads: asked.length };
    };
    const fifty = Array.from({ length: 50 }, (_, i) => 199 * i);
    const all = async () => ({
      one: await measure({ length: FILLED, leaves: [4711] }),
      fifty: await measure({ length: FILLED, leaves: fifty }),
      consistency: await measure({ length: FILLED, from: [4711] }),
    });
    // The branches of a whole tile are made when something in it is proved for the first time: 255 of them. Fifty leaves stand
    // in 38 more, which are read at once.
    expect(await all()).toMatchObject({
      one: { branches: 255, reads: 1 },
      fifty: { branches: 38 * 255, reads: 1 },
      consistency: { branches: 0, reads: 0 },
    });
    expect(await all()).toEqual({
      // 17 hashes of 32 bytes, each with the number of its node: those of the way, and of the peaks that give the root.
      one: { bytes: 674, branches: 0, reads: 0 },
      // Far less than 50 times one: what leaves have in common is there once.
      fifty: { bytes: 18_706, branches: 0, reads: 0 },
      consistency: { bytes: 947, branches: 0, reads: 0 },
    });
  });

  it('appends 1,024 leaves with one hash a leaf, and writes the tiles that change once', async () => {
    work.branches = 0;
    written.length = 0;
    await log.append(hashLeaves(Array.from({ length: BATCH }, (_, i) => bytes('leaf', FILLED + i))));
    // As many branches as leaves, as in any tree. Leaf 10,000 stands in tile 39, leaf 11,023 in tile 43: those change, and
    // the one of level 1 above them.
    const tiles = written.map((change) => change.tiles.map(({ level, index }) => `${level}/${index}`));
    expect({ branches: work.branches, tiles }).toEqual({
      branches: 1024,
      tiles: [['0/39', '0/40', '0/41', '0/42', '0/43', '1/0']],
    });
  });
});
