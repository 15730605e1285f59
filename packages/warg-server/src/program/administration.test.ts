import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../test/postgres-server.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import { SCHEMA_VERSION } from '../store/sqlite/schema.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { administer, openAdministration } from './administration.ts';
import { run } from './run.ts';

let dataDir: string;
let file: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'warg-administration-'));
  file = join(dataDir, 'registry.db');
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const sqlite = () => ({ dataStore: 'sqlite' as const, dataDir });

/** Runs the program in this process. */
async function program(...args: readonly string[]) {
  const text = { out: '', err: '' };
  const code = await run(args, {
    env: {},
    version: '0',
    stdout: { write: (part: string) => (text.out += part) },
    stderr: { write: (part: string) => (text.err += part) },
    onSignal: () => {},
    onReload: () => {},
    exit: () => {},
  });
  return { code, ...text };
}

describe('the store beside a running server', () => {
  it('is used while the server has it open, and the server sees what was written', async () => {
    const server = openSqliteStore(file);
    const before = await server.revision();
    await administer(sqlite(), ({ store, actor }) => {
      expect(actor).toMatch(/^[^@]+@.+$/);
      return store.transaction((transaction) =>
        transaction.appendAudit({ actor, action: 'test.done', details: { a: 1 } }),
      );
    });
    expect(await server.revision()).not.toBe(before);
    const [entry] = await server.read((reads) => reads.audit({ since: 0, limit: 1 }));
    expect(entry).toMatchObject({ action: 'test.done', details: { a: 1 } });
    await server.close();
  });

  it('is not made where there is none', async () => {
    await expect(openAdministration(sqlite())).rejects.toThrow(/there is no registry in .*--data-dir/s);
    expect(readdirSync(dataDir)).toEqual([]);
    const elsewhere = { dataStore: 'sqlite' as const, dataDir: join(dataDir, 'none') };
    await expect(openAdministration(elsewhere)).rejects.toThrow(/there is no registry/);
    expect(existsSync(elsewhere.dataDir)).toBe(false);
  });

  it.each([
    ['older', SCHEMA_VERSION - 1, /start this version of the server on it first.*--data-dir/s],
    ['newer', SCHEMA_VERSION + 1, /newer version of this program.*--data-dir/s],
  ])('is left as it is if its schema is %s', async (_, version, message) => {
    await openSqliteStore(file).close();
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${version}`);
    await expect(openAdministration(sqlite())).rejects.toThrow(message);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: version });
    database.close();
  });

  it('is refused if it is something else', async () => {
    writeFileSync(file, 'this is a text of some length, long enough to be no SQLite header');
    await expect(openAdministration(sqlite())).rejects.toThrow(/cannot open/);
  });
});

describeWithPostgres('a PostgreSQL database beside a running server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it('is used as by another process, and never changed', async () => {
    const databaseUrl = await server.createDatabase();
    const options = { dataStore: 'postgres' as const, databaseUrl, dataDir };
    await expect(openAdministration(options)).rejects.toThrow(/is empty.*--database-url/s);
    const running = await openPostgresStore(databaseUrl, { runMigrations: true });
    const before = await running.revision();
    await administer(options, ({ store, actor }) =>
      store.transaction((transaction) =>
        transaction.appendAudit({ actor, action: 'test.done', details: {} }),
      ),
    );
    expect(await running.revision()).not.toBe(before);
    await running.close();
  });
});

describe('warg-server audit', () => {
  async function note(...entries: readonly { readonly time: number; readonly reason: string }[]) {
    const store = openSqliteStore(file);
    await store.transaction(async (transaction) => {
      for (const { time, reason } of entries) {
        await transaction.appendAudit({
          time,
          actor: 'ann@host',
          action: 'test.done',
          details: { reason, n: 1 },
        });
      }
    });
    await store.close();
  }

  it('says what was done, the newest last, and lets nothing speak to the terminal', async () => {
    await note(
      { time: 1000, reason: 'first' },
      { time: 2000, reason: 'second' },
      { time: 3000, reason: 'a "third"\n\u001b[31m\u009b1m' },
    );
    expect(await program('audit', '--data-dir', dataDir, '--limit', '2')).toEqual({
      code: 0,
      out:
        '1970-01-01T00:00:02.000Z  ann@host  test.done  reason=second  n=1\n' +
        '1970-01-01T00:00:03.000Z  ann@host  test.done  reason="a \\"third\\"\\n\\u001b[31m\\u009b1m"  n=1\n',
      err: '',
    });
    const since = await program('audit', '--data-dir', dataDir, '--since', '1970-01-01T00:00:02Z', '--json');
    expect(JSON.parse(since.out)).toMatchObject([
      {
        time: '1970-01-01T00:00:02.000Z',
        actor: 'ann@host',
        action: 'test.done',
        details: { reason: 'second' },
      },
      { details: { reason: 'a "third"\n\u001b[31m\u009b1m' } },
    ]);
    expect((await program('audit', '--data-dir', dataDir, '--since', '7d')).out).toBe('');
  });

  it.each([
    [['--since', 'yesterday'], /Expected a date/],
    [['--limit', '0'], /whole number above 0/],
    [['--data-store', 'memory'], /Allowed choices are sqlite, postgres/],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await program('audit', ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('wants its options behind it', async () => {
    const { code, err } = await program('--data-dir', dataDir, 'audit');
    expect(code).toBe(2);
    expect(err).toContain('--data-dir stands before the command');
    const key = await program('--operator-key', encodePrivateKey(generatePrivateKey()), 'key', 'new');
    expect(key).toMatchObject({ code: 2, out: '' });
  });
});
