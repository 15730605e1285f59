import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, unlink } from 'node:fs/promises';
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

/**
 * Opens a spool, and removes what processes that are gone left in it.
 *
 * @param dir made, readable by its owner alone, if it is missing. Default: a new temporary folder, gone at the end
 */
export async function openSpool(dir?: string): Promise<Spool> {
  const spoolDir = dir ?? (await mkdtemp(join(tmpdir(), 'warg-server-')));
  if (dir !== undefined) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await removeLeftovers(dir);
  }
  const closing = new AbortController();
  /** The end of the last `use` of each digest that has one. */
  const turns = new Map<Digest, Promise<void>>();
  return {
    closed: closing.signal,

    async take(digest, body, maxBytes, use) {
      closing.signal.throwIfAborted();
      const path = join(spoolDir, `${process.pid}-${encodeHex(randomBytes(12))}.part`);
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
        await unlink(path).catch(() => {});
      }
    },

    async close() {
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

/** Removes the unfinished uploads of processes that are gone; one that still runs may be in the middle of its own. */
async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const writer = /^([1-9]\d{0,9})-[0-9a-f]+\.part$/.exec(name)?.[1];
    if (writer !== undefined && !isAnotherLivingProcess(Number(writer))) {
      await unlink(join(dir, name)).catch(() => {});
    }
  }
}

function isAnotherLivingProcess(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
