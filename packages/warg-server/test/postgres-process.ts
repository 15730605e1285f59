import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { findPostgres } from './postgres-programs.ts';
import { freePort } from './server-process.ts';

const PASSWORD = 'p@ss/w:rd';

/** A PostgreSQL of our own, on a port of its own. */
export interface PostgresServer {
  /** Of the process that starts all others. */
  readonly pid: number;
  /** Makes an empty database and returns its URL. */
  createDatabase(options?: string): Promise<string>;
  /** Ends it, as an administrator does or as a crash does, and starts it again. */
  restart(how: 'fast' | 'crash'): Promise<void>;
  stop(how?: 'fast' | 'crash'): Promise<void>;
  start(): Promise<void>;
  /** Ends it for good and removes its files. */
  remove(): Promise<void>;
  /** Runs SQL in a database. */
  query(url: string, sql: string): Promise<Record<string, unknown>[]>;
}

/** The password of every URL, as it is, for tests that look for it. */
export const databasePassword = PASSWORD;

export interface PostgresOptions {
  /** Whether a commit waits for the disk, as it does wherever it counts. Not if not given: a test's machine does not crash. */
  readonly durable?: boolean;
  /** Files of a certificate and its key, in PEM: then nobody gets in without TLS, and URLs say `sslmode=require`. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Starts one with initdb's defaults. */
export async function startPostgres({ durable = false, tls }: PostgresOptions = {}): Promise<PostgresServer> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('expected initdb and postgres, found none: install postgresql');
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'warg-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  if (owner.uid !== undefined)
    for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const settings = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(
    join(programs, 'initdb'),
    [`--pgdata=${data}`, '--username=warg', `--pwfile=${passwordFile}`, ...settings],
    { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );

  if (tls !== undefined) {
    // It wants both to be its own, and the key to be read by nobody else.
    for (const [name, file] of Object.entries({ 'server.crt': tls.certificate, 'server.key': tls.key })) {
      writeFileSync(join(data, name), readFileSync(file), { mode: 0o600 });
      if (owner.uid !== undefined) chownSync(join(data, name), owner.uid, owner.gid);
    }
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  }

  const port = await freePort();
  const urlOf = (database: string) =>
    `postgres://warg:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}${tls === undefined ? '' : '?sslmode=require'}`;
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let output = '';
  // What the tests forget to end ends with them.
  const kill = () => child?.kill('SIGKILL');
  process.on('exit', kill);

  const query = async (url: string, sql: string) => {
    const connection = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
    try {
      return (await connection.unsafe(sql)) as unknown as Record<string, unknown>[];
    } finally {
      // Without a limit the driver may wait for ever for the end of a connection that was refused.
      await connection.end({ timeout: 1 });
    }
  };
  const start = async () => {
    const options = ['-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
    if (!durable) options.push('-F');
    if (tls !== undefined) options.push('-c', 'ssl=on');
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...options], {
      ...owner,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = server;
    server.stderr.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
    });
    gone = new Promise((resolve) => server.once('exit', () => resolve()));
    const giveUp = performance.now() + 60_000;
    for (;;) {
      try {
        await query(urlOf('postgres'), 'SELECT 1');
        return;
      } catch (cause) {
        if (server.exitCode !== null || performance.now() > giveUp) {
          throw new Error(`PostgreSQL does not start:\n${output}`, { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const stop = async (how: 'fast' | 'crash' = 'fast') => {
    child?.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await gone;
  };
  let databases = 0;
  await start();
  return {
    get pid() {
      return child!.pid!;
    },
    query,
    start,
    stop,
    async restart(how) {
      await stop(how);
      await start();
    },
    async createDatabase(options = '') {
      const name = `test${++databases}`;
      await query(urlOf('postgres'), `CREATE DATABASE ${name} ${options}`);
      return urlOf(name);
    },
    async remove() {
      await stop('crash');
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package has made. */
function unprivileged(): { readonly uid?: number; readonly gid: number } | { readonly uid?: undefined } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith('postgres:'));
  if (line === undefined) throw new Error('expected a user called postgres, found none');
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
