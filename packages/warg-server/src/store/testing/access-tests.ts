import assert from 'node:assert/strict';
import type { RegistryStore } from '../registry-store.ts';
import type { NewRecord } from '../rows.ts';
import { accessToken, digestNamed, logIdOf, logPart, newRecord } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

export function accessTests(test: StoreTest): void {
  test('come back as they were made, in order', async ({ store, reader }) => {
    const first = accessToken('ff', {
      hash: Uint8Array.from({ length: 32 }, (_, index) => 255 - index),
      name: 'näïve " \' \u{1f980}',
      scope: 'publish',
      namespaces: ['b', 'a-c'],
      expiresAt: 2 ** 42,
    });
    const second = accessToken('aa', { lastUsedAt: 5, revokedAt: 6 });
    await store.transaction(async (transaction) => {
      await transaction.insertAccessToken(first);
      await transaction.insertAccessToken(second);
    });
    await reader.read(async (reads) => {
      const plain = (token: typeof first | undefined) => token && { ...token, hash: [...token.hash] };
      assert.deepEqual(plain(await reads.accessToken('ff')), plain(first));
      assert.deepEqual((await reads.accessTokens()).map(plain), [plain(first), plain(second)]);
      assert.equal(await reads.accessToken('FF'), undefined);
      assert.equal(await reads.accessToken(''), undefined);
    });
  });

  test('have one id each', async ({ store }) => {
    const insert = () => store.transaction((transaction) => transaction.insertAccessToken(accessToken('aa')));
    await insert();
    await assert.rejects(insert());
    assert.equal((await store.read((reads) => reads.accessTokens())).length, 1);
  });

  test('are revoked once', async ({ store, reader }) => {
    const revoke = (id: string, now: number) =>
      store.transaction((transaction) => transaction.revokeAccessToken(id, now));
    await store.transaction((transaction) => transaction.insertAccessToken(accessToken('aa')));
    const before = await reader.revision();
    assert.equal(await revoke('aa', 7), true);
    assert.notEqual(await reader.revision(), before);
    assert.equal(await revoke('aa', 8), false);
    assert.equal(await revoke('bb', 8), false);
    assert.equal((await reader.read((reads) => reads.accessToken('aa')))?.revokedAt, 7);
  });

  test('remember the latest use', async ({ store, reader }) => {
    await store.transaction(async (transaction) => {
      await transaction.insertAccessToken(accessToken('aa'));
      for (const now of [10, 30, 20]) await transaction.noteAccessTokenUse('aa', now);
      await transaction.noteAccessTokenUse('none', 10);
    });
    assert.equal((await reader.read((reads) => reads.accessToken('aa')))?.lastUsedAt, 30);
  });

  test('stand beside keys that are made once', async ({ store, reader }) => {
    assert.equal(await reader.read((reads) => reads.sharedKey('urls')), undefined);
    for (const byte of [1, 2]) {
      await store.transaction((transaction) => transaction.addSharedKey('urls', Uint8Array.of(byte, 0)));
    }
    assert.deepEqual([...(await reader.read((reads) => reads.sharedKey('urls')))!], [1, 0]);
    assert.equal(await reader.read((reads) => reads.sharedKey('other')), undefined);
  });

  test('see the contents of their own namespaces alone', async ({ store, reader }) => {
    const digest = digestNamed('content');
    const contents = [{ digest, missing: false }];
    await publish(store, 0, newRecord('a', '1', { contents }), 'one:a');
    await publish(store, 1, newRecord('b', '2', { contents }), 'two:b');
    // What was not published names nothing.
    await store.transaction(async (transaction) => {
      await transaction.insertRecords([newRecord('c', '3', { contents })]);
      await transaction.saveLogParts([logPart('c', { packageName: 'three:c' as never })]);
    });
    await reader.read(async (reads) => {
      for (const [namespaces, found] of [
        [['one'], true],
        [['none', 'two'], true],
        [['three'], false],
        [['on', 'one:a', 'one:', ''], false],
        [[], false],
      ] as const) {
        assert.equal(await reads.isContentReferenced(digest, namespaces), found, namespaces.join());
      }
      assert.equal(await reads.isContentReferenced(digestNamed('other'), ['one']), false);
    });
  });

  test('know the names of logs that wait for their first record', async ({ store, reader }) => {
    await store.transaction(async (transaction) => {
      await transaction.insertRecords([
        newRecord('a', '1', { packageName: 'test:a' as never, state: 'sourcing' }),
        newRecord('b', '1', { packageName: undefined, prev: digestNamed('0') }),
        newRecord('b', '2', { packageName: 'test:other' as never }),
      ]);
      await transaction.saveLogParts([logPart('b', { packageName: 'test:b' as never })]);
    });
    const ids = ['b', 'none', 'a'].map(logIdOf);
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.logNames(ids), ['test:b', undefined, 'test:a']);
      assert.deepEqual(await reads.packageNames(ids), ['test:b', undefined, undefined]);
      assert.deepEqual(await reads.logNames([]), []);
    });
  });
}

async function publish(
  store: RegistryStore,
  registryIndex: number,
  record: NewRecord,
  name: string,
): Promise<void> {
  await store.transaction(async (transaction) => {
    await transaction.insertRecords([record]);
    const [found] = await transaction.findRecords([record]);
    await transaction.changeStates([
      { arrival: found!.arrival, state: 'published', registryIndex, changedAt: 1 },
    ]);
    await transaction.saveLogParts([logPart('x', { logId: record.logId, packageName: name as never })]);
  });
}
