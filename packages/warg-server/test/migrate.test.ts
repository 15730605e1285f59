import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { digestFromBytes, digestOf, encodeUtf8, publicKeyOf } from '@warg/crypto';
import { encodeSignedCheckpoint, type SignedCheckpoint } from '@warg/protocol';
import { paths } from '@warg/protocol/api';
import { expect, it } from 'vitest';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { createRegistry, postgresStore, sqliteStore } from '../src/create-registry.ts';
import { MOVED_TABLES, UNMOVED } from '../src/migrate/tables.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { dumpPostgres, dumpSqlite, expectSame } from './dump-stores.ts';
import { waitingText } from './full-registry.ts';
import { httpReader } from './http-reader.ts';
import { databasePassword, describeWithPostgres } from './postgres-server.ts';
import { testPackage } from './publisher.ts';
import { type Body, callerOf } from './registry-caller.ts';
import {
  database,
  dir,
  file,
  full,
  inData,
  isMoved,
  migrate,
  move,
  newestIn,
  opens,
  operatorKey,
  original,
  proxied,
  serve,
  server,
  start,
  tablesIn,
  undo,
  url,
  useRegistryToMove,
} from './registry-to-move.ts';
import { freePort } from './server-process.ts';
import { verifyRegistry } from './verify-registry.ts';

