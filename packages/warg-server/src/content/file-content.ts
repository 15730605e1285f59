import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, encodeHex } from '@warg/crypto';
import { type ByteRange, ContentError, type ContentStore, takeVerified } from './content-store.ts';

const readChunkBytes = 128 * 1024;

/** The name under which a content is stored and served: a `:` is no good in a file name on Windows. */
export function contentFileName(digest: Digest): string {
  return digest.replace(':', '-');
}

/**
 * Keeps contents as files: `DIR/files/sha256-<hex>`, flat, which is also how the reference lays them out; and
 * `DIR/tmp`, where uploads grow until they are whole. Both are made, readable by their owner alone, if they are missing.
 *
 * A content is written to a temporary file, flushed to the disk, and renamed; the folder is flushed after that. So a file
 * under its final name is whole, whatever happened to the machine.
 *
 * @throws the file system's error if the folders cannot be made or written
 *
 * @example
 * const content = await fileContent('/var/lib/warg/content');
 */
export async function fileContent(dir: string): Promise<ContentStore> {
  const filesDir = join(dir, 'files');
  const temporaryDir = join(dir, 'tmp');
  await mkdir(filesDir, { recursive: true, mode: 0o700 });
  await mkdir(temporaryDir, { recursive: true, mode: 0o700 });
  await syncDirectory(dir);
  await removeLeftovers(temporaryDir);
  const pathOf = (digest: Digest): string => join(filesDir, contentFileName(digest));
  const closing = new AbortController();

  return {
    async size(digest: Digest): Promise<number | undefined> {
      try {
        const found = await stat(pathOf(digest));
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw error;
      }
    },

    async read(digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
      return streamFile(await open(pathOf(digest), 'r'), range);
    },

    async write(digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> {
      closing.signal.throwIfAborted();
      const temporary = join(temporaryDir, `${process.pid}-${encodeHex(randomBytes(12))}.part`);
      const file = await open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
      try {
        let size: number;
        try {
          size = await takeVerified(digest, body, maxBytes, async (chunk) => {
            closing.signal.throwIfAborted();
            await writeAll(file, chunk);
          });
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, pathOf(digest));
        await syncDirectory(filesDir);
        return size;
      } catch (error) {
        // After a rename that succeeded there is nothing to remove, and a content in place does no harm.
        await unlink(temporary).catch(() => {});
        throw hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT') || hasCode(error, 'EFBIG')
          ? new ContentError('CONTENT_STORE_FULL', 'the registry has no room left for this content', {
              cause: error,
            })
          : error;
      }
    },

    async close(): Promise<void> {
      closing.abort(new Error('the content store is closed'));
    },
  };
}

/** Reads `file` chunk by chunk as the reader asks for them, and closes it at the end. */
function streamFile(file: FileHandle, range: ByteRange | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = range?.start ?? 0;
  const end = range === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const buffer = new Uint8Array(Math.min(readChunkBytes, end - position));
          const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position);
          position += bytesRead;
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
          else if (range !== undefined) throw new Error(`a content ended before byte ${range.end}`);
          if (bytesRead === 0 || position >= end) {
            await file.close();
            controller.close();
          }
        } catch (error) {
          await file.close().catch(() => {});
          throw error;
        }
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  );
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset);
    offset += bytesWritten;
  }
}

/** Makes a rename inside `dir` durable. Windows cannot open a folder and does not need it. */
async function syncDirectory(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes the unfinished uploads of processes that are gone; one that still runs may be in the middle of its own. */
async function removeLeftovers(temporaryDir: string): Promise<void> {
  for (const name of await readdir(temporaryDir)) {
    const writer = /^([1-9]\d{0,9})-[0-9a-f]+\.part$/.exec(name)?.[1];
    if (writer !== undefined && !isAnotherLivingProcess(Number(writer))) {
      await unlink(join(temporaryDir, name)).catch(() => {});
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
