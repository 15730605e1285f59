import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { generateLogKey } from '../src/log-note/log-key.ts';
import { type MigrateOptions, migrateRegistry } from '../src/migrate/migrate-registry.ts';
import { undoMigration } from '../src/migrate/undo-migration.ts';
import { headFile } from '../src/sequencer/head-file.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { type CommitProxy, commitProxy } from './commit-proxy.ts';
import { type FullRegistry, fillEverything } from './full-registry.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { callerOf } from './registry-caller.ts';
import { freePort, PROGRAM, programEnvironment, startServer } from './server-process.ts';

// A registry in a data folder, with something in every table, and an empty database: new ones for each test.

export const operatorKey = generatePrivateKey();
const logKey = generateLogKey('registry.test/log');
export let server: PostgresServer;
export let original: string;
export let full: FullRegistry;
export let dir: string;
export let url: string;
const ends: (() => Promise<void> | void)[] = [];

export const inData = (name = '') => join(dir, 'data', name);
export const file = () => inData('registry.db');

/** Runs the program to its end, or until it is killed. */
export function start(...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], { env: programEnvironment({}) });
  const text = { out: '', err: '' };
  child.stdout!.on('data', (part) => {
    text.out += part;
  });
  child.stderr!.on('data', (part) => {
    text.err += part;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal!));
  }).then((code) => ({ code, ...text }));
  return { child, ended };
}

export const database = (text = url) => {
  writeFileSync(join(dir, 'url'), text);
  return ['--database-url-file', join(dir, 'url')];
};
export const migrate = (...more: readonly string[]) =>
  start('migrate', '--data-dir', inData(), ...more).ended;

export async function serve(...args: readonly string[]) {
  const common = ['--data-dir', inData(), '--operator-key-file', join(dir, 'operator.key')];
  const process = await startServer(await freePort(), [...common, '--namespace', 'test', ...args]);
  ends.push(() => process.kill());
  return {
    ...process,
    call: callerOf((request) => fetch(process.url + new URL(request.url).pathname, request)),
  };
}

const memories = () => ({
  file: headFile(inData('registry.db.head')),
  database: headFile(inData('registry.head')),
});
export const move = (text: string, more: Partial<MigrateOptions> = {}) =>
  migrateRegistry({ file: file(), url: text, memories: memories(), actor: 'a@b', now: Date.now(), ...more });
export const undo = (text: string | undefined) =>
  undoMigration({ file: file(), url: text, memories: memories(), actor: 'a@b', now: Date.now() });
export const newestIn = async (text: string) => {
  const store = await openPostgresStore(text);
  try {
    return await store.read((reads) => reads.latestCheckpoint());
  } finally {
    await store.close();
  }
};
export const tablesIn = async (text: string) =>
  (await server.query(text, `SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`))[0]!['n'];
/** A server, or a command of administration, would open the file. */
export const opens = () => openSqliteStore(file()).close();
export const isMoved = { code: 'STORE_MOVED' };

export const proxied = async (): Promise<CommitProxy> => {
  const proxy = await commitProxy(url);
  ends.push(() => proxy.close());
  return proxy;
};

/** Has them made for the tests of this group. */
export function useRegistryToMove(): void {
  beforeAll(async () => {
    server = await startPostgres();
    original = mkdtempSync(join(tmpdir(), 'warg-migrate-original-'));
    full = await fillEverything(
      join(original, 'registry.db'),
      join(original, 'content'),
      operatorKey,
      logKey,
    );
  });
  afterAll(async () => {
    await server.remove();
    rmSync(original, { recursive: true, force: true });
  });
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'warg-migrate-'));
    mkdirSync(inData());
    for (const name of ['registry.db', 'registry.db.head']) copyFileSync(join(original, name), inData(name));
    writeFileSync(join(dir, 'operator.key'), encodePrivateKey(operatorKey), { mode: 0o600 });
    writeFileSync(join(dir, 'log.key'), logKey.encode(), { mode: 0o600 });
    url = await server.createDatabase();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    rmSync(dir, { recursive: true, force: true });
  });
}
