import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openSharedSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { dumpPostgres, dumpSqlite, expectSame } from './dump-stores.ts';
import { describeWithPostgres } from './postgres-server.ts';
import {
  database,
  file,
  inData,
  isMoved,
  migrate,
  move,
  newestIn,
  opens,
  proxied,
  server,
  start,
  tablesIn,
  url,
  useRegistryToMove,
} from './registry-to-move.ts';

describeWithPostgres('warg-server migrate, broken off', () => {
  useRegistryToMove();

  it('lets no command of administration write behind its back', async () => {
    const shared = openSharedSqliteStore(file());
    const proxy = await proxied();
    let late: Promise<unknown> | undefined;
    proxy.strike({
      arrives: true,
      onStrike: () => {
        const entry = { actor: 'a', action: 'late', details: {} };
        late = shared.transaction((transaction) => transaction.appendAudit(entry));
        late.catch(() => {});
      },
    });
    await move(proxy.url);
    await expect(late).rejects.toMatchObject(isMoved);
    await shared.close();
  });

  it('changes nothing when it is interrupted, and is run again', async () => {
    const before = dumpSqlite(file());
    const proxy = await proxied();
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      let sent = 0;
      const started = start('migrate', '--data-dir', inData(), ...database(proxy.url));
      proxy.onSent = (bytes) => {
        sent += bytes;
        if (sent < 200_000) return true;
        return !started.child.kill(signal);
      };
      expect(await started.ended).toEqual({ code, out: '', err: 'error: broken off: nothing was changed\n' });
      expect(await tablesIn(url)).toBe(0);
    }
    proxy.onSent = undefined;
    expect(existsSync(inData('registry.head'))).toBe(false);
    await opens();
    expectSame(dumpSqlite(file()), before);
    expect(await migrate(...database(proxy.url))).toMatchObject({ code: 0 });
  });

  it('is killed in the middle, and begins anew', async () => {
    const before = dumpSqlite(file());
    const proxy = await proxied();
    for (const limit of [5_000, 100_000, 400_000]) {
      let sent = 0;
      const started = start('migrate', '--data-dir', inData(), ...database(proxy.url));
      proxy.onSent = (bytes) => {
        sent += bytes;
        if (sent < limit) return true;
        return !started.child.kill('SIGKILL');
      };
      expect(await started.ended).toMatchObject({ code: 'SIGKILL' });
      await opens();
    }
    proxy.onSent = undefined;
    expect(await migrate(...database(proxy.url))).toMatchObject({ code: 0 });
    const after = await dumpPostgres(server, url);
    expect(after['audit']!.pop()).toContain('registry.migrate');
    expectSame(after, before);
  });

  it('changes nothing when the database goes away in the middle', async () => {
    const before = dumpSqlite(file());
    const proxy = await proxied();
    let sent = 0;
    proxy.onSent = (bytes) => {
      sent += bytes;
      if (sent > 100_000) proxy.close();
      return sent <= 100_000;
    };
    await expect(move(proxy.url)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await opens();
    expectSame(dumpSqlite(file()), before);
    await move(url);
    expect(opens).toThrow(/goes on there/);
  });

  it('asks again when the answer to the commit is lost', async () => {
    const proxy = await proxied();
    proxy.strike({ arrives: false });
    await expect(move(proxy.url)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await opens();
    proxy.strike({ arrives: true });
    await move(proxy.url);
    expect(opens).toThrow(/goes on there/);
    expect(await newestIn(url)).toBeDefined();
  });

  it('keeps servers off both until it is known where the registry is', async () => {
    const proxy = await proxied();
    proxy.strike({ arrives: true, onStrike: () => proxy.close() });
    await expect(move(proxy.url)).rejects.toMatchObject({ code: 'MIGRATE_UNCERTAIN' });
    expect(opens).toThrow(expect.objectContaining(isMoved));
    // The same database under another name is known by the move that it has.
    expect(await move(url)).toMatchObject({ rows: undefined });
    expect(opens).toThrow(/goes on there/);
  });
});
