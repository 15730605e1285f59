import assert from 'node:assert/strict';
import type { StateChange } from '../registry-store.ts';
import type { StoredRecord } from '../rows.ts';
import { digestNamed, logIdOf, logPart, newRecord, recordIdOf } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

/** More than any store asks for one by one. */
const MANY = 40;

const numbers = Array.from({ length: MANY }, (_, n) => n);
/** Every second one of these is there; those that follow no record are first in their logs. */
const records = numbers.map((n) =>
  newRecord(`log ${n % 7}`, `${n}`, {
    prev: n < 7 ? undefined : n === 9 ? 'sha256:' : n === 11 ? 'sha256:ab' : recordIdOf(`${n - 7}`),
    packageName: undefined,
  }),
);
const there = records.filter((_, n) => n % 2 === 0 || n === 9 || n === 11);

/** A store may ask for many in another way than for one: what comes of it is the same. */
export function manyTests(test: StoreTest): void {
  test('records are found as each alone', async ({ store, reader }) => {
    await store.transaction((transaction) => transaction.insertRecords(there));
    await reader.read(async (reads) => {
      const alone = await Promise.all(records.map(async (record) => (await reads.findRecords([record]))[0]));
      assert.equal(alone.filter((record) => record !== undefined).length, there.length);
      assert.deepEqual(await reads.findRecords(records), alone);
      assert.deepEqual(await reads.findRecords([...records, ...records]), [...alone, ...alone]);
    });
  });

  test('what follows a record is found as each alone', async ({ store, reader }) => {
    await store.transaction((transaction) => transaction.insertRecords(there));
    const places = [...records, { logId: logIdOf('nobody'), prev: undefined }];
    await reader.read(async (reads) => {
      const alone = await Promise.all(places.map(async (place) => (await reads.processingOn([place]))[0]));
      assert.equal(alone[0], recordIdOf('0'));
      assert.equal(alone[1], undefined);
      assert.equal(alone[9], recordIdOf('9'));
      assert.equal(alone[11], recordIdOf('11'));
      assert.deepEqual(await reads.processingOn(places), alone);
    });
  });

  test('records are published, rejected and expire as each alone', async ({ store, reader }) => {
    const changesOf = (stored: readonly StoredRecord[]): StateChange[] =>
      stored.map(({ arrival }, n): StateChange => {
        if (n % 11 === 5) return { arrival, state: 'rejected', reason: `no "${n}"\u0001`, changedAt: n };
        if (n % 11 === 7) return { arrival, state: 'expired', reason: 'late', changedAt: 50 };
        return { arrival, state: 'published', registryIndex: arrival + 1000, changedAt: n < 30 ? 50 : 51 };
      });
    const twins = records.map((record) => ({ ...record, logId: logIdOf(`twin of ${record.logId}`) }));
    await store.transaction(async (transaction) => {
      await transaction.insertRecords([...records, ...twins]);
      const found = (await transaction.findRecords([...records, ...twins])) as StoredRecord[];
      await transaction.changeStates(changesOf(found.slice(0, MANY)));
      for (const change of changesOf(found.slice(MANY))) await transaction.changeStates([change]);
    });
    const told = ({ arrival, registryIndex, logId: _, ...rest }: StoredRecord) => ({
      ...rest,
      index: registryIndex && registryIndex - arrival,
    });
    await reader.read(async (reads) => {
      const atOnce = ((await reads.findRecords(records)) as StoredRecord[]).map(told);
      assert.deepEqual(atOnce, ((await reads.findRecords(twins)) as StoredRecord[]).map(told));
      assert.deepEqual(
        new Set(atOnce.map(({ state }) => state)),
        new Set(['published', 'rejected', 'expired']),
      );
    });
    // When they expired is seen by who forgets them.
    const expired = numbers.filter((n) => n % 11 === 7).length;
    assert.equal(await store.transaction((transaction) => transaction.forgetExpired(50)), 0);
    assert.equal(await store.transaction((transaction) => transaction.forgetExpired(51)), 2 * expired);
  });

  test('parts of logs are read as each alone', async ({ store, reader }) => {
    const key = { keyId: 'k', publicKey: 'key k', permissions: ['release'] };
    await store.transaction((transaction) =>
      transaction.saveLogParts(
        numbers.filter((n) => n % 3 === 0).map((n) => logPart(`log ${n}`, { keys: [key] })),
      ),
    );
    const queries = numbers.map((n) => ({
      logId: logIdOf(`log ${n}`),
      keyIds: ['k', 'no'],
      versions: ['1.0.0'],
      namespaces: [],
    }));
    await reader.read(async (reads) => {
      const alone = await Promise.all(queries.map(async (query) => (await reads.logParts([query]))[0]));
      assert.equal(alone.filter((part) => part?.keys.length === 1).length, Math.ceil(MANY / 3));
      assert.deepEqual(await reads.logParts(queries), alone);
    });
  });

  test('removals of contents are found as each alone', async ({ store, reader }) => {
    const digests = numbers.map((n) => digestNamed(`content ${n}`));
    await store.transaction(async (transaction) => {
      await transaction.noteRemovals(digests.slice(0, 12), 'removing', 1000);
      await transaction.noteRemovals(digests.slice(8, 20), 'removed', 2000);
    });
    await reader.read(async (reads) => {
      for (const now of [999, 1000, 2000]) {
        const one = async (digest: (typeof digests)[number]) =>
          (await reads.contentRemovals([digest], now))[0];
        assert.deepEqual(await reads.contentRemovals(digests, now), await Promise.all(digests.map(one)));
      }
    });
  });
}
