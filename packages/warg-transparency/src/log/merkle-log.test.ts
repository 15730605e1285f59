import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafNumber, leafNumbers, naiveLogRoot } from '../../test/naive.ts';
import { type Hash, TransparencyError } from '../index.ts';
import { decodeLogBundle, encodeLogBundle } from './bundle.ts';
import { type LogProofQuery, MAX_LOG_LENGTH, MerkleLog } from './merkle-log.ts';
import { type LogChange, type LogStore, memoryLogStore } from './store.ts';
import { verifyLogBundle } from './verify.ts';
import { planLogProofs } from './walk.ts';

async function logOf(leaves: readonly Hash[], options?: { cacheBytes: number }): Promise<MerkleLog> {
  const log = await MerkleLog.open(memoryLogStore(), options);
  await log.append(leaves);
  return log;
}

const code = (name: string) => expect.objectContaining({ name: 'TransparencyError', code: name });

/** The bundle as it is defined: written from the hashes of the nodes of its plan. */
async function provedPlainly(
  log: MerkleLog,
  { length, leaves = [], from = [] }: LogProofQuery,
): Promise<Uint8Array> {
  const { nodes, ...proved } = planLogProofs({
    consistency: from.map((oldLength) => ({ oldLength, length })),
    inclusion: leaves.map((leaf) => ({ leaf, length })),
  });
  const hashes = await log.nodeHashes(nodes);
  return encodeLogBundle({ ...proved, hashes: nodes.map((node, i) => ({ node, hash: hashes[i]! })) });
}

describe('MerkleLog, every size up to 64', () => {
  const leaves = leafNumbers(64);
  const roots = Array.from({ length: 65 }, (_, length) => naiveLogRoot(leaves.slice(0, length)));

  it('has the root of RFC 6962 at every length', async () => {
    const log = await logOf(leaves);
    for (let length = 0; length <= 64; length++) expect(await log.rootAt(length)).toEqual(roots[length]);
  });

  it('proves the inclusion of every leaf at every length', async () => {
    const log = await logOf(leaves);
    for (let length = 1; length <= 64; length++) {
      for (let index = 0; index < length; index++) {
        const bundle = await log.prove({ length, leaves: [index] });
        verifyLogBundle(bundle, { length, root: roots[length]!, leaves: [{ index, hash: leaves[index]! }] });
      }
    }
  });

  it('proves the consistency of all pairs of lengths', async () => {
    const log = await logOf(leaves);
    for (let length = 1; length <= 64; length++) {
      for (let old = 1; old <= length; old++) {
        const bundle = await log.prove({ length, from: [old] });
        verifyLogBundle(bundle, { length, root: roots[length]!, from: [{ length: old, root: roots[old]! }] });
      }
    }
  });

  it('proves all leaves and all older lengths in one bundle', async () => {
    const log = await logOf(leaves);
    for (let length = 1; length <= 64; length++) {
      const indices = Array.from({ length }, (_, i) => i);
      const bundle = await log.prove({ length, leaves: indices, from: indices.map((i) => i + 1) });
      verifyLogBundle(bundle, {
        length,
        root: roots[length]!,
        leaves: indices.map((index) => ({ index, hash: leaves[index]! })),
        from: indices.map((i) => ({ length: i + 1, root: roots[i + 1]! })),
      });
    }
  });
});

