import { randomBytes } from 'node:crypto';
import { open, readFile, rename, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { ClientError } from '../errors.ts';
import { sleep } from '../http/abort.ts';
import { codeOf, makeFolder, removeFile } from './durable-files.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

const heartbeat = 10_000;
const staleAfter = 60_000;

/**
 * Runs `work` while the lock file is ours. A lock whose process is gone, or that showed no sign of life for a
 * minute, is taken over.
 *
 * Two processes may in the end both believe that they took over the same stale lock. That costs work, not
 * correctness: a commit succeeds for one of them at most.
 *
 * @throws ClientError `STORAGE_LOCKED`
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { readonly timeout: number; readonly signal: AbortSignal | undefined },
): Promise<T> {
  const token = randomBytes(12).toString('hex');
  await acquire(path, token, options);
  const beating = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => {});
  }, heartbeat);
  beating.unref();
  try {
    return await work();
  } finally {
    clearInterval(beating);
    const holder = await readHolder(path);
    if (holder?.token === token) await removeFile(path).catch(() => {});
  }
}

async function acquire(
  path: string,
  token: string,
  options: { readonly timeout: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const deadline = Date.now() + options.timeout;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    options.signal?.throwIfAborted();
    if (await create(path, token)) return;
    const holder = await readHolder(path);
    if (await isStale(path, holder)) {
      await takeAway(path);
      continue;
    }
    if (Date.now() >= deadline) {
      const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
      throw new ClientError(
        'STORAGE_LOCKED',
        `${who} is writing to the same storage for longer than ${options.timeout} ms: wait for it, or if it is not a warg process, remove ${path}`,
        { path },
      );
    }
    await sleep(pause, options.signal);
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname(), token } satisfies Holder));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    // Windows says EPERM or EACCES while a file of that name is being removed.
    if (codeOf(error) === 'EEXIST') return false;
    if (codeOf(error) === 'ENOENT') {
      // Whoever held the lock has reset the folder away.
      await makeFolder(dirname(path));
      return false;
    }
    if (process.platform === 'win32' && ['EPERM', 'EACCES'].includes(codeOf(error))) return false;
    throw new ClientError('STORAGE_FAILED', `could not create the lock ${path}`, { path }, { cause: error });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, token } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof token !== 'string') return undefined;
    return { pid, host, token };
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: Holder | undefined): Promise<boolean> {
  if (holder !== undefined && holder.host === hostname() && !isAlive(holder.pid)) return true;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  // A lock without a readable holder is one that is just being written, or one whose writer was killed.
  const patience = holder === undefined ? 5_000 : staleAfter;
  return Date.now() - found.mtimeMs > patience;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  await removeFile(aside).catch(() => {});
}
