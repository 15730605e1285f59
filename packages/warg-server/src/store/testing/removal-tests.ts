import assert from 'node:assert/strict';
import type { StateChange } from '../registry-store.ts';
import { digestNamed, newRecord } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

const [a, b, c] = [digestNamed('a'), digestNamed('b'), digestNamed('c')];

export function removalTests(test: StoreTest): void {
  test('a content is named by what is published, and by what may be', async ({ store, reader }) => {
    const states = ['sourcing', 'processing', 'rejected', 'expired', 'published'] as const;
    const digests = states.map((state) => digestNamed(`of ${state}`));
    const records = states.map((state, i) =>
      newRecord(state, state, {
        state: state === 'sourcing' ? 'sourcing' : 'processing',
        contents: [
          { digest: digests[i]!, missing: state === 'sourcing' },
          { digest: digestNamed('of all'), missing: false },
        ],
      }),
    );
    await store.transaction(async (transaction) => {
      await transaction.insertRecords(records);
      const stored = await transaction.findRecords(records);
      const changes: StateChange[] = stored.flatMap((record, i): StateChange[] => {
        const { arrival } = record!;
        const state = states[i]!;
        if (state === 'published') return [{ arrival, state, registryIndex: 0, changedAt: 1 }];
        if (state === 'rejected' || state === 'expired')
          return [{ arrival, state, reason: 'x', changedAt: 1 }];
        return [];
      });
      await transaction.changeStates(changes);
    });
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.areContentsNamed(digests), [true, true, false, false, true]);
      assert.deepEqual(await reads.areContentsNamed([a, digestNamed('of all'), a]), [false, true, false]);
      assert.deepEqual(await reads.areContentsNamed([]), []);
    });
  });

  test('a removal is noted, noted again, and forgotten', async ({ store, reader }) => {
    const noted = (now: number) => reader.read((reads) => reads.contentRemovals([a, b, c, a], now));
    assert.deepEqual(await noted(0), [undefined, undefined, undefined, undefined]);
    await store.transaction(async (transaction) => {
      await transaction.noteRemovals([a, b], 'removing', 1000);
      await transaction.noteRemovals([], 'removing', 1000);
      await transaction.noteRemovals([b, c, c], 'removed', 2000);
      assert.deepEqual(await transaction.contentRemovals([a], 0), ['removing']);
    });
    assert.deepEqual(await noted(999), ['removing', 'removed', 'removed', 'removing']);
    assert.deepEqual(await noted(1000), [undefined, 'removed', 'removed', undefined]);
    await store.transaction((transaction) => transaction.forgetRemovals([b]));
    assert.deepEqual(await noted(0), ['removing', undefined, 'removed', 'removing']);
    await store.transaction((transaction) => transaction.forgetPastRemovals(1000));
    assert.deepEqual(await noted(0), [undefined, undefined, 'removed', undefined]);
  });
}
