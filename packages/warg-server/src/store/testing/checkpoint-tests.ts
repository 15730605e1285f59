import assert from 'node:assert/strict';
import type { RegistryStore } from '../registry-store.ts';
import type { LogNote, StoredCheckpoint } from '../rows.ts';
import { checkpoint, digestNamed } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

const insert = (store: RegistryStore, previous: StoredCheckpoint | undefined, next: StoredCheckpoint) =>
  store.transaction((transaction) => transaction.insertCheckpoint(previous, next));

const replace = (store: RegistryStore, previous: StoredCheckpoint, next: StoredCheckpoint) =>
  store.transaction((transaction) => transaction.replaceCheckpoint(previous, next));

/** Checkpoints that differ from the given one in a single field each. */
const others = (of: StoredCheckpoint): StoredCheckpoint[] => [
  { ...of, sequence: of.sequence + 1 },
  { ...of, logLength: of.logLength + 1 },
  { ...of, logRoot: digestNamed('other') },
  { ...of, mapRoot: digestNamed('other') },
  { ...of, mapPage: of.mapPage + 1 },
  { ...of, timestamp: of.timestamp + 1 },
  { ...of, keyId: 'other' },
  { ...of, signature: 'other' },
];

export function checkpointTests(test: StoreTest): void {
  test('there is none at first', async ({ reader }) => {
    assert.equal(await reader.read((reads) => reads.latestCheckpoint()), undefined);
    assert.equal(await reader.read((reads) => reads.checkpointAt(0)), undefined);
  });

  test('come back whole, the newest and each by its length', async ({ store, reader }) => {
    const first = checkpoint(0, { logLength: 5 });
    const second = checkpoint(1, { logLength: 9 });
    assert.equal(await insert(store, undefined, first), true);
    assert.equal(await insert(store, first, second), true);
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.latestCheckpoint(), second);
      assert.deepEqual(await reads.checkpointAt(5), first);
      assert.deepEqual(await reads.checkpointAt(9), second);
      assert.equal(await reads.checkpointAt(6), undefined);
    });
  });

  test('are read in their order, from a number on', async ({ store, reader }) => {
    let previous: StoredCheckpoint | undefined;
    const all: StoredCheckpoint[] = [];
    for (let sequence = 0; sequence < 5; sequence++) {
      const next = checkpoint(sequence, { logLength: 10 + sequence });
      assert.equal(await insert(store, previous, next), true);
      all.push(next);
      previous = next;
    }
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.checkpoints(0, 100), all);
      assert.deepEqual(await reads.checkpoints(1, 2), all.slice(1, 3));
      assert.deepEqual(await reads.checkpoints(5, 2), []);
    });
  });

  test('are added only behind the newest, which must be the same in every field', async ({
    store,
    reader,
  }) => {
    const first = checkpoint(0);
    const second = checkpoint(1);
    assert.equal(await insert(store, checkpoint(7), first), false);
    assert.equal(await insert(store, undefined, first), true);
    assert.equal(await insert(store, undefined, second), false);
    for (const other of others(first)) assert.equal(await insert(store, other, second), false);
    assert.deepEqual(await reader.read((reads) => reads.latestCheckpoint()), first);
    assert.equal(await insert(store, first, second), true);
    assert.equal(await insert(store, first, checkpoint(2)), false);
  });

  test('are signed again in place', async ({ store, reader }) => {
    const first = checkpoint(0);
    const second = checkpoint(1);
    await insert(store, undefined, first);
    await insert(store, first, second);
    const again = { ...second, timestamp: second.timestamp + 60, signature: 'again' };
    for (const other of others(second)) assert.equal(await replace(store, other, again), false);
    assert.equal(await replace(store, first, { ...first, signature: 'again' }), false);
    assert.equal(await replace(store, second, again), true);
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.latestCheckpoint(), again);
      assert.deepEqual(await reads.checkpointAt(second.logLength), again);
      assert.deepEqual(await reads.checkpointAt(first.logLength), first);
    });
    // Whoever believes in the signature before is too late.
    assert.equal(await insert(store, second, checkpoint(2)), false);
    assert.equal(await insert(store, again, checkpoint(2)), true);
  });

  test('are found by their time', async ({ store, reader }) => {
    const times = [100, 200, 200, 300];
    const all = times.map((timestamp, sequence) => checkpoint(sequence, { timestamp }));
    for (const [i, each] of all.entries()) await insert(store, all[i - 1], each);
    const at = (time: number) => reader.read((reads) => reads.checkpointBefore(time));
    assert.equal(await at(99), undefined);
    assert.deepEqual(await at(100), all[0]);
    assert.deepEqual(await at(199), all[0]);
    assert.deepEqual(await at(200), all[2]);
    assert.deepEqual(await at(2 ** 40), all[3]);
    await replace(store, all[3]!, { ...all[3]!, timestamp: 400 });
    assert.deepEqual(await at(399), all[2]);
  });

  test('may have a note, which the next one takes the place of', async ({ store, reader }) => {
    const read = () => reader.read((reads) => reads.logNote());
    const save = (note: LogNote | undefined) =>
      store.transaction((transaction) => transaction.saveLogNote(note));
    assert.equal(await read(), undefined);
    await save({ logLength: 5, text: 'first\n5\n\n— näme AA==\n' });
    assert.deepEqual(await read(), { logLength: 5, text: 'first\n5\n\n— näme AA==\n' });
    await save({ logLength: 9, text: 'second' });
    assert.deepEqual(await read(), { logLength: 9, text: 'second' });
    await save(undefined);
    await save(undefined);
    assert.equal(await read(), undefined);
  });
}
