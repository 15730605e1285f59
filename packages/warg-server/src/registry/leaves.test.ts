import { mapKeyBytes } from '@warg/protocol';
import { pathOf } from '@warg/transparency';
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
async function asked(reads: StoreReads, indices: readonly number[], logLength: number) {
  const leaves = await reads.leavesAt(indices);
  const heads = await reads.lastIndexBelow(leaves.map((leaf) => ({ logId: leaf!.logId, logLength })));
  const position = heads.findIndex((head, i) => head !== indices[i]);
  return {
    paths: leaves.map((leaf) => pathOf(mapKeyBytes(leaf!.logId))),
    passed: position < 0 ? undefined : { ...leaves[position]!, position },
  };
}

const query = fc
  .integer({ min: 1, max: LENGTH })
  .chain((length) =>
    fc.tuple(fc.constant(length), fc.array(fc.nat(length - 1), { minLength: 1, maxLength: 12 })),
  );

describe('Leaves', () => {
  it.each([1000, 3])(
    'say what the store says, at any length and in any order, with room for %i',
    async (room) => {
      await fc.assert(
        fc.asyncProperty(fc.array(query, { minLength: 1, maxLength: 30 }), async (queries) => {
          const leaves = new Leaves(room);
          for (const [length, indices] of queries) {
            await registry.store.read(async (reads) => {
              const found = await leaves.at(reads, indices, length);
              expect(found).toEqual(await asked(reads, indices, length));
            });
          }
        }),
        { numRuns: 50 },
      );
    },
  );

  it('ask once for what they were asked', async () => {
    const leaves = new Leaves();
    await registry.store.read(async (reads) => {
      let questions = 0;
      const counted = {
        leavesAt: (indices: readonly number[]) => {
          questions += indices.length;
          return reads.leavesAt(indices);
        },
        lastIndexBelow: (each: Parameters<StoreReads['lastIndexBelow']>[0]) => {
          questions += each.length;
          return reads.lastIndexBelow(each);
        },
      } as StoreReads;
      expect((await leaves.at(counted, [0], 10)).passed).toBeUndefined();
      expect(questions).toBe(2);
      for (const length of [10, 5, 1]) expect((await leaves.at(counted, [0], length)).passed).toBeUndefined();
      expect(questions).toBe(2);
      // Of a greater length nothing is known.
      await leaves.at(counted, [0], LENGTH);
      expect(questions).toBe(3);
      // What was passed may have been the last one before.
      expect((await leaves.at(counted, [1], LENGTH)).passed?.position).toBe(0);
      expect((await leaves.at(counted, [1], 2)).passed).toBeUndefined();
      expect((await leaves.at(counted, [1], LENGTH)).passed?.position).toBe(0);
    });
  });

  it('know of no leaf that is not there', async () => {
    const leaves = new Leaves();
    const at = () => registry.store.read((reads) => leaves.at(reads, [3, LENGTH + 5], LENGTH));
    for (let i = 0; i < 2; i++)
      await expect(at()).rejects.toMatchObject({ variant: 'LeafNotFound', id: LENGTH + 5 });
  });
});
