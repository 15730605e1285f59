import assert from 'node:assert/strict';
import { encodeUtf8 } from '@warg/crypto';
import type { RegistryStore, StateChange } from '../registry-store.ts';
import type { NewRecord, StoredRecord } from '../rows.ts';
import { digestNamed, logIdOf, newRecord, recordIdOf } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

async function insert(store: RegistryStore, ...records: NewRecord[]): Promise<StoredRecord[]> {
  return store.transaction(async (transaction) => {
    await transaction.insertRecords(records);
    return (await transaction.findRecords(records)) as StoredRecord[];
  });
}

async function change(store: RegistryStore, ...changes: StateChange[]): Promise<void> {
  await store.transaction((transaction) => transaction.changeStates(changes));
}

/** Publishes records in this order, from registry index 0. */
async function publish(store: RegistryStore, ...records: NewRecord[]): Promise<void> {
  const stored = await insert(store, ...records);
  await change(
    store,
    ...stored.map(
      ({ arrival }, registryIndex): StateChange => ({
        arrival,
        state: 'published',
        registryIndex,
        changedAt: 1,
      }),
    ),
  );
}

const names = (records: readonly { recordId: string }[]) => records.map(({ recordId }) => recordId);
const ids = (...list: string[]) => list.map(recordIdOf);

