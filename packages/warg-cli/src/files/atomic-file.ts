import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../errors.ts';

/** How a file is written. */
export interface WriteOptions {
  /** Permission bits of a new file; an existing one keeps its own. 0o666 minus the umask unless given. */
  readonly mode?: number;
  /** `create` refuses to touch a file that is there already, `replace` puts the new one in its place. */
  readonly when: 'create' | 'replace';
}

/**
 * Writes a whole file or nothing: the content goes to a neighbour first, which then takes the name in one step, so that
 * neither a crash nor a second `warg` ever leaves half a file. Missing folders are made. A symbolic link is followed.
 *
 * @returns false if `when` is `create` and the name was taken, whoever took it; then nothing has changed
 * @throws CliError `FILE_ACCESS`
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions,
): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const target = await realpath(path).catch(() => path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
    try {
      await writeDurably(temporary, content, options.mode ?? 0o666);
      if (options.when === 'create') {
        if (!(await takeName(temporary, target))) return false;
      } else {
        await keepMode(target, temporary, options.mode);
        await rename(temporary, target);
      }
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(dirname(target));
    return true;
  } catch (error) {
    throw fileAccessError('write', path, error);
  }
}

/** The error for a file or folder that could not be read, written or removed. */
export function fileAccessError(
  verb: 'read' | 'write' | 'remove',
  path: string,
  cause: unknown,
  hint?: string,
): CliError {
  if (cause instanceof CliError) return cause;
  const reason = describeFileError(cause);
  return new CliError('FILE_ACCESS', `cannot ${verb} ${path}: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Whether an error says that a file or folder is not there. */
export function isNotFound(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}

function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function describeFileError(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of the path is not a folder';
    case 'EEXIST':
      return 'something else is in its place';
    case 'ENOSPC':
      return 'no space is left';
    case 'EROFS':
      return 'the file system is read-only';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the file its final name unless that is taken; one of several processes wins. */
async function takeName(temporary: string, target: string): Promise<boolean> {
  try {
    await link(temporary, target);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (isNotFound(error)) throw error;
  }
  // File systems without hard links still copy exclusively.
  try {
    await copyFile(temporary, target, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function keepMode(target: string, temporary: string, mode: number | undefined): Promise<void> {
  if (mode !== undefined) return;
  const existing = await stat(target).catch(() => undefined);
  if (existing !== undefined) await chmod(temporary, existing.mode & 0o777);
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a folder, and some network file systems cannot sync one: the file itself is safe by then.
  const directory = await open(path, 'r').catch(() => undefined);
  if (directory === undefined) return;
  try {
    await directory.sync();
  } catch {
  } finally {
    await directory.close();
  }
}