describeWithPostgres('warg-server migrate', () => {
  useRegistryToMove();

  it('moves everything, and a server goes on where the other ended', async () => {
    const before = dumpSqlite(file());
    for (const [table, rows] of Object.entries(before))
      expect([table, rows.length > 0]).toEqual([table, true]);
    const { code, out, err } = await migrate(...database(), '--json');
    expect([code, err]).toEqual([0, '']);
    const after = await dumpPostgres(server, url);
    const audit = after['audit']!.pop()!;
    expect(audit).toContain('registry.migrate');
    expect(audit).not.toContain('p@ss');
    expectSame(after, before);
    const result = JSON.parse(out) as {
      to: string;
      checkpoint: SignedCheckpoint;
      rows: Record<string, number>;
    };
    expect(result.to).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+\/test\d+$/);
    expect(result.checkpoint).toEqual(JSON.parse(encodeSignedCheckpoint(full.seen.at(-1)!)));
    expect(result.rows).toEqual(
      Object.fromEntries(Object.entries(before).map(([name, rows]) => [name, rows.length])),
    );

    const contentDir = ['--content-dir', join(original, 'content')];
    const store = ['--data-store', 'postgres', ...database()];
    const keys = ['--log-key-file', join(dir, 'log.key')];
    const { call, url: at } = await serve(...store, ...contentDir, ...keys);
    // What waited goes on.
    const state = async ({ logId, recordId }: typeof full.waiting) =>
      (await call.get(paths.record(logId, recordId))).json<{ state: string }>().state;
    while ((await state(full.processing)) === 'processing');
    expect(await state(full.processing)).toBe('published');
    expect(await state(full.rejected)).toBe('rejected');
    expect(await state(full.waiting)).toBe('sourcing');
    const digest = digestOf(encodeUtf8(waitingText));
    expect((await call.upload(full.waiting, digest, waitingText as Body)).status).toBe(201);
    while ((await state(full.waiting)) === 'processing');
    expect(await state(full.waiting)).toBe('published');
    expect(await call.settle(full.main.record([{ type: 'yank', version: '3.0.0' } as never]))).toMatchObject({
      state: 'published',
    });
    expect(await call.settle(testPackage('test:new').init())).toMatchObject({ state: 'published' });
    const text = 'main 1.1.0';
    expect((await call.get(`content/${digestOf(encodeUtf8(text)).replace(':', '-')}`)).text).toBe(text);
    expect((await call.get('checkpoint')).status).toBe(200);
    const verified = await verifyRegistry(httpReader(at), {
      operatorKey: publicKeyOf(operatorKey),
      seen: full.seen,
    });
    expect(verified.leaves).toHaveLength(full.seen.at(-1)!.contents.logLength + 4);
    const fsck = await start('fsck', ...store, ...contentDir, ...keys, '--data-dir', inData()).ended;
    expect(fsck).toMatchObject({
      code: 0,
      out: expect.stringMatching(/note of the log: signed by its key\nnothing is wrong/),
    });
    // The numbers go on behind those that there were.
    const token = ['--read', '--all-namespaces', '--expires', '90d'];
    expect(await start('token', 'add', ...token, ...store, '--data-dir', inData()).ended).toMatchObject({
      code: 0,
    });
    expect(await server.query(url, 'SELECT max(number)::int AS n FROM access_token')).toEqual([{ n: 3 }]);
  });

  it('leaves the file to nobody, says where the registry went, and gives it back on purpose', async () => {
    const data = ['--data-dir', inData()];
    const key = ['--operator-key-file', join(dir, 'operator.key')];
    const done = await migrate(...database());
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toContain('the same as before');
    for (const args of [[...key, '--listen', '127.0.0.1:0'], ['token', 'list'], ['fsck']]) {
      const { code, err } = await start(...args, ...data).ended;
      expect([args, code]).toEqual([args, 1]);
      expect(err).toMatch(/^error: .* was moved to postgres:\/\/127\.0\.0\.1:\d+\/test\d+ .*--undo.*\n$/);
      expect(err).not.toContain(databasePassword);
      expect(err).not.toContain(encodeURIComponent(databasePassword));
    }
    // Once more is nothing more.
    expect(await migrate(...database())).toMatchObject({
      code: 0,
      out: expect.stringContaining('had the registry'),
    });
    const other = await migrate(...database(await server.createDatabase()));
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('was moved to') });
    expect(await migrate('--undo')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--database-lost'),
    });

    // A server signs there; it has to end before the file is taken back, and what it signed is not forgotten.
    const running = await serve('--data-store', 'postgres', ...database());
    expect(await running.call.settle(testPackage('test:new').init())).toMatchObject({ state: 'published' });
    expect(await migrate('--undo', ...database())).toMatchObject({
      code: 1,
      err: expect.stringContaining('stop all'),
    });
    running.signal('SIGTERM');
    await running.ended;
    const undone = await migrate('--undo', ...database());
    expect(undone).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('takes nothing before it has them'),
    });
    const again = await serve();
    const refused = await again.call.publish(testPackage('test:fork').init());
    expect([refused.status, again.output().includes('lacks records')]).toEqual([503, true]);
    await again.kill();
    expect(await migrate(...database())).toMatchObject({
      code: 1,
      err: expect.stringContaining('has signed a log of'),
    });
    const log = await start('audit', '--json', ...data).ended;
    expect(log.out).toContain('registry.migrate.undo');
  });

  it('refuses what is not an empty database, and changes nothing', async () => {
    const before = dumpSqlite(file());
    const refuse = async (text: string, err: RegExp, code = 1) => {
      const refused = await migrate(...database(text));
      expect(refused).toMatchObject({ code, out: '', err: expect.stringMatching(err) });
      expect(refused.err).not.toContain(encodeURIComponent(databasePassword));
      expect(refused.err.split('\n')).toHaveLength(2);
    };
    await server.query(url, 'CREATE TABLE other (a int)');
    await refuse(url, /has tables, but they are not a registry's/);
    const used = await server.createDatabase();
    await (
      await createRegistry({ operatorKey, store: postgresStore(used, { runMigrations: true }) })
    ).close();
    const newest = await newestIn(used);
    await refuse(
      used,
      /to be empty, found rows in its table record: name an empty database. Nothing was changed/,
    );
    expect(await newestIn(used)).toEqual(newest);
    const newer = await server.createDatabase();
    await (await openPostgresStore(newer, { runMigrations: true })).close();
    await server.query(newer, 'UPDATE warg_store SET schema_version = 1000');
    await refuse(newer, /newer version/);
    await server.query(newer, 'UPDATE warg_store SET schema_version = 1');
    await refuse(newer, /has schema 1/);
    await refuse(await server.createDatabase(`ENCODING 'LATIN1' TEMPLATE template0`), /UTF8/);
    await refuse(url.replace(/:\d+\//, `:${await freePort()}/`), /cannot reach .*ECONNREFUSED/);
    await refuse(url.replace('p%40ss', 'wrong'), /password authentication failed/);
    await refuse('mysql://a:b@c/d', /holds no URL/, 2);
    expect(await migrate()).toMatchObject({
      code: 2,
      err: expect.stringContaining('the move needs the URL'),
    });
    expectSame(dumpSqlite(file()), before);
    await opens();
    // Tables with nothing in them are as good as none.
    await server.query(newer, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await (await openPostgresStore(newer, { runMigrations: true })).close();
    expect(await migrate(...database(newer))).toMatchObject({ code: 0 });
  });

  it('refuses a file that a server has open, that is not there, that is new, or that lacks what was signed', async () => {
    const open = openSqliteStore(file());
    await expect(move(url)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await open.close();
    await expect(move(url, { file: inData('none.db') })).rejects.toMatchObject({ code: 'STORE_MISSING' });
    expect(existsSync(inData('none.db'))).toBe(false);
    await openSqliteStore(inData('new.db')).close();
    await expect(move(url, { file: inData('new.db') })).rejects.toMatchObject({
      code: 'MIGRATE_NOTHING_THERE',
    });
    await expect(undo(url)).rejects.toMatchObject({ code: 'MIGRATE_NOT_MOVED' });
    const mark = JSON.parse(readFileSync(inData('registry.db.head'), 'utf8'));
    for (const name of ['registry.db.head', 'registry.head']) {
      writeFileSync(inData(name), JSON.stringify({ ...mark, logLength: mark.logLength + 1 }));
      await expect(move(url)).rejects.toMatchObject({ code: 'STORE_ROLLED_BACK' });
      writeFileSync(inData(name), JSON.stringify(mark));
    }
    expect(await tablesIn(url)).toBe(0);
    await opens();
    await move(url);
  });

  it.each([false, true])(
    'is killed while the database commits (it does: %s), and finds out',
    async (arrives) => {
      const proxy = await proxied();
      const started = start('migrate', '--data-dir', inData(), ...database(proxy.url));
      proxy.strike({
        arrives,
        onStrike: async () => {
          started.child.kill('SIGKILL');
          await started.ended;
        },
      });
      expect(await started.ended).toMatchObject({ code: 'SIGKILL' });
      expect(opens).toThrow(/was broken off in the moment in which it was completed/);
      // Another database is not the answer.
      const other = await migrate(...database(await server.createDatabase()));
      expect(other).toMatchObject({ code: 1, err: expect.stringContaining('may have the registry') });
      // No server begins another registry in its place.
      if (!arrives) {
        const begin = ['--operator-key-file', join(dir, 'operator.key'), '--database-run-migrations'];
        const store = ['--data-store', 'postgres', ...database(), '--data-dir', inData()];
        const begun = await start(...begin, ...store, '--listen', '127.0.0.1:0').ended;
        expect(begun).toMatchObject({ code: 1, err: expect.stringContaining('has signed a log of') });
      }
      const again = await migrate(...database(proxy.url), '--json');
      expect(again.code).toBe(0);
      expect(JSON.parse(again.out).rows === null).toBe(arrives);
      expect(opens).toThrow(/goes on there/);
      expect((await newestIn(url))!.signature).toBe(full.seen.at(-1)!.signature);
    },
  );

  it('moves numbers of 64 bits, and refuses a column that holds something else', async () => {
    const change = (sql: string) => {
      const db = new DatabaseSync(file());
      db.exec(sql);
      db.close();
    };
    change(`UPDATE log_release SET seconds = 9223372036854775807, yanked_seconds = -9223372036854775808`);
    change(`UPDATE audit SET details = X'00' WHERE id = 1`);
    await expect(move(url)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('column details of the table audit'),
    });
    expect(await tablesIn(url)).toBe(0);
    await opens();
    change(`UPDATE audit SET details = '{}' WHERE id = 1`);
    const before = dumpSqlite(file());
    await move(url);
    const after = await dumpPostgres(server, url);
    after['audit']!.pop();
    expectSame(after, before);
  });

  it('moves versions and namespaces that are longer than an index holds', async () => {
    const noise = Array.from({ length: 100 }, (_, i) => digestOf(encodeUtf8(`${i}`)).slice(7)).join('');
    const db = new DatabaseSync(file());
    db.exec(
      `UPDATE log_release SET version = '1.0.0-${noise}'
       WHERE (log_id, version) = (SELECT log_id, version FROM log_release LIMIT 1)`,
    );
    db.exec(`INSERT INTO log_namespace (namespace, registry) VALUES ('${noise}', 'far.example')`);
    const [logId] = db.prepare('SELECT log_id FROM log_release WHERE length(version) > 1000').all();
    db.close();
    await move(url);
    const id = digestFromBytes(logId!['log_id'] as Uint8Array);
    const store = await openPostgresStore(url);
    await store.read(async (reads) => {
      const [part] = await reads.logParts([
        { logId: id as never, keyIds: [], versions: [`1.0.0-${noise}`], namespaces: [noise] },
      ]);
      expect(part!.releases.map(({ version }) => version)).toEqual([`1.0.0-${noise}`]);
      expect(part!.namespaces).toEqual([{ namespace: noise, registry: 'far.example' }]);
    });
    await store.close();
  });

  it('knows every table and column of both stores', async () => {
    const db = new DatabaseSync(file(), { readOnly: true });
    const sqlite = db
      .prepare(
        `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table'`,
      )
      .all() as { table: string; column: string }[];
    db.close();
    const inSqlite = sqlite.filter(({ table }) => !(UNMOVED.sqlite as readonly string[]).includes(table));
    const columnsFrom = MOVED_TABLES.flatMap(({ from, columns }) =>
      columns.map(({ name, from: source = name }) => `${from}.${/^\w+/.exec(source)![0]}`),
    );
    expect([...new Set(columnsFrom)].sort()).toEqual(
      inSqlite.map(({ table, column }) => `${table}.${column}`).sort(),
    );

    await (await openPostgresStore(url, { runMigrations: true })).close();
    const postgres = (await server.query(
      url,
      `SELECT table_name AS "table", column_name AS "column", data_type AS type, is_identity AS identity
       FROM information_schema.columns WHERE table_schema = 'public'`,
    )) as { table: string; column: string; type: string; identity: string }[];
    const inPostgres = postgres.filter(
      ({ table }) => !(UNMOVED.postgres as readonly string[]).includes(table),
    );
    expect(
      MOVED_TABLES.flatMap(({ name, identity, columns }) =>
        columns.map((column) =>
          [name, column.name, column.type, column.name === identity ? 'YES' : 'NO'].join(' '),
        ),
      ).sort(),
    ).toEqual(inPostgres.map((row) => [row.table, row.column, row.type, row.identity].join(' ')).sort());
  });

  it('gives the file back where the database is gone, or never got the registry', async () => {
    await move(url);
    await server.query(url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await expect(move(url)).rejects.toMatchObject(isMoved);
    await expect(undo(await server.createDatabase())).rejects.toMatchObject({
      code: 'MIGRATE_MOVED_ELSEWHERE',
    });
    expect(await undo(url)).toMatchObject({ signed: undefined });
    const registry = await createRegistry({
      operatorKey,
      store: sqliteStore(file()),
      content: memoryContentStore(),
    });
    expect(await callerOf(registry.fetch).settle(testPackage('test:x').init())).toMatchObject({
      state: 'published',
    });
    await registry.close();
    await move(await server.createDatabase());
    expect(await undo(undefined)).toMatchObject({ signed: undefined });
    await opens();
  });
});
