import assert from 'node:assert/strict';
import { EMPTY_MAP, hashLeaf, MerkleLog, MerkleMap } from '@warg/transparency';
import { checkpoint, newRecord } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const leaf = (n: number) => hashLeaf(Uint8Array.of(n));

export function transactionTests(test: StoreTest): void {
  test('return what their work returned and see their own writes', async ({ store }) => {
    const state = await store.transaction(async (transaction) => {
      await transaction.insertRecords([newRecord('a', '1')]);
      const [record] = await transaction.findRecords([newRecord('a', '1')]);
      return record?.state;
    });
    assert.equal(state, 'processing');
  });

  test('leave nothing behind if their work fails, and pass the error on', async ({ store, reader }) => {
    const failure = new Error('on purpose');
    const attempt = store.transaction(async (transaction) => {
      await transaction.insertRecords([newRecord('a', '1')]);
      await transaction.insertCheckpoint(undefined, checkpoint(0));
      throw failure;
    });
    await assert.rejects(attempt, (error) => error === failure);
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.findRecords([newRecord('a', '1')]), [undefined]);
      assert.equal(await reads.latestCheckpoint(), undefined);
    });
    // The next one works.
    await store.transaction((transaction) => transaction.insertRecords([newRecord('a', '1')]));
  });

  test('run one after the other, in order', async ({ store }) => {
    const events: string[] = [];
    const run = (name: string, turns: number) =>
      store.transaction(async () => {
        events.push(`${name} begins`);
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        events.push(`${name} ends`);
      });
    await Promise.all([run('first', 5), run('second', 0), run('third', 2)]);
    assert.deepEqual(events, [
      'first begins',
      'first ends',
      'second begins',
      'second ends',
      'third begins',
      'third ends',
    ]);
  });

  test('show nobody else what is not committed', async ({ store, reader }) => {
    let found: unknown = 'nothing yet';
    let question: Promise<unknown> | undefined;
    await store.transaction(async (transaction) => {
      await transaction.insertRecords([newRecord('a', '1')]);
      question = reader
        .read((reads) => reads.findRecords([newRecord('a', '1')]))
        .then(([record]) => {
          found = record?.state;
        });
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      assert.notEqual(found, 'processing');
    });
    await question;
    const [record] = await reader.read((reads) => reads.findRecords([newRecord('a', '1')]));
    assert.equal(record?.state, 'processing');
  });

  test('change the revision when they commit', async ({ store, reader }) => {
    const revisions = () => Promise.all([store.revision(), reader.revision()]);
    const before = await revisions();
    assert.deepEqual(await revisions(), before);
    await store.transaction((transaction) => transaction.insertRecords([newRecord('a', '1')]));
    const [ofStore, ofReader] = await revisions();
    assert.notEqual(ofStore, before[0]);
    assert.notEqual(ofReader, before[1]);
  });

  test('hold the tiles and pages that are written in them', async ({ store, reader }) => {
    const trees = await store.transaction(async (transaction) => ({
      log: await MerkleLog.open(transaction.logStore),
      map: await MerkleMap.open(transaction.mapStore),
    }));
    const failing = store.transaction(async () => {
      await trees.log.append([leaf(1), leaf(2)]);
      await trees.map.update(EMPTY_MAP, [[Uint8Array.of(1), leaf(1)]]);
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    const root = await store.transaction(async () => {
      await trees.log.reload();
      await trees.map.reload();
      assert.equal(trees.log.length, 0);
      await trees.log.append([leaf(3)]);
      return trees.map.update(EMPTY_MAP, [[Uint8Array.of(3), leaf(3)]]);
    });
    await reader.read(async (reads) => {
      const log = await MerkleLog.open(reads.logStore);
      assert.equal(log.length, 1);
      assert.deepEqual(Buffer.from(await log.rootAt(1)), Buffer.from(leaf(3)));
      const map = await MerkleMap.open(reads.mapStore);
      await map.prove(root, [Uint8Array.of(3)]);
      await assert.rejects(map.prove(root, [Uint8Array.of(1)]), { code: 'KEY_NOT_FOUND' });
    });
  });

  test('end with the store', async ({ store, reader }) => {
    const running = store.transaction(async (transaction) => {
      await nextTurn();
      await transaction.insertRecords([newRecord('a', '1')]);
    });
    const closing = store.close();
    await running;
    await closing;
    await store.close();
    await assert.rejects(
      store.transaction(async () => {}),
      { code: 'STORE_CLOSED' },
    );
    await assert.rejects(
      store.read((reads) => reads.latestCheckpoint()),
      { code: 'STORE_CLOSED' },
    );
    if (reader !== store) {
      const [record] = await reader.read((reads) => reads.findRecords([newRecord('a', '1')]));
      assert.equal(record?.state, 'processing');
    }
  });
}
