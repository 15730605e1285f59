import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClientError } from '../errors.ts';

/** A name that nobody else uses, in the folder of `path`: what lies there is not whole yet. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 80)}.${randomBytes(6).toString('hex')}.part`);
}

/** Writes a file so that its bytes are on the disk when the promise resolves. Its name is not yet, see `syncFolder`. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

const smallPart = 1024 * 1024;

/** Reads a part of a file; undefined where the file ends before it. */
export async function readPart(path: string, offset: number, size: number): Promise<Uint8Array | undefined> {
  const file = await open(path, 'r');
  try {
    // Looked at first where it is large: a size that somebody made up must not take the memory.
    if (size > smallPart && (await file.stat()).size < offset + size) return undefined;
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, size - at, offset + at);
      if (bytesRead === 0) return undefined;
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder last. Windows has no such call and does it by itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } catch (error) {
    // Some file systems cannot sync a folder.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(codeOf(error))) throw error;
  } finally {
    await folder?.close();
  }
}

/** Renames over whatever is there. */
export async function replaceFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (process.platform !== 'win32' || !['EPERM', 'EACCES', 'EEXIST', 'EBUSY'].includes(codeOf(error)))
      throw error;
    await rm(to, { force: true });
    await rename(from, to);
  }
}

/** Removes a file if it is there. Node's `rm` can do more, and looks at the file and loads that first. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Gives a complete file its name, unless that name is taken: then the result is false. One winner at most. */
export async function publishExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') {
      // Over a network the answer to a link that was made may be lost; asked again, the server says that it is there.
      if (!(await isSameFile(from, to))) return false;
    } else {
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV', 'UNKNOWN'].includes(code)) throw error;
      // A file system without links: the lock that the caller holds keeps others away.
      if (await exists(to)) return false;
      await rename(from, to);
      return true;
    }
  }
  // It has its name, whatever becomes of the other one: who fails now would clean up what was published.
  await removeFile(from).catch(() => {});
  return true;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
  return one.ino !== 0n && one.ino === other.ino && one.dev === other.dev;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function makeFolder(path: string): Promise<void> {
  await attempt(`create the folder ${path}`, () => mkdir(path, { recursive: true, mode: 0o700 }));
}

/** Runs something that touches files; what the system says becomes our error. @throws ClientError `STORAGE_FAILED` */
export async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClientError || !isSystemError(error)) throw error;
    throw new ClientError(
      'STORAGE_FAILED',
      `could not ${what} (${error.message}): check the space left, and that the folder may be written`,
      {},
      { cause: error },
    );
  }
}

export function codeOf(error: unknown): string {
  return isSystemError(error) ? error.code : '';
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
