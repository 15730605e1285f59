import assert from 'node:assert/strict';
import type { NewAuditEntry } from '../rows.ts';
import type { StoreTest } from './store-suite.ts';

function entry(time: number, more: Partial<NewAuditEntry> = {}): NewAuditEntry {
  return { time, actor: 'root@host', action: 'test.done', details: { number: time }, ...more };
}

export function auditTests(test: StoreTest): void {
  test('keep what was done, in order and as it was told', async ({ store, reader }) => {
    const details = { text: 'näïve \u{1f980} " \' \\', list: [1, null, true, { inner: 'x' }], none: {} };
    await store.transaction(async (transaction) => {
      await transaction.appendAudit(entry(2000, { details }));
      // A clock may be turned back: the order is that of what was done.
      await transaction.appendAudit(entry(1000, { actor: 'ann@host', action: 'token.add' }));
    });
    const found = await reader.read((reads) => reads.audit({ since: 0, limit: 10 }));
    assert.equal(found.length, 2);
    const [newest, first] = found;
    assert.deepEqual(first, { id: first!.id, ...entry(2000, { details }) });
    assert.deepEqual(newest, { id: newest!.id, ...entry(1000, { actor: 'ann@host', action: 'token.add' }) });
    assert.ok(first!.id < newest!.id);
  });

  test('are read page by page, and from a time on', async ({ store }) => {
    await store.transaction(async (transaction) => {
      for (let time = 1; time <= 5; time++) await transaction.appendAudit(entry(time));
    });
    const read = (since: number, limit: number, before?: number) =>
      store.read((reads) => reads.audit({ before, since, limit }));
    const times = (entries: readonly { readonly time: number }[]) => entries.map(({ time }) => time);
    const first = await read(0, 2);
    assert.deepEqual(times(first), [5, 4]);
    assert.deepEqual(times(await read(0, 10, first[1]!.id)), [3, 2, 1]);
    assert.deepEqual(times(await read(4, 10)), [5, 4]);
    assert.deepEqual(await read(6, 10), []);
  });

  test('have the time of now where none is given', async ({ store }) => {
    const before = Date.now();
    await store.transaction((transaction) =>
      transaction.appendAudit({ actor: 'root@host', action: 'test.done', details: {} }),
    );
    const [found] = await store.read((reads) => reads.audit({ since: 0, limit: 1 }));
    assert.ok(found!.time >= before && found!.time <= Date.now());
  });

  test('are not kept if what they tell of was not', async ({ store }) => {
    const failing = store.transaction(async (transaction) => {
      await transaction.appendAudit(entry(1));
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.deepEqual(await store.read((reads) => reads.audit({ since: 0, limit: 1 })), []);
  });
}
