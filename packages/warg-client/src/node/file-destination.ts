import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ContentDestination, ContentSink } from '../content/content.ts';
import { attempt, makeFolder, replaceFile, syncFolder, temporaryBeside } from './durable-files.ts';

/**
 * A path as the destination of a download. The content is written beside it and takes its name, over whatever
 * has it, only when it matched its digest and is on the disk.
 */
export function fileDestination(path: string): ContentDestination {
  return {
    open: () => fileSink(() => path),
    read: () => ({ open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) }),
  };
}

/** A sink whose file takes the name that `nameFor` tells once the digest is known. */
export async function fileSink(
  nameFor: (digest: string) => string,
  temporary: string = temporaryBeside(nameFor('')),
): Promise<ContentSink> {
  await makeFolder(dirname(temporary));
  const file = await attempt(`write ${temporary}`, () => open(temporary, 'wx', 0o644));
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
        await replaceFile(temporary, path);
        await syncFolder(dirname(path));
      });
      return path;
    },
    async abort() {
      await close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    },
  };
}
