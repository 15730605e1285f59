import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedCheckpoint } from '@warg/protocol';
import { encodeSignedCheckpoint } from '@warg/protocol';
import { digestOfFileName } from '../content/file-content.ts';
import { syncDirectory, syncFile } from '../content/sync.ts';
import { signedCheckpoint } from '../store/signed-checkpoint.ts';
import { copySqliteStore } from '../store/sqlite/copy-store.ts';
import { openSqliteReader } from '../store/sqlite/sqlite-store.ts';

export interface BackupOptions {
  /** The store's file. A server may have it open. */
  readonly file: string;
  /** The folder of the contents; undefined leaves them out. */
  readonly contentDir?: string | undefined;
  /** A folder that is not there yet. */
  readonly to: string;
  readonly version: string;
  /** ms since the epoch */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((contents: number) => void) | undefined;
}

export interface BackupSummary {
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly contents: number;
}

/**
 * Makes a folder with a copy of the store, the contents, and a `backup.json` that says what it is. It appears under its name
 * when it is whole and on the disk; before that it is called otherwise, and is removed if something fails.
 *
 * The store comes first: contents only grow, so all that it names are there. A content is linked where the file system can, because
 * its file never changes.
 */
export async function backUp(options: BackupOptions): Promise<BackupSummary> {
  const { file, contentDir, to, version, now } = options;
  const partial = `${to}.partial`;
  await mkdir(partial, { mode: 0o700 });
  try {
    const store = join(partial, 'registry.db');
    await copySqliteStore(file, store);
    await syncFile(store);
    const checkpoint = await newestIn(store);
    const contents =
      contentDir === undefined ? 0 : await copyContents(contentDir, join(partial, 'content'), options);
    const about = {
      time: new Date(now).toISOString(),
      program: version,
      checkpoint: checkpoint === undefined ? null : JSON.parse(encodeSignedCheckpoint(checkpoint)),
      contents: contentDir === undefined ? null : contents,
    };
    const description = join(partial, 'backup.json');
    await writeFile(description, `${JSON.stringify(about, undefined, 2)}\n`, { mode: 0o600 });
    await syncFile(description);
    await syncDirectory(partial);
    options.signal?.throwIfAborted();
    await rename(partial, to);
    return { checkpoint, contents };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function newestIn(file: string): Promise<SignedCheckpoint | undefined> {
  const store = openSqliteReader(file);
  try {
    const newest = await store.read((reads) => reads.latestCheckpoint());
    return newest && signedCheckpoint(newest);
  } finally {
    await store.close();
  }
}

async function copyContents(
  from: string,
  to: string,
  { signal, onProgress }: BackupOptions,
): Promise<number> {
  await mkdir(join(to, 'files'), { recursive: true, mode: 0o700 });
  let count = 0;
  for (const name of await readdir(join(from, 'files'))) {
    signal?.throwIfAborted();
    if (digestOfFileName(name) === undefined) continue;
    if (!(await copyContent(join(from, 'files', name), join(to, 'files', name)))) continue;
    count += 1;
    onProgress?.(count);
  }
  await syncDirectory(join(to, 'files'));
  return count;
}

/** @returns false if it is gone: what nobody names may be removed meanwhile */
async function copyContent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await syncFile(to);
  return true;
}
