import assert from 'node:assert/strict';
import type { RegistryStore } from '../registry-store.ts';
import type { NewRecord } from '../rows.ts';
import { digestNamed, newRecord } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

const [a, b] = [digestNamed('a'), digestNamed('b')];

const waiting = (log: string, name: string): NewRecord =>
  newRecord(log, name, {
    state: 'sourcing',
    contents: [
      { digest: a, missing: true },
      { digest: b, missing: true },
    ],
  });

/** Inserts a record whose content `a` is to be fetched, and returns its number. */
async function insert(store: RegistryStore, record: NewRecord): Promise<number> {
  return store.transaction(async (transaction) => {
    await transaction.insertRecords([record]);
    await transaction.insertSources(record, [
      { digest: a, urls: ['https://x.example/"é\\', 'https://y.example/'] },
    ]);
    const [found] = await transaction.findRecords([record]);
    return found!.arrival;
  });
}

const claim = (store: RegistryStore, now: number, until: number) =>
  store.transaction((transaction) => transaction.claimSource(now, until));

export function sourceTests(test: StoreTest): void {
  test('there are none at first', async ({ store, reader }) => {
    assert.equal(await reader.read((reads) => reads.hasSource(1000)), false);
    assert.equal(await claim(store, 1000, 2000), undefined);
  });

  test('are claimed one by one, each for a while', async ({ store, reader }) => {
    const [one, two] = [waiting('a', 'one'), waiting('b', 'two')];
    const arrival = await insert(store, one);
    await insert(store, two);
    await reader.read(async (reads) => {
      assert.equal(await reads.hasSource(1000), true);
      assert.deepEqual(await reads.contentsOf(arrival), [
        { digest: a, missing: true, isFetched: true },
        { digest: b, missing: true },
      ]);
    });
    const { logId, recordId } = one;
    const urls = ['https://x.example/"é\\', 'https://y.example/'];
    assert.deepEqual(await claim(store, 1000, 2000), { logId, recordId, digest: a, urls });
    assert.equal((await claim(store, 1000, 2500))?.recordId, two.recordId);
    assert.equal(await claim(store, 1999, 3000), undefined);
    assert.equal(await reader.read((reads) => reads.hasSource(1999)), false);
    assert.equal((await claim(store, 2000, 3000))?.recordId, recordId);
    assert.equal(await claim(store, 2000, 3000), undefined);
    assert.equal((await claim(store, 3000, 4000))?.recordId, two.recordId);
  });

  test('are forgotten one by one, or all of a record', async ({ store, reader }) => {
    const [one, two] = [waiting('a', 'one'), waiting('b', 'two')];
    const [first, second] = [await insert(store, one), await insert(store, two)];
    await store.transaction(async (transaction) => {
      await transaction.insertSources(two, [{ digest: b, urls: ['https://x.example/'] }]);
      await transaction.forgetSource(first, b);
      await transaction.forgetSources(second);
    });
    const contents = await reader.read((reads) => reads.contentsOf(second));
    assert.deepEqual(contents, two.contents);
    assert.equal((await claim(store, 1, 2))?.recordId, one.recordId);
    await store.transaction((transaction) => transaction.forgetSource(first, a));
    assert.equal(await claim(store, 5, 6), undefined);
  });

  test('end with the waiting of their record', async ({ store, reader }) => {
    for (const state of ['rejected', 'expired'] as const) {
      const arrival = await insert(store, waiting(state, state));
      await store.transaction((transaction) =>
        transaction.changeStates([{ arrival, state, reason: 'x', changedAt: 1 }]),
      );
    }
    const last = waiting('c', 'last');
    await insert(store, last);
    assert.equal((await claim(store, 1, 2))?.recordId, last.recordId);
    assert.equal(await claim(store, 1, 2), undefined);
    // The same record, sent again without a source.
    const again = waiting('expired', 'expired');
    await store.transaction((transaction) => transaction.insertRecords([again]));
    assert.equal((await claim(store, 2, 3))?.recordId, last.recordId);
    assert.equal(await claim(store, 2, 3), undefined);
    assert.equal(await reader.read((reads) => reads.hasSource(2)), false);
  });
}
