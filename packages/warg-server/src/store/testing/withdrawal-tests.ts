import assert from 'node:assert/strict';
import type { Digest } from '@warg/crypto';
import { digestNamed } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

export function withdrawalTests(test: StoreTest): void {
  const [a, b, c] = ['a', 'b', 'c'].map(digestNamed).sort() as [Digest, Digest, Digest];
  const withdrawn = (digest: Digest, reason = 'order 7', since = 1000) => ({ digest, reason, since });

  test('are known until they are taken back', async ({ store, reader }) => {
    const find = () => reader.read((reads) => reads.withdrawals([a, b]));
    assert.deepEqual(await find(), [undefined, undefined]);
    await store.transaction((transaction) =>
      transaction.withdrawContent(withdrawn(b, 'a "reason" \u{1f980}')),
    );
    assert.deepEqual(await find(), [undefined, withdrawn(b, 'a "reason" \u{1f980}')]);
    // A second time changes why.
    await store.transaction((transaction) => transaction.withdrawContent(withdrawn(b, 'order 8', 2000)));
    assert.deepEqual(await find(), [undefined, withdrawn(b, 'order 8', 2000)]);
    const restore = () => store.transaction((transaction) => transaction.restoreContent(b));
    assert.equal(await restore(), true);
    assert.equal(await restore(), false);
    assert.deepEqual(await find(), [undefined, undefined]);
  });

  test('are listed page by page', async ({ store, reader }) => {
    await store.transaction(async (transaction) => {
      for (const digest of [c, a, b]) await transaction.withdrawContent(withdrawn(digest));
    });
    const list = (limit: number, after?: string) =>
      reader.read((reads) => reads.listWithdrawals({ after, limit }));
    assert.deepEqual(await list(2), [withdrawn(a), withdrawn(b)]);
    assert.deepEqual(await list(2, b), [withdrawn(c)]);
    assert.deepEqual(await list(2, c), []);
  });
}
