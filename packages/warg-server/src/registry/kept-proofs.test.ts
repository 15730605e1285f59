import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestPackage, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { Turns } from '../store/turns.ts';
import { Checkpoints } from './checkpoints.ts';
import { KeptProofs } from './kept-proofs.ts';
import { fetchLogs, type KeptPages, keptPages } from './logs.ts';
import { Proofs } from './proofs.ts';

let registry: TestRegistry;
let packages: readonly TestPackage[];
beforeAll(async () => {
  registry = await testRegistry();
  const now = () => registry.clock.now();
  packages = ['test:a', 'test:b', 'test:c', 'test:d'].map((name) => testPackage(name, { now }));
  for (const pkg of packages) await registry.publish(pkg.init());
});
afterAll(() => registry.core.close());

const UNKNOWN = `sha256:${'0'.repeat(64)}`;
/** Of the second package, and one that is none. */
const tokens: string[] = ['no token'];

const length = async () => (await registry.core.latestCheckpoint()).checkpoint.contents.logLength;
const settled = <T>(promise: Promise<T>) =>
  promise.catch((error: { message: string; variant?: string }) => [error.variant, error.message]);

describe('proofs that are kept', () => {
  it('are those that would be made now, whatever was asked and published before', async () => {
    let version = 0;
    const publish = fc.record({ type: fc.constant('publish'), by: fc.nat(3) });
    const inclusion = fc.record({
      type: fc.constant('inclusion'),
      back: fc.nat(2),
      leafs: fc.array(fc.nat(40), { maxLength: 3 }),
    });
    const consistency = fc.record({ type: fc.constant('consistency'), from: fc.nat(20), back: fc.nat(3) });
    const logs = fc.record({
      type: fc.constant('logs'),
      back: fc.nat(2),
      of: fc.array(fc.nat(4), { maxLength: 2 }),
      after: fc.option(fc.nat(20), { nil: undefined }),
      limit: fc.integer({ min: 1, max: 4 }),
      maxBytes: fc.constantFrom(1, 600, 900, 100_000),
    });
    const step = fc.oneof(
      publish,
      { arbitrary: logs, weight: 6 },
      { arbitrary: inclusion, weight: 6 },
      { arbitrary: consistency, weight: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        // One that has kept what it was asked, and one that was asked nothing before.
        const fresh = () => new Proofs(registry.store, new Checkpoints(registry.store));
        const kept = fresh();
        const pages = keptPages();
        for (const each of steps) {
          const newest = await length();
          if ('by' in each) {
            registry.clock.advance(1000);
            const record = packages[each.by]!.release(`1.0.${version++}`);
            await registry.publish(record);
            if (each.by === 1) tokens.push(record.recordId);
          } else if ('of' in each) {
            const { limit, maxBytes } = each;
            const token = each.after === undefined ? undefined : tokens[each.after % tokens.length]!;
            const asked = each.of.map(
              (n) => [packages[n]?.logId ?? UNKNOWN, n === 1 ? token : undefined] as const,
            );
            const query = {
              logLength: newest - each.back,
              limit,
              maxBytes,
              operator: undefined,
              packages: asked,
            };
            const { store } = registry;
            const ask = (kept: KeptPages) =>
              settled(
                fetchLogs({ store, checkpoints: new Checkpoints(store), kept, turns: new Turns() }, query),
              );
            expect(await ask(pages)).toEqual(await ask(keptPages()));
            expect(await ask(pages)).toEqual(await ask(keptPages()));
          } else if ('leafs' in each) {
            const leafs = each.leafs.map((leaf) => newest - 1 - (leaf % newest));
            const ask = (proofs: Proofs) => settled(proofs.inclusion(newest - each.back, leafs));
            expect(await ask(kept)).toEqual(await ask(fresh()));
            expect(await ask(kept)).toEqual(await ask(fresh()));
          } else {
            const ask = (proofs: Proofs) => settled(proofs.consistency(each.from, newest + 1 - each.back));
            expect(await ask(kept)).toEqual(await ask(fresh()));
            expect(await ask(kept)).toEqual(await ask(fresh()));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are kept once, and only at the newest length', () => {
    const kept = new KeptProofs();
    const proof = { log: new Uint8Array(10), map: new Uint8Array(10) };
    expect(kept.inclusion(5, [1])).toBeUndefined();
    kept.keepInclusion(5, [1], proof);
    expect(kept.inclusion(5, [1])).toBe(proof);
    expect(kept.inclusion(5, [1, 1])).toBeUndefined();
    expect(kept.inclusion(6, [1])).toBeUndefined();
    // Made when it was the newest, and kept by nobody now.
    kept.keepInclusion(5, [1], proof);
    expect(kept.inclusion(6, [1])).toBeUndefined();
    expect(kept.inclusion(5, [1])).toBeUndefined();
    const many = Array.from({ length: 65 }, (_, i) => i);
    kept.keepInclusion(6, many, proof);
    expect(kept.inclusion(6, many)).toBeUndefined();
  });

  it('are kept from the second time on where they are of many leaves', () => {
    const kept = new KeptProofs();
    const proof = { log: new Uint8Array(10), map: new Uint8Array(10) };
    const nine = Array.from({ length: 9 }, (_, i) => 100 + i);
    const others = nine.map((leaf) => leaf + 1);
    for (const leafs of [nine, others]) {
      expect(kept.inclusion(5, leafs)).toBeUndefined();
      kept.keepInclusion(5, leafs, proof);
      expect(kept.inclusion(5, leafs)).toBeUndefined();
    }
    kept.keepInclusion(5, nine, proof);
    expect(kept.inclusion(5, nine)).toBe(proof);
    expect(kept.inclusion(5, others)).toBeUndefined();
    // At another length it is another question.
    expect(kept.inclusion(6, nine)).toBeUndefined();
    kept.keepInclusion(6, nine, proof);
    expect(kept.inclusion(6, nine)).toBeUndefined();
  });
});
