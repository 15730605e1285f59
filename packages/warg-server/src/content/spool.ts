import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat, unlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, encodeHex } from '@warg/crypto';
import { ContentError, takeVerified } from './content-store.ts';

/** A content that lies whole in a temporary file and has the digest that was promised. */
export interface SpooledFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
}

/** A folder in which uploads grow until they are whole, so that no store ever sees one that is not. */
export interface Spool {
  /**
   * Writes `body` into a file of its own and, once size and digest are right, hands it to `use`. The file is removed
   * after that, unless `use` has moved it away. For one digest, one `use` runs at a time.
   *
   * @throws ContentError; or what `body` or `use` throws
   */
  take<T>(
    digest: Digest,
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
    use: (file: SpooledFile) => Promise<T>,
  ): Promise<T>;

  /** Aborted when the spool is closed. */
  readonly closed: AbortSignal;

  /** Fails the writes that still run. */
  close(): Promise<void>;
}

/** After this time without a change a file is of nobody who still lives, ms. */
const ABANDONED = 3_600_000;
/** How often one's own files are marked as in use, and those that are of nobody removed, ms: much shorter than that. */
const INTERVAL = 10 * 60_000;

/** How a spool names its files, and how earlier versions did. */
const PART = /^(?:[1-9]\d{0,9}-)?[0-9a-f]+\.part$/;

/**
 * Opens a spool. Several processes may have the same folder open, in containers or on machines that know nothing of each other's
 * processes: so what is left over is known by its age alone. What is written is marked as in use every ten minutes, and what nobody
 * has touched for an hour is removed, at the start and then every ten minutes.
 *
 * @param dir made, readable by its owner alone, if it is missing. Default: a new temporary folder, gone at the end
 * @param options.interval in place of ten minutes, ms; for tests
 */
export async function openSpool(
  dir?: string,
  { interval = INTERVAL }: { readonly interval?: number } = {},
): Promise<Spool> {
  const spoolDir = dir ?? (await mkdtemp(join(tmpdir(), 'warg-server-')));
  if (dir !== undefined) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await removeAbandoned(dir);
  }
  const own = new Set<string>();
  const timer = setInterval(() => {
    const now = new Date();
    // What fails here has been moved away or ended meanwhile.
    for (const path of own) utimes(path, now, now).catch(nothing);
    if (dir !== undefined) removeAbandoned(dir).catch(nothing);
  }, interval);
  timer.unref();
  const closing = new AbortController();
  /** The end of the last `use` of each digest that has one. */
  const turns = new Map<Digest, Promise<void>>();
  return {
    closed: closing.signal,

    async take(digest, body, maxBytes, use) {
      closing.signal.throwIfAborted();
      const path = join(spoolDir, `${encodeHex(randomBytes(16))}.part`);
      own.add(path);
      try {
        const size = await fill(path, digest, body, maxBytes, closing.signal);
        const turn = (turns.get(digest) ?? Promise.resolve()).then(() => use({ path, size }));
        const end = turn.then(nothing, nothing).then(() => {
          if (turns.get(digest) === end) turns.delete(digest);
        });
        turns.set(digest, end);
        return await turn;
      } catch (error) {
        throw hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT') || hasCode(error, 'EFBIG')
          ? new ContentError('CONTENT_STORE_FULL', 'the registry has no room left for this content', {
              cause: error,
            })
          : error;
      } finally {
        own.delete(path);
        await unlink(path).catch(nothing);
      }
    },

    async close() {
      clearInterval(timer);
      closing.abort(new Error('the content store is closed'));
      if (dir === undefined) await rm(spoolDir, { recursive: true, force: true });
    },
  };
}

function nothing(): void {}

async function fill(
  path: string,
  digest: Digest,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  closed: AbortSignal,
): Promise<number> {
  const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  try {
    return await takeVerified(digest, body, maxBytes, async (chunk) => {
      closed.throwIfAborted();
      for (let offset = 0; offset < chunk.byteLength; ) {
        const { bytesWritten } = await file.write(chunk, offset, chunk.byteLength - offset);
        offset += bytesWritten;
      }
    });
  } finally {
    await file.close();
  }
}

/** Removes unfinished uploads that nobody goes on with. */
async function removeAbandoned(dir: string): Promise<void> {
  const before = Date.now() - ABANDONED;
  for (const name of await readdir(dir)) {
    if (!PART.test(name)) continue;
    const path = join(dir, name);
    // Another process may end or remove it at any moment.
    const found = await stat(path).catch(nothing);
    if (found !== undefined && found.mtimeMs < before) await unlink(path).catch(nothing);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
