import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRegistry,
  postgresStore,
  type Registry,
  type RegistryOptions,
  sqliteStore,
} from '../src/create-registry.ts';
import { httpReader } from './http-reader.ts';
import { type Ends, listen } from './import-source.ts';
import { describeWithPostgres, startPostgres } from './postgres-server.ts';
import { type TestPackage, testPackage } from './publisher.ts';
import { callerOf, type RegistryCaller } from './registry-caller.ts';
import { verifyRegistry } from './verify-registry.ts';

let dir: string;
let key: PrivateKey;
let logged: string[];
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-restore-'));
  key = generatePrivateKey();
  logged = [];
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

const note = (fields: Record<string, unknown>, message: string) => {
  logged.push(`${message} ${JSON.stringify(fields)}`);
};
const log = { debug() {}, info: note, warn: note, error: note };

interface Running {
  readonly registry: Registry;
  readonly call: RegistryCaller;
  checkpoint(): Promise<SignedCheckpoint>;
  url(): Promise<string>;
  close(): Promise<void>;
}

async function start(
  store: NonNullable<RegistryOptions['store']>,
  options: Partial<RegistryOptions> = {},
): Promise<Running> {
  const registry = await createRegistry({
    operatorKey: key,
    namespaces: ['test'],
    resignInterval: 0,
    store,
    log,
    ...options,
  });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= registry.close());
  ends.push(close);
  const call = callerOf(registry.fetch);
  return {
    registry,
    call,
    checkpoint: async () => (await call.get('v1/fetch/checkpoint')).json<SignedCheckpoint>(),
    url: () => listen((request) => registry.fetch(request), ends),
    close,
  };
}

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (const giveUp = performance.now() + 60_000; !(await isTrue()); ) {
    if (performance.now() > giveUp) throw new Error(`it did not come: ${logged.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Answers as a registry does that must not sign. */
async function expectReadOnly({ call }: Running, pkg: TestPackage): Promise<void> {
  const refused = await call.publish(pkg.record([], { follow: false }));
  expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('is being restored') });
  expect(refused.headers.get('retry-after')).toBe('30');
}

/** A registry in two states: `older` has two records, `newer` four; the folder's head file knows of four. */
async function twoCopies() {
  const file = join(dir, 'registry.db');
  const pkg = testPackage('test:a');
  let running = await start(sqliteStore(file));
  await running.call.settle(pkg.init());
  const seen = [await running.checkpoint()];
  await running.close();
  copyFileSync(file, join(dir, 'older.db'));
  running = await start(sqliteStore(file));
  const lost = [
    pkg.record([{ type: 'grantFlat', key: publicKeyOf(key), permissions: ['yank'] }]),
    testPackage('test:b').init(),
  ];
  for (const record of lost) await running.call.settle(record);
  seen.push(await running.checkpoint());
  await running.close();
  copyFileSync(file, join(dir, 'newer.db'));
  const restore = (name: 'older' | 'newer') => {
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    copyFileSync(join(dir, `${name}.db`), file);
  };
  return { file, pkg, seen, lost, restore };
}

/** The registry as it would be now, at another place. */
async function startNewer(): Promise<string> {
  return (await start(sqliteStore(join(dir, 'newer.db')))).url();
}

describe('a registry that was restored from an older copy', () => {
  it('is read-only until it has what it signed, fetches that back, and goes on by itself', async () => {
    const { file, pkg, seen, lost, restore } = await twoCopies();
    restore('older');
    const held = await start(sqliteStore(file));
    expect((await held.checkpoint()).contents).toEqual(seen[0]!.contents);
    await expectReadOnly(held, pkg);
    const unknown = await held.call.get(`v1/package/${lost[0]!.logId}/record/${lost[0]!.recordId}`);
    expect(unknown.status).toBe(404);
    await held.close();

    const restored = await start(sqliteStore(file), { restore: { recoverFrom: await startNewer() } });
    await until(async () => (await restored.call.publish(lost[1]!)).status === 202);
    expect((await restored.checkpoint()).contents).toMatchObject({
      ...seen[1]!.contents,
      timestamp: expect.any(Number),
    });
    expect(await restored.call.settle(testPackage('test:c').init())).toMatchObject({ registryIndex: 4 });
    await verifyRegistry(httpReader(await restored.url()), { operatorKey: publicKeyOf(key), seen });
  });

  it('knows nothing of it where nobody says so', async () => {
    const { file, restore } = await twoCopies();
    restore('older');
    rmSync(`${file}.head`);
    const forking = await start(sqliteStore(file));
    expect(await forking.call.settle(testPackage('test:z').init())).toMatchObject({ registryIndex: 2 });
  });

  it('is told by a checkpoint that somebody kept, and does not forget it', async () => {
    const { file, pkg, seen, restore } = await twoCopies();
    restore('older');
    rmSync(`${file}.head`);
    const told = await start(sqliteStore(file), { restore: { afterCheckpoint: seen[1]! } });
    await expectReadOnly(told, pkg);
    await told.close();
    const again = await start(sqliteStore(file));
    await expectReadOnly(again, pkg);
    await again.close();

    restore('newer');
    const whole = await start(sqliteStore(file), { restore: { afterCheckpoint: seen[1]! } });
    expect(await whole.call.settle(testPackage('test:c').init())).toMatchObject({ registryIndex: 4 });
  });

  it('believes only a checkpoint that the operator signed', async () => {
    const { file, seen, restore } = await twoCopies();
    restore('older');
    const [older, newer] = seen as [SignedCheckpoint, SignedCheckpoint];
    const forged = [
      { ...newer, signature: older.signature },
      { ...newer, contents: { ...newer.contents, logLength: 9 } },
      { ...newer, keyId: older.contents.logRoot },
    ];
    for (const afterCheckpoint of forged) {
      await expect(start(sqliteStore(file), { restore: { afterCheckpoint } })).rejects.toMatchObject({
        code: 'CHECKPOINT_NOT_SIGNED',
      });
    }
  });

  it('waits for a registry that has what it lacks', async () => {
    const { file, pkg, seen, restore } = await twoCopies();
    restore('older');
    copyFileSync(join(dir, 'older.db'), join(dir, 'mirror.db'));
    const mirror = await start(sqliteStore(join(dir, 'mirror.db')));
    const newer = await startNewer();
    let answers = await mirror.url();
    const url = await listen(async (request) => {
      const { pathname } = new URL(request.url);
      const body = request.method === 'POST' ? await request.text() : null;
      return fetch(`${answers}${pathname}`, {
        method: request.method,
        headers: { 'content-type': 'application/json' },
        body,
      });
    }, ends);
    const held = await start(sqliteStore(file), { restore: { recoverFrom: url } });
    await until(() => logged.some((line) => line.includes('does not have everything either')));
    await expectReadOnly(held, pkg);
    answers = newer;
    await until(async () => (await held.checkpoint()).contents.logRoot === seen[1]!.contents.logRoot);
    await until(async () => (await held.call.publish(testPackage('test:c').init())).status === 202);
  });

  it('can be closed while it waits', async () => {
    const { file, restore } = await twoCopies();
    restore('older');
    const held = await start(sqliteStore(file), { restore: { recoverFrom: 'http://127.0.0.1:9' } });
    await held.close();
  });

  it('is filled before it serves, if there is nothing to serve', async () => {
    const { file, seen } = await twoCopies();
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    await expect(start(sqliteStore(file))).rejects.toMatchObject({
      code: 'STORE_ROLLED_BACK',
      message: expect.stringMatching(/4 records, as .*registry.db.head says, but its store is new/),
    });
    const filled = await start(sqliteStore(file), { restore: { recoverFrom: await startNewer() } });
    expect((await filled.checkpoint()).contents.logRoot).toBe(seen[1]!.contents.logRoot);
    expect(await filled.call.settle(testPackage('test:c').init())).toMatchObject({ registryIndex: 4 });
  });
});

describe('a mark of another history', () => {
  it('is refused for ever', async () => {
    const { file, pkg, restore } = await twoCopies();
    // The same operator began another registry, which is longer.
    const other = await start(sqliteStore(join(dir, 'other.db')));
    for (const name of ['test:x', 'test:y', 'test:z', 'test:w'])
      await other.call.settle(testPackage(name).init());
    const url = await other.url();
    restore('older');
    const held = await start(sqliteStore(file), { restore: { recoverFrom: url } });
    await until(() => logged.some((line) => line.includes('it cannot be recovered')));
    expect(logged.join('\n')).toContain('another history');
    await expectReadOnly(held, pkg);
    await held.close();

    restore('newer');
    const head = JSON.parse(readFileSync(`${file}.head`, 'utf8'));
    writeFileSync(`${file}.head`, JSON.stringify({ ...head, logRoot: head.mapRoot }));
    const refused = {
      code: 'STORE_ROLLED_BACK',
      message: expect.stringContaining('These are two histories'),
    };
    await expect(start(sqliteStore(file))).rejects.toMatchObject(refused);
    await expect(start(sqliteStore(file), { restore: { recoverFrom: url } })).rejects.toMatchObject(refused);
  });

  it('is noticed by what is fetched, before it is written', async () => {
    const { file, restore, seen } = await twoCopies();
    restore('older');
    const head = JSON.parse(readFileSync(`${file}.head`, 'utf8'));
    writeFileSync(`${file}.head`, JSON.stringify({ ...head, logRoot: head.mapRoot }));
    const held = await start(sqliteStore(file), { restore: { recoverFrom: await startNewer() } });
    await until(() => logged.some((line) => line.includes('it cannot be recovered')));
    expect(logged.join('\n')).toContain('two histories');
    expect((await held.checkpoint()).contents).toEqual(seen[0]!.contents);
  });
});

describeWithPostgres('a PostgreSQL database that was taken back', () => {
  it('is noticed by the file of the process, and at once by one that runs', async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.remove());
    const url = await postgres.createDatabase();
    const pkg = testPackage('test:a');
    const headFile = join(dir, 'registry.head');
    const first = await start(postgresStore(url, { runMigrations: true }), { restore: { headFile } });
    await first.call.settle(pkg.init());
    await first.close();
    const database = new URL(url).pathname.slice(1);
    await postgres.query(
      url.replace(`/${database}`, '/postgres'),
      `CREATE DATABASE older TEMPLATE ${database}`,
    );
    const older = url.replace(`/${database}`, '/older');

    let running = await start(postgresStore(url), { restore: { headFile } });
    await running.call.settle(testPackage('test:b').init());
    const newer = await running.checkpoint();
    expect(JSON.parse(readFileSync(headFile, 'utf8'))).toMatchObject({ logLength: 3 });
    const held = await start(postgresStore(older), { restore: { headFile } });
    await expectReadOnly(held, pkg);
    const restored = await start(postgresStore(older), {
      restore: { headFile, recoverFrom: await running.url() },
    });
    await until(async () => (await restored.call.publish(testPackage('test:c').init())).status === 202);
    expect((await restored.checkpoint()).contents.logLength).toBeGreaterThanOrEqual(newer.contents.logLength);
    // Another process on the same database notices.
    await until(async () => (await held.call.publish(testPackage('test:c2').init())).status === 202);
    for (const each of [held, restored, running]) await each.close();

    // And once more, behind the back of a process that runs.
    const failures: Error[] = [];
    running = await start(postgresStore(older), { onFailure: (error) => failures.push(error) });
    await running.call.settle(testPackage('test:d').init());
    const { logLength } = (await running.checkpoint()).contents;
    await postgres.query(
      older,
      `DELETE FROM checkpoint WHERE sequence = (SELECT max(sequence) FROM checkpoint)`,
    );
    await running.call.publish(testPackage('test:e').init());
    await until(() => failures.length > 0);
    expect(failures[0]).toMatchObject({ code: 'STORE_ROLLED_BACK' });
    const signed = await postgres.query(older, 'SELECT max(log_length) AS longest FROM checkpoint');
    expect(Number(signed[0]!['longest'])).toBe(logLength - 1);
  });

  it('is noticed by a process that only stood by when the newest was signed', async () => {
    const postgres = await startPostgres();
    ends.push(() => postgres.remove());
    const url = await postgres.createDatabase();
    const database = new URL(url).pathname.slice(1);
    const admin = url.replace(`/${database}`, '/postgres');
    const before = await start(postgresStore(url, { runMigrations: true }));
    await before.call.settle(testPackage('test:a').init());
    await before.close();
    await postgres.query(admin, `CREATE DATABASE older TEMPLATE ${database}`);

    const leading = await start(postgresStore(url));
    const failures: Error[] = [];
    const headFile = join(dir, 'standby.head');
    const standby = await start(postgresStore(url), {
      restore: { headFile },
      onFailure: (error) => failures.push(error),
    });
    await leading.call.settle(testPackage('test:b').init());
    expect((await standby.checkpoint()).contents.logLength).toBe(3);
    await until(() => JSON.parse(readFileSync(headFile, 'utf8')).logLength === 3);

    // As when a replica takes over that lagged behind: the standby has no chance to sequence before.
    await postgres.query(admin, `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
    await postgres.query(
      admin,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
    );
    await leading.close();
    await postgres.query(admin, `ALTER DATABASE ${database} RENAME TO lost`);
    await postgres.query(admin, `ALTER DATABASE older RENAME TO ${database}`);

    await until(async () => {
      const { status } = await standby.call.publish(testPackage('test:z').init());
      return status === 202 || failures.length > 0;
    });
    await until(() => failures.length > 0);
    expect(failures[0]).toMatchObject({ code: 'STORE_ROLLED_BACK' });
    const signed = await postgres.query(url, 'SELECT max(log_length) AS longest FROM checkpoint');
    expect(Number(signed[0]!['longest'])).toBe(2);
  });
});
