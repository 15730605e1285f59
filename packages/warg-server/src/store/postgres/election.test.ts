import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts';
import type { Lease, RegistryStore } from '../registry-store.ts';
import { openPostgresStore } from './postgres-store.ts';

const LONG = 600_000;

describeWithPostgres('two processes on one PostgreSQL', () => {
  let server: PostgresServer;
  let a: RegistryStore;
  let b: RegistryStore;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    const url = await server.createDatabase();
    a = await openPostgresStore(url, { runMigrations: true });
    b = await openPostgresStore(url);
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  const take = async (store: RegistryStore, duration: number): Promise<Lease> => {
    for (;;) {
      const lease = await store.leases!.take(duration);
      if (lease !== undefined) return lease;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const holds = (store: RegistryStore, lease: Lease) =>
    store.transaction((transaction) => transaction.holdsLease(lease));

  it('gives the lease to one of them, who may renew it, until it is given back', async () => {
    const lease = await take(a, LONG);
    expect(await b.leases!.take(LONG)).toBeUndefined();
    expect(await a.leases!.renew(lease, LONG)).toBe(true);
    expect(await b.leases!.renew({ ...lease, term: lease.term + 1 }, LONG)).toBe(false);
    await a.leases!.release(lease);
    const next = await b.leases!.take(LONG);
    expect(next).toMatchObject({ term: lease.term + 1 });
    expect(await a.leases!.take(LONG)).toBeUndefined();
    // Given back twice, by somebody who does not have it any more.
    await a.leases!.release(lease);
    expect(await a.leases!.take(LONG)).toBeUndefined();
  });

  it('gives it to the other one when it ends, and the first one knows in its next transaction', async () => {
    const first = await take(a, 1);
    const second = await take(b, LONG);
    expect(second.term).toBe(first.term + 1);
    expect(await holds(a, first)).toBe(false);
    expect(await holds(b, second)).toBe(true);
    expect(await a.leases!.renew(first, LONG)).toBe(false);
  });

  it('leaves it to its holder until the transaction ends that asked for it', async () => {
    const lease = await take(a, 1);
    const order: string[] = [];
    let waiting: Promise<Lease> | undefined;
    await a.transaction(async (transaction) => {
      expect(await transaction.holdsLease(lease)).toBe(true);
      waiting = take(b, LONG).then((taken) => {
        order.push('taken');
        return taken;
      });
      // Long enough for it to be taken, if it could be.
      await new Promise((resolve) => setTimeout(resolve, 200));
      order.push('end of the transaction');
    });
    await waiting;
    expect(order).toEqual(['end of the transaction', 'taken']);
  });

  it('tells each of what the other one commits, after a restart of the database too', async () => {
    let told: () => void = () => {};
    let count = 0;
    const next = () =>
      new Promise<void>((resolve) => {
        told = resolve;
      });
    let waiting = next();
    const remove = b.onCommit!(() => {
      count += 1;
      told();
    });
    // It begins to listen, which counts as news.
    await waiting;
    waiting = next();
    await a.transaction(async () => {});
    await waiting;

    waiting = next();
    await server.restart('fast');
    await waiting;
    waiting = next();
    await a.transaction(async () => {});
    await waiting;

    // Its own commits are no news to it.
    const before = count;
    await b.transaction(async () => {});
    await b.transaction(async () => {});
    waiting = next();
    await a.transaction(async () => {});
    await waiting;
    expect(count).toBe(before + 1);
    remove();
  });
});
