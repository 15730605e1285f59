import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '@warg/crypto';
import type { ByteRange, ContentStore, StoredContent } from './content-store.ts';
import { openSpool } from './spool.ts';
import { syncDirectory, syncFile } from './sync.ts';

const readChunkBytes = 128 * 1024;

/** The name under which a content is stored and served: a `:` is no good in a file name on Windows. */
export function contentFileName(digest: Digest): string {
  return digest.replace(':', '-');
}

/** The digest of a content that is stored under this name; undefined for any other name. */
export function digestOfFileName(name: string): Digest | undefined {
  const text = name.replace('-', ':');
  return isDigest(text) && contentFileName(text) === name ? text : undefined;
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
 * const content = await fileContentStore('/var/lib/warg/content');
 */
export async function fileContentStore(dir: string): Promise<ContentStore> {
  const filesDir = join(dir, 'files');
  await mkdir(filesDir, { recursive: true, mode: 0o700 });
  const spool = await openSpool(join(dir, 'tmp'));
  await syncDirectory(dir);
  const pathOf = (digest: Digest): string => join(filesDir, contentFileName(digest));

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

    write: (digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> =>
      spool.take(digest, body, maxBytes, async ({ path, size }) => {
        await syncFile(path);
        await rename(path, pathOf(digest));
        await syncDirectory(filesDir);
        return size;
      }),

    async *list(): AsyncGenerator<StoredContent> {
      for await (const { name } of await opendir(filesDir)) {
        const digest = digestOfFileName(name);
        const found = digest && (await stat(pathOf(digest)).catch(ignoreMissing));
        if (digest && found?.isFile()) yield { digest, size: found.size, storedAt: found.mtimeMs };
      }
    },

    async remove(digest: Digest): Promise<void> {
      await rm(pathOf(digest), { force: true });
    },

    close: () => spool.close(),
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

function ignoreMissing(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