export function recordTests(test: StoreTest): void {
  test('there are none at first', async ({ reader }) => {
    const key = newRecord('a', 'one');
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.findRecords([key, key]), [undefined, undefined]);
      assert.deepEqual(await reads.processing({ limit: 10, maxBytes: 100 }), []);
      assert.deepEqual(await reads.processingOn([{ logId: key.logId, prev: undefined }]), [undefined]);
      assert.deepEqual(await reads.published([{ logId: key.logId, from: 0, below: 9, limit: 9 }]), [[]]);
      assert.deepEqual(await reads.leavesAt([0]), [undefined]);
      assert.deepEqual(await reads.lastIndexBelow([{ logId: key.logId, logLength: 5 }]), [undefined]);
      assert.deepEqual(await reads.hasRecords([key.logId]), [false]);
      assert.equal((await reads.ledger(0, 10)).length, 0);
      assert.equal(await reads.sourcingOfAddress('192.0.2.1'), 0);
      assert.deepEqual(await reads.sourcingOfLog(key.logId), []);
      assert.equal(await reads.isContentReferenced(digestNamed('content')), false);
    });
  });

  test('come back as they were accepted', async ({ store, reader }) => {
    const record = newRecord('a', 'one', {
      // Texts and bytes are whatever was received.
      prev: 'sha256:ab',
      envelope: { contentBytes: Uint8Array.of(0, 255, 1), keyId: 'kéy "\'\n', signature: '' },
      contents: [
        { digest: digestNamed('z'), missing: true },
        { digest: digestNamed('a'), missing: false },
      ],
      state: 'sourcing',
    });
    await insert(store, record);
    await reader.read(async (reads) => {
      const [found] = await reads.findRecords([record]);
      assert.equal(found!.logId, record.logId);
      assert.equal(found!.recordId, record.recordId);
      assert.equal(found!.prev, 'sha256:ab');
      assert.equal(found!.state, 'sourcing');
      assert.equal(found!.packageName, 'test:a');
      assert.equal(found!.registryIndex, undefined);
      assert.equal(found!.reason, undefined);
      assert.deepEqual({ ...found!.envelope }, record.envelope);
      assert.deepEqual(await reads.contentsOf(found!.arrival), record.contents);
      assert.deepEqual(await reads.hasRecords([record.logId, logIdOf('b')]), [true, false]);
    });
  });

  test('are keyed by log and record: two logs may hold the same bytes', async ({ store, reader }) => {
    const [first, second] = await insert(store, newRecord('a', 'same'), newRecord('b', 'same'));
    assert.notEqual(first!.arrival, second!.arrival);
    await change(store, { arrival: first!.arrival, state: 'rejected', reason: 'no', changedAt: 2 });
    const found = await reader.read((reads) =>
      reads.findRecords([newRecord('b', 'same'), newRecord('a', 'same')]),
    );
    assert.deepEqual(
      found.map((record) => [record!.state, record!.reason]),
      [
        ['processing', undefined],
        ['rejected', 'no'],
      ],
    );
  });

  test('are refused a second time, and nothing of that transaction is kept', async ({ store, reader }) => {
    await insert(store, newRecord('a', 'one'));
    await assert.rejects(insert(store, newRecord('a', 'two'), newRecord('a', 'one')));
    assert.deepEqual(await reader.read((reads) => reads.findRecords([newRecord('a', 'two')])), [undefined]);
  });

  test('replace an expired one of the same key', async ({ store, reader }) => {
    const waiting = newRecord('a', 'one', {
      state: 'sourcing',
      contents: [{ digest: digestNamed('x'), missing: true }],
    });
    const [first] = await insert(store, waiting);
    await change(store, { arrival: first!.arrival, state: 'expired', reason: 'late', changedAt: 2 });
    await insert(store, { ...waiting, contents: [{ digest: digestNamed('y'), missing: true }] });
    await reader.read(async (reads) => {
      const [found] = await reads.findRecords([waiting]);
      assert.equal(found!.state, 'sourcing');
      assert.equal(found!.reason, undefined);
      assert.deepEqual(await reads.contentsOf(found!.arrival), [{ digest: digestNamed('y'), missing: true }]);
    });
  });

  test('are processed in order of arrival, as many as wanted', async ({ store, reader }) => {
    await insert(store, newRecord('b', '1'), newRecord('a', '2'), newRecord('a', '3', { state: 'sourcing' }));
    await insert(store, newRecord('a', '4', { prev: recordIdOf('2') }));
    await reader.read(async (reads) => {
      assert.deepEqual(names(await reads.processing({ limit: 9, maxBytes: 1e6 })), ids('1', '2', '4'));
      assert.deepEqual(names(await reads.processing({ limit: 2, maxBytes: 1e6 })), ids('1', '2'));
      // The record that passes the size is the last; there is always one.
      const size = encodeUtf8('bytes of 1').length;
      assert.deepEqual(names(await reads.processing({ limit: 9, maxBytes: 1 })), ids('1'));
      assert.deepEqual(names(await reads.processing({ limit: 9, maxBytes: size + 1 })), ids('1', '2'));
      assert.deepEqual(names(await reads.processingOf(logIdOf('a'), 9)), ids('2', '4'));
      assert.deepEqual(names(await reads.processingOf(logIdOf('a'), 1)), ids('2'));
      // Each has ten bytes.
      assert.deepEqual(names(await reads.processingOf(logIdOf('a'), 9, 10)), ids('2'));
      assert.deepEqual(names(await reads.processingOf(logIdOf('a'), 9, 11)), ids('2', '4'));
    });
  });

  test('are found by the record that they follow, while they are processing', async ({ store, reader }) => {
    const prev = recordIdOf('0');
    const [first] = await insert(
      store,
      newRecord('a', '1'),
      newRecord('b', '2', { prev }),
      newRecord('c', '3', { prev, state: 'sourcing' }),
    );
    const places = [
      { logId: logIdOf('a'), prev: undefined },
      { logId: logIdOf('a'), prev },
      { logId: logIdOf('b'), prev },
      { logId: logIdOf('b'), prev: undefined },
      { logId: logIdOf('c'), prev },
    ];
    const expected = [recordIdOf('1'), undefined, recordIdOf('2'), undefined, undefined];
    assert.deepEqual(await reader.read((reads) => reads.processingOn(places)), expected);
    await change(store, { arrival: first!.arrival, state: 'published', registryIndex: 0, changedAt: 2 });
    assert.deepEqual(await reader.read((reads) => reads.processingOn(places.slice(0, 1))), [undefined]);
  });

  test('are read in any number once they are published', async ({ store, reader }) => {
    const records = Array.from({ length: 100 }, (_, i) => newRecord('a', `record ${i}`));
    await publish(store, ...records);
    const expected = records.map(({ recordId }) => recordId);
    const { logId } = newRecord('a', '');
    for (const limit of [1, 31, 32, 33, 64, 99, 100, 101]) {
      const query = { logId, from: 0, below: 1000, limit };
      const [page] = await reader.read((reads) => reads.published([query]));
      assert.deepEqual(names(page!), expected.slice(0, limit));
    }
    const behind = { logId, from: 40, below: 90, limit: 1000 };
    const [page] = await reader.read((reads) => reads.published([behind]));
    assert.deepEqual(names(page!), expected.slice(40, 90));
  });

  test('are read in order once they are published', async ({ store, reader }) => {
    await publish(store, newRecord('a', '0'), newRecord('b', '1'), newRecord('a', '2'), newRecord('a', '3'));
    await insert(store, newRecord('a', 'not yet'));
    await reader.read(async (reads) => {
      const logId = logIdOf('a');
      const pages = await reads.published([
        { logId, from: 0, below: 9, limit: 9 },
        { logId, from: 1, below: 3, limit: 9 },
        { logId, from: 0, below: 9, limit: 2 },
        { logId: logIdOf('b'), from: 0, below: 9, limit: 9 },
      ]);
      assert.deepEqual(pages.map(names), [ids('0', '2', '3'), ids('2'), ids('0', '2'), ids('1')]);
      assert.deepEqual(
        pages[0]!.map(({ registryIndex }) => registryIndex),
        [0, 2, 3],
      );
      assert.deepEqual({ ...pages[3]![0]!.envelope }, newRecord('b', '1').envelope);
      assert.deepEqual((await reads.published([{ logId, from: 0, below: 9, limit: 0 }])).map(names), [[]]);

      // Each has ten bytes. Nothing comes behind the record that makes them as many as wanted, nor does another page.
      const both = [
        { logId, from: 0, below: 9, limit: 9 },
        { logId: logIdOf('b'), from: 0, below: 9, limit: 9 },
      ];
      const within = async (maxBytes: number) => (await reads.published(both, maxBytes)).map(names);
      assert.deepEqual(await within(1), [ids('0')]);
      assert.deepEqual(await within(10), [ids('0')]);
      assert.deepEqual(await within(11), [ids('0', '2')]);
      assert.deepEqual(await within(30), [ids('0', '2', '3')]);
      assert.deepEqual(await within(31), [ids('0', '2', '3'), ids('1')]);
      assert.deepEqual(await within(1000), [ids('0', '2', '3'), ids('1')]);

      const leaves = await reads.leavesAt([3, 1, 4]);
      assert.deepEqual(
        leaves.map((leaf) => leaf && [leaf.logId, leaf.recordId]),
        [[logId, recordIdOf('3')], [logIdOf('b'), recordIdOf('1')], undefined],
      );
      const lengths = [0, 1, 2, 3, 4, 9];
      const last = await reads.lastIndexBelow(lengths.map((logLength) => ({ logId, logLength })));
      assert.deepEqual(last, [undefined, 0, 0, 2, 3, 3]);

      // Many at once, which a store may ask for in another way, in any order and some of them twice.
      const indices = [3, 9, 1, 0, 4, 3, 2, 1, 7, 0, 2, 2 ** 40];
      const oneByOne = await Promise.all(indices.map(async (index) => (await reads.leavesAt([index]))[0]));
      assert.deepEqual(await reads.leavesAt(indices), oneByOne);
      const questions = indices.flatMap((logLength) =>
        ['b', 'no such log', 'a'].map((name) => ({ logId: logIdOf(name), logLength })),
      );
      const answers = await Promise.all(
        questions.map(async (question) => (await reads.lastIndexBelow([question]))[0]),
      );
      assert.deepEqual(await reads.lastIndexBelow(questions), answers);

      const ledger = Buffer.from(await reads.ledger(1, 3)).toString('hex');
      const expected = [logIdOf('b'), recordIdOf('1'), logId, recordIdOf('2')];
      assert.equal(ledger, expected.map((id) => id.slice('sha256:'.length)).join(''));
      assert.equal((await reads.ledger(0, 100)).length, 4 * 64);
    });
  });

  test('cannot share a registry index', async ({ store }) => {
    const [first, second] = await insert(store, newRecord('a', '0'), newRecord('b', '1'));
    await change(store, { arrival: first!.arrival, state: 'published', registryIndex: 7, changedAt: 1 });
    await assert.rejects(
      change(store, { arrival: second!.arrival, state: 'published', registryIndex: 7, changedAt: 1 }),
    );
  });

  test('that wait for content are counted by log and address', async ({ store, reader }) => {
    const sourcing = (log: string, name: string, address: string) =>
      newRecord(log, name, { state: 'sourcing', address });
    const [first, , third] = await insert(
      store,
      sourcing('a', '1', 'x'),
      sourcing('a', '2', 'x'),
      sourcing('a', '3', 'y'),
      sourcing('b', '4', 'y'),
      newRecord('a', '5', { address: 'x' }),
    );
    await reader.read(async (reads) => {
      const shares = [...(await reads.sourcingOfLog(logIdOf('a')))];
      shares.sort((l, r) => l.address.localeCompare(r.address));
      assert.deepEqual(shares, [
        { address: 'x', count: 2, oldest: first!.arrival },
        { address: 'y', count: 1, oldest: third!.arrival },
      ]);
      assert.equal(await reads.sourcingOfAddress('x'), 2);
      assert.equal(await reads.sourcingOfAddress('y'), 2);
      assert.equal(await reads.sourcingOfAddress('z'), 0);
    });
  });

  test('lose what they lack content by content', async ({ store, reader }) => {
    const contents = ['x', 'y'].map((name) => ({ digest: digestNamed(name), missing: true }));
    const [first, second] = await insert(
      store,
      newRecord('a', '1', { state: 'sourcing', contents }),
      newRecord('b', '2', { state: 'sourcing', contents }),
    );
    const stored = [{ arrival: first!.arrival, digest: digestNamed('y') }];
    await store.transaction((transaction) => transaction.markContentStored(stored));
    await store.transaction((transaction) => transaction.markContentStored(stored));
    await reader.read(async (reads) => {
      const missing = async (arrival: number) =>
        (await reads.contentsOf(arrival)).map((need) => need.missing);
      assert.deepEqual(await missing(first!.arrival), [true, false]);
      assert.deepEqual(await missing(second!.arrival), [true, true]);
    });
  });

  test('expire when they have waited too long, and are forgotten later', async ({ store, reader }) => {
    const contents = [{ digest: digestNamed('x'), missing: true }];
    const at = (name: string, acceptedAt: number) =>
      newRecord('a', name, { state: 'sourcing', acceptedAt, contents });
    await insert(store, at('old', 100), at('young', 200), newRecord('b', 'processing', { acceptedAt: 50 }));
    const expire = (before: number, now: number) =>
      store.transaction((transaction) => transaction.expireSourcing(before, 'too late', now));
    assert.equal(await expire(100, 300), 0);
    assert.equal(await expire(101, 300), 1);
    const states = () =>
      reader.read(async (reads) => {
        const found = await reads.findRecords([at('old', 0), at('young', 0), newRecord('b', 'processing')]);
        return found.map((record) => record?.state);
      });
    assert.deepEqual(await states(), ['expired', 'sourcing', 'processing']);
    const forget = (before: number) => store.transaction((transaction) => transaction.forgetExpired(before));
    assert.equal(await forget(300), 0);
    assert.equal(await forget(301), 1);
    assert.deepEqual(await states(), [undefined, 'sourcing', 'processing']);
  });

  test('refer to their contents once they are published', async ({ store, reader }) => {
    const contents = [{ digest: digestNamed('x'), missing: false }];
    const [record] = await insert(store, newRecord('a', '1', { contents }));
    const isReferenced = () => reader.read((reads) => reads.isContentReferenced(digestNamed('x')));
    assert.equal(await isReferenced(), false);
    await change(store, { arrival: record!.arrival, state: 'published', registryIndex: 0, changedAt: 1 });
    assert.equal(await isReferenced(), true);
    assert.equal(await reader.read((reads) => reads.isContentReferenced(digestNamed('y'))), false);
  });
}
