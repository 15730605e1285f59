import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ContentDestination, ContentSink } from '../content/content.ts';
import { ClientError } from '../errors.ts';
import {
  attempt,
  codeOf,
  makeFolder,
  publishExclusively,
  removeFile,
  replaceFile,
  syncFolder,
  temporaryBeside,
} from './durable-files.ts';

/** How a download takes its name. */
export interface FileDestinationOptions {
  /** Whether it may take the name of what is there. True by default. */
  readonly replace?: boolean | undefined;
}

/**
 * A path as the destination of a download. The content is written beside it and takes its name only when it matched
 * its digest and is on the disk: the name of a link that is there, not of what that leads to.
 *
 * Without `replace` the download fails with `DESTINATION_EXISTS` where the name is taken, however late it was.
 */
export function fileDestination(
  path: string,
  { replace = true }: FileDestinationOptions = {},
): ContentDestination {
  return {
    open: () => fileSink(() => path, temporaryBeside(path), replace ? replaceFile : createFile),
    read: () => ({ open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) }),
  };
}

async function createFile(from: string, to: string): Promise<void> {
  if (await publishExclusively(from, to)) return;
  throw new ClientError(
    'DESTINATION_EXISTS',
    `expected nothing at ${to}, found that somebody else has put something there: it was left as it is`,
    { path: to },
  );
}

/** A sink whose file takes the name that `nameFor` tells once the digest is known. */
export async function fileSink(
  nameFor: (digest: string) => string,
  temporary: string,
  takeName: (from: string, to: string) => Promise<void> = replaceFile,
): Promise<ContentSink> {
  const file = await openWithFolder(temporary);
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await file.close();
  };
  return {
    async write(chunk) {
      await attempt(`write ${temporary}`, () => file.writeFile(chunk));
    },
    async commit(digest) {
      const path = nameFor(digest);
      await attempt(`write ${path}`, async () => {
        await file.sync();
        await close();
        await takeName(temporary, path);
        await syncFolder(dirname(path));
      });
      return path;
    },
    async abort() {
      await close().catch(() => {});
      await removeFile(temporary).catch(() => {});
    },
  };
}

/** Makes a file, and first its folder where that is missing. */
async function openWithFolder(path: string): Promise<FileHandle> {
  const create = () => open(path, 'wx', 0o644);
  return attempt(`write ${path}`, async () => {
    try {
      return await create();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    await makeFolder(dirname(path));
    return create();
  });
}
