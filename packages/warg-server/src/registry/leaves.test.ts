import { mapKeyBytes, mapLeafBytes } from '@warg/protocol';
import { hashLeaf, pathOf } from '@warg/transparency';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import type { StoreReads } from '../store/registry-store.ts';
import { Leaves } from './leaves.ts';

// Index 0 is the operator's; then three packages take turns, one of them seldom.
const LENGTH = 25;
let registry: TestRegistry;
beforeAll(async () => {
  registry = await testRegistry();
  const now = () => registry.clock.now();
  const [a, b, c] = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name, { now }));
  for (const pkg of [a!, b!, c!]) await registry.publish(pkg.init());
  for (let i = 4; i < LENGTH; i++) {
    registry.clock.advance(1000);
    await registry.publish((i % 10 === 0 ? c! : i % 3 === 0 ? b! : a!).release(`1.${i}.0`));
  }
});
afterAll(() => registry.core.close());

/** What {@link Leaves} says, without keeping anything. */
async function asked(reads: StoreReads, indices: readonly number[]) {
  const leaves = await reads.leavesAt(indices);
  return leaves.map((leaf) => ({
    path: pathOf(mapKeyBytes(leaf!.logId)),
    leafHash: hashLeaf(mapLeafBytes(leaf!.recordId)),
  }));
}

const query = fc.array(fc.nat(LENGTH - 1), { minLength: 1, maxLength: 12 });

describe('Leaves', () => {
  it.each([1000, 3])('say what the store says, in any order, with room for %i', async (room) => {
    await fc.assert(
      fc.asyncProperty(fc.array(query, { minLength: 1, maxLength: 30 }), async (queries) => {
        const leaves = new Leaves(room);
        for (const indices of queries) {
          await registry.store.read(async (reads) => {
            expect(await leaves.at(reads, indices)).toEqual(await asked(reads, indices));
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('ask once for what they were asked', async () => {
    const leaves = new Leaves();
    await registry.store.read(async (reads) => {
      let questions = 0;
      const counted = {
        leavesAt: (indices: readonly number[]) => {
          questions += indices.length;
          return reads.leavesAt(indices);
        },
      } as StoreReads;
      for (let i = 0; i < 2; i++) {
        await leaves.at(counted, [0, 1]);
        expect(questions).toBe(2);
      }
      await leaves.at(counted, [1, 2, 0]);
      expect(questions).toBe(3);
    });
  });

  it('know of no leaf that is not there', async () => {
    const leaves = new Leaves();
    const at = () => registry.store.read((reads) => leaves.at(reads, [3, LENGTH + 5]));
    for (let i = 0; i < 2; i++)
      await expect(at()).rejects.toMatchObject({ variant: 'LeafNotFound', id: LENGTH + 5 });
  });
});

describe('proofs of inclusion', () => {
  it('are refused for what the map does not point at, at any length', async () => {
    const lengths = Array.from({ length: LENGTH - 1 }, (_, i) => i + 2);
    const logIds = await registry.store.read(async (reads) => {
      const rows = await reads.leavesAt(Array.from({ length: LENGTH }, (_, i) => i));
      return rows.map((row) => row!.logId);
    });
    for (const length of lengths) {
      for (let leaf = 0; leaf < length; leaf++) {
        const isHead = logIds.lastIndexOf(logIds[leaf]!, length - 1) === leaf;
        const proof = registry.core.proveInclusion(length, [leaf]);
        if (isHead) await proof;
        else await expect(proof).rejects.toMatchObject({ variant: 'IncorrectProof' });
      }
    }
  });
});
