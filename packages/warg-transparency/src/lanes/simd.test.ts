import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chain, fromLeaf } from '../../test/some-chains.ts';
import { hashPairsPlain, hashTrees, hashTreesPlain } from '../hashing/hash.ts';
import { type EmptyChain, emptyMapHash, hashEmptyChainsPlain, MAP_HEIGHT } from '../map/empty.ts';
import { branchModule } from './branch-module.ts';
import { TREE_HASHES } from './lanes.ts';
import { ROW_PAIRS } from './memory.ts';
import { lanes as found } from './simd.ts';

// Wanted for more than it takes to make them.
const lanes = found(1e9)!;
const emptyHashes = new Uint8Array(MAP_HEIGHT * 32);
for (let height = 0; height < MAP_HEIGHT; height++) emptyHashes.set(emptyMapHash(height), 32 * height);

describe('four lanes', () => {
  it('are there, in a module that any engine with vectors takes', () => {
    expect(found).toBeDefined();
    const { WebAssembly } = globalThis as unknown as {
      WebAssembly: { validate(module: Uint8Array): boolean };
    };
    expect(WebAssembly.validate(branchModule())).toBe(true);
  });

  it('climb chains as one lane does, whatever their number, beginnings and ends', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fromLeaf, chain), { maxLength: 11 }), (chains) => {
        const plain = chains.map((each) => ({ ...each, hash: each.hash.slice() }));
        hashEmptyChainsPlain(plain);
        lanes.climb(chains, emptyHashes);
        expect(chains.map(({ hash }) => hash)).toEqual(plain.map(({ hash }) => hash));
      }),
      { numRuns: 300 },
    );
  });

  it('climb by every bit of a path, and with every bit of a hash', () => {
    const chains = Array.from({ length: 256 }, (_, i): EmptyChain => {
      const one = new Uint8Array(32);
      one[i >> 3] = 0x80 >> (i & 7);
      return { path: one, hash: one.slice(), from: 0, to: MAP_HEIGHT };
    });
    const plain = chains.map((each) => ({ ...each, hash: each.hash.slice() }));
    hashEmptyChainsPlain(plain);
    lanes.climb(chains, emptyHashes);
    expect(chains.map(({ hash }) => hash)).toEqual(plain.map(({ hash }) => hash));
  });

  it('hash trees over rows as one lane does, and leave the row as it is', () => {
    for (let size = 1; size <= TREE_HASHES; size *= 2) {
      // More than there is room for at once too.
      for (const count of [0, 1, 2, 3, 5, Math.floor(TREE_HASHES / size) + 3]) {
        const rows = Uint8Array.from(
          { length: count * size * 32 },
          (_, i) => Math.imul(i + size, 0x9e3779b1) >>> 24,
        );
        const kept = rows.slice();
        const [plain, roots] = [new Uint8Array(count * 32), new Uint8Array(count * 32)];
        hashTreesPlain(rows, size, plain);
        lanes.hashTrees(rows, size, roots);
        expect(roots).toEqual(plain);
        expect(hashTrees(rows, size)).toEqual(plain);
        expect(rows).toEqual(kept);
      }
    }
  });

  it('hash rows as one lane does, in place too, and rows longer than there is room for at once', () => {
    const count = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom(ROW_PAIRS, ROW_PAIRS + 1, 2 * ROW_PAIRS + 3),
    );
    fc.assert(
      fc.property(count, fc.nat(), (pairs, seed) => {
        const row = new Uint8Array(3 * pairs * 32);
        for (let i = 0, value = seed; i < row.length; i++) {
          value = (Math.imul(value, 1_103_515_245) + 12_345) | 0;
          row[i] = value >>> 16;
        }
        const plain = row.slice();
        hashPairsPlain(plain, 0, 2 * pairs, pairs);
        lanes.hashPairs(row, 0, 2 * pairs, pairs);
        expect(row).toEqual(plain);
      }),
      { numRuns: 100 },
    );
  });
});
