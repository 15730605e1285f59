import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { fileAccessError, isNotFound, writeFileAtomically } from '../files/atomic-file.ts';
import type { Keyring, KeyringEntry } from './keyring.ts';

/** Only the owner may read a secret. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Far above any key or token. */
const LARGEST_SECRET = 64 * 1024;

/**
 * A keyring of unencrypted files, one a secret, in a folder that only its owner can enter: the reference's `flat-file`
 * backend, with its file names.
 *
 * @param directory the folder; made when the first secret is stored
 */
export function flatFileKeyring(directory: string): Keyring {
  const pathOf = (entry: KeyringEntry): string => join(directory, flatFileName(entry));
  const write = async (entry: KeyringEntry, secret: string, when: 'create' | 'replace'): Promise<boolean> => {
    await makePrivate(directory);
    return writeFileAtomically(pathOf(entry), secret, { mode: FILE_MODE, when });
  };
  return {
    backend: 'flat-file',
    describe: pathOf,
    get: async (entry) => readSecret(pathOf(entry)),
    create: async (entry, secret) => write(entry, secret, 'create'),
    replace: async (entry, secret) => {
      await write(entry, secret, 'replace');
    },
    delete: async (entry) => {
      try {
        await rm(pathOf(entry));
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw fileAccessError('remove', pathOf(entry), error);
      }
    },
  };
}

/**
 * The file name of a secret: its service and user as an HTML form would send them, which every file system can hold.
 *
 * @example
 * flatFileName({ service: 'warg-signing-key', user: 'default' })   // 'service=warg-signing-key&user=default'
 */
export function flatFileName(entry: KeyringEntry): string {
  return new URLSearchParams([
    ['service', entry.service],
    ['user', entry.user],
  ]).toString();
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_SECRET) throw new CliError('INVALID_KEY', `${path} is too large for a secret`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw fileAccessError('read', path, error);
  }
}

async function makePrivate(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    await chmod(directory, DIRECTORY_MODE);
  } catch (error) {
    throw fileAccessError('write', directory, error);
  }
}
