import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@warg/crypto';
import type { ContentCache } from '../content/content.ts';
import { attempt, codeOf, removeFile } from './durable-files.ts';
import { fileChunks } from './file-chunks.ts';
import { fileSink } from './file-destination.ts';

const aDay = 24 * 60 * 60 * 1000;

/** Content in files named by digest: `sha256-<hex>`, without the colon that Windows does not allow. */
export function fileCache(folder: string): ContentCache {
  const pathOf = (digest: string) => join(folder, digest.replace(':', '-'));
  return {
    async get(digest: Digest) {
      const path = pathOf(digest);
      const found = await stat(path).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (found?.isFile() !== true) return undefined;
      return { size: found.size, path, open: () => fileChunks(path, found.size) };
    },
    async open() {
      await sweep(folder);
      return fileSink(pathOf, join(folder, `.${randomBytes(8).toString('hex')}.part`));
    },
    async delete(digest) {
      await attempt(`remove content ${digest}`, () => removeFile(pathOf(digest)));
    },
    async clear() {
      let count = 0;
      let bytes = 0;
      for (const name of await names(folder)) {
        if (!isContent(name) && !isPart(name)) continue;
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        await attempt(`remove ${path}`, () => removeFile(path));
        if (!isContent(name)) continue;
        count++;
        bytes += found?.size ?? 0;
      }
      return { count, bytes };
    },
  };
}

/** Removes what a process that was killed left half-written, when it is surely nobody's any more. */
async function sweep(folder: string): Promise<void> {
  for (const name of await names(folder)) {
    if (!isPart(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > aDay) await removeFile(path).catch(() => {});
  }
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
}

function isContent(name: string): boolean {
  return /^sha256-[0-9a-f]{64}$/.test(name);
}

function isPart(name: string): boolean {
  return /^\.[0-9a-f]{16}\.part$/.test(name);
}