describe('MerkleLog of some thousand leaves', () => {
  const all = leafNumbers(5000);

  it('is the same however the leaves were batched, with or without a cache', async () => {
    const length = 3000;
    const expected = naiveLogRoot(all.slice(0, length));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 20 }),
        fc.constantFrom(0, 20_000, 1_000_000),
        async (sizes, cacheBytes) => {
          const log = await MerkleLog.open(memoryLogStore(), { cacheBytes });
          for (const size of sizes)
            await log.append(all.slice(log.length, Math.min(log.length + size, length)));
          await log.append(all.slice(log.length, length));
          expect(await log.rootAt(length)).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('proves at random lengths', async () => {
    const log = await logOf(all);
    const length = fc.integer({ min: 1, max: all.length });
    await fc.assert(
      fc.asyncProperty(
        length,
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (n, a, b) => {
          const root = await log.rootAt(n);
          expect(root).toEqual(naiveLogRoot(all.slice(0, n)));
          const leaves = [...a, 0].map((i) => i % n);
          const from = b.map((i) => 1 + (i % n));
          const bundle = await log.prove({ length: n, leaves, from });
          expect(bundle).toEqual(await provedPlainly(log, { length: n, leaves, from }));
          verifyLogBundle(bundle, {
            length: n,
            root,
            leaves: leaves.map((index) => ({ index, hash: all[index]! })),
            from: await Promise.all(from.map(async (old) => ({ length: old, root: await log.rootAt(old) }))),
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives proofs at an old length while it grows', async () => {
    const log = await logOf(all.slice(0, 300));
    const before = await log.prove({ length: 300, leaves: [7, 299], from: [256] });
    const [during] = await Promise.all([
      log.prove({ length: 300, leaves: [7, 299], from: [256] }),
      log.append(all.slice(300, 1000)),
      log.append(all.slice(1000, 1001)),
    ]);
    expect(during).toEqual(before);
    expect(await log.prove({ length: 300, leaves: [7, 299], from: [256] })).toEqual(before);
    expect(await log.rootAt(1001)).toEqual(naiveLogRoot(all.slice(0, 1001)));
  });

  it('reads what it needs in one batch', async () => {
    const store = memoryLogStore();
    const writer = await MerkleLog.open(store);
    await writer.append(all);
    let reads = 0;
    const counting: LogStore = {
      ...store,
      readTiles(ids) {
        reads++;
        return store.readTiles(ids);
      },
    };
    const log = await MerkleLog.open(counting);
    await log.prove({ length: 4999, leaves: [0, 700, 4998], from: [1, 1000] });
    expect(reads).toBe(1);
    await log.prove({ length: 4999, leaves: [1, 701, 4997], from: [1, 1000] });
    expect(reads).toBe(1);
  });

  it('writes only tiles that changed, and complete ones once', async () => {
    const store = memoryLogStore();
    const changes: LogChange[] = [];
    const log = await MerkleLog.open({
      ...store,
      write: (change) => {
        changes.push(change);
        return store.write(change);
      },
    });
    for (let i = 0; i < 1000; i += 100) await log.append(all.slice(i, i + 100));
    const complete = new Set<string>();
    for (const { tiles } of changes) {
      for (const { level, index, hashes } of tiles) {
        expect(complete.has(`${level}/${index}`)).toBe(false);
        if (hashes.length === 256 * 32) complete.add(`${level}/${index}`);
      }
    }
    expect([...complete]).toEqual(['0/0', '0/1', '0/2']);
    expect(changes[0]!.tiles.map(({ level, index, hashes }) => [level, index, hashes.length / 32])).toEqual([
      [0, 0, 100],
    ]);
    expect(changes[2]!.tiles.map(({ level, index, hashes }) => [level, index, hashes.length / 32])).toEqual([
      [0, 0, 256],
      [0, 1, 44],
      [1, 0, 1],
    ]);
  });
});

describe('MerkleLog with three levels of tiles', () => {
  it('proves across them', async () => {
    const length = 256 * 256 + 300;
    const leaves = Array.from({ length }, (_, i) => leafNumber(i % 1000));
    const log = await logOf(leaves, { cacheBytes: 0 });
    const root = naiveLogRoot(leaves);
    expect(await log.rootAt(length)).toEqual(root);
    const indices = [0, 255, 256, 65_535, 65_536, length - 1];
    const bundle = await log.prove({ length, leaves: indices, from: [65_536] });
    verifyLogBundle(bundle, {
      length,
      root,
      leaves: indices.map((index) => ({ index, hash: leaves[index]! })),
      from: [{ length: 65_536, root: naiveLogRoot(leaves.slice(0, 65_536)) }],
    });
  });
});

describe('MerkleLog refuses', () => {
  it('what lies beyond its end', async () => {
    const log = await logOf(leafNumbers(5));
    await expect(log.rootAt(6)).rejects.toThrow(code('LENGTH_BEYOND_LOG'));
    await expect(log.prove({ length: 6, leaves: [0] })).rejects.toThrow(code('LENGTH_BEYOND_LOG'));
    await expect(log.prove({ length: 4, leaves: [4] })).rejects.toThrow(code('LEAF_BEYOND_LOG'));
    await expect(log.prove({ length: 4, from: [5] })).rejects.toThrow(code('LENGTHS_OUT_OF_ORDER'));
    await expect(log.nodeHashes([9])).rejects.toThrow(code('LENGTH_BEYOND_LOG'));
  });

  it('a bundle of nothing', async () => {
    const log = await logOf(leafNumbers(5));
    await expect(log.prove({ length: 5 })).rejects.toThrow(code('EMPTY_PROOF'));
    await expect(log.prove({ length: 5, from: [0] })).rejects.toThrow(code('EMPTY_PROOF'));
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1' as unknown as number])(
    '%s as a number',
    async (n) => {
      const log = await logOf(leafNumbers(5));
      await expect(log.rootAt(n)).rejects.toThrow(TransparencyError);
      await expect(log.prove({ length: n, leaves: [0] })).rejects.toThrow(TransparencyError);
      await expect(log.prove({ length: 5, leaves: [n] })).rejects.toThrow(TransparencyError);
      await expect(log.prove({ length: 5, from: [n] })).rejects.toThrow(TransparencyError);
      await expect(log.nodeHashes([n])).rejects.toThrow(TransparencyError);
    },
  );

  it('a leaf hash that is none, and stays as it was', async () => {
    const log = await logOf(leafNumbers(5));
    await expect(log.append([leafNumber(5), new Uint8Array(31)])).rejects.toThrow(code('INVALID_ARGUMENT'));
    await expect(log.append(new Uint8Array(65))).rejects.toThrow(code('INVALID_ARGUMENT'));
    expect(log.length).toBe(5);
    await log.append([leafNumber(5)]);
    expect(await log.rootAt(6)).toEqual(naiveLogRoot(leafNumbers(6)));
  });

  it('to grow to 2^31 leaves', async () => {
    const full: LogStore = { ...memoryLogStore(), length: async () => MAX_LOG_LENGTH };
    const log = await MerkleLog.open(full);
    await expect(log.append([leafNumber(0)])).rejects.toThrow(code('LOG_FULL'));
  });

  it('stored tiles that are missing, too short or no tiles', async () => {
    const store = memoryLogStore();
    await (await MerkleLog.open(store)).append(leafNumbers(300));
    for (const bad of [
      undefined,
      new Uint8Array(32),
      new Uint8Array(33),
      new Uint8Array(0),
      new Uint8Array(257 * 32),
    ]) {
      const log = await MerkleLog.open({ ...store, readTiles: async (ids) => ids.map(() => bad) });
      await expect(log.rootAt(300)).rejects.toThrow(code('CORRUPT_TILE'));
      await expect(log.append(leafNumbers(1))).rejects.toThrow(code('CORRUPT_TILE'));
    }
  });
});

describe('MerkleLog and its store', () => {
  it('sees what another one appended when asked for it', async () => {
    const store = memoryLogStore();
    const writer = await MerkleLog.open(store);
    await writer.append(leafNumbers(100));
    const reader = await MerkleLog.open(store);
    await reader.rootAt(100);
    await writer.append(leafNumbers(300).slice(100));
    expect(reader.length).toBe(100);
    expect(await reader.rootAt(300)).toEqual(naiveLogRoot(leafNumbers(300)));
    expect(reader.length).toBe(300);
  });

  it('refuses to append to a log that somebody else appended to', async () => {
    const store = memoryLogStore();
    const one = await MerkleLog.open(store);
    const other = await MerkleLog.open(store);
    await one.append(leafNumbers(3));
    await expect(other.append([leafNumber(9)])).rejects.toThrow(code('LOG_CONFLICT'));
    await other.reload();
    await other.append([leafNumber(3)]);
    expect(await other.rootAt(4)).toEqual(naiveLogRoot(leafNumbers(4)));
  });

  it('reloads in turn: appends behind it begin with what it found', async () => {
    const store = memoryLogStore();
    const log = await MerkleLog.open(store);
    await log.append(leafNumbers(3));
    await (await MerkleLog.open(store)).append([leafNumber(3)]);
    await Promise.all([log.reload(), log.append([leafNumber(4)]), log.reload(), log.append([leafNumber(5)])]);
    expect(log.length).toBe(6);
    expect(await log.rootAt(6)).toEqual(naiveLogRoot(leafNumbers(6)));
  });

  it('is as before when a write fails', async () => {
    const store = memoryLogStore();
    let fail = false;
    const log = await MerkleLog.open({
      ...store,
      write: async (change) => {
        if (fail) throw new Error('disk full');
        await store.write(change);
      },
    });
    await log.append(leafNumbers(255));
    fail = true;
    await expect(log.append(leafNumbers(700, 'lost'))).rejects.toThrow('disk full');
    fail = false;
    expect(log.length).toBe(255);
    await log.append(leafNumbers(600).slice(255));
    expect(await log.rootAt(600)).toEqual(naiveLogRoot(leafNumbers(600)));
    expect(await log.rootAt(256)).toEqual(naiveLogRoot(leafNumbers(256)));
  });

  it('copies leaf hashes before it waits', async () => {
    const leaf = Uint8Array.from(leafNumber(0));
    const log = await MerkleLog.open(memoryLogStore());
    const done = log.append([leaf]);
    leaf.fill(0);
    await done;
    expect(await log.rootAt(1)).toEqual(leafNumber(0));
  });

  it('bundles what the plan says, in the order of the request', async () => {
    const log = await logOf(leafNumbers(20));
    const bundle = decodeLogBundle(await log.prove({ length: 20, leaves: [9, 3, 9], from: [7, 2] }));
    expect(bundle.includedNodes).toEqual([18, 6, 18]);
    expect(bundle.consistentLengths).toEqual([7, 2]);
    const nodes = bundle.hashes.map(({ node }) => node);
    expect(nodes).toEqual([...new Set(nodes)].sort((a, b) => a - b));
  });
});
