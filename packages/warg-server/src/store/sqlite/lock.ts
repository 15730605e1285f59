import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { isBusy } from './connection.ts';

/** A lock that the operating system takes back when the process ends, however it ends. */
export interface FileLock {
  release(): void;
}

/**
 * Keeps other processes (and other registries in this one) from opening a store for writing.
 *
 * The lock is SQLite's own exclusive lock, on an empty file beside the store: it works the same on every platform, and a
 * process that was killed leaves a file but no lock. Locking the store's file that way would shut out our own readers.
 *
 * @throws StoreError `STORE_LOCKED` | `STORE_UNREADABLE`
 */
export function lockStore(file: string): FileLock {
  const lockFile = `${file}.lock`;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockFile, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new StoreError(
        'STORE_LOCKED',
        `${file} is in use by another warg-server; stop that one first or name another store`,
        { cause },
      );
    }
    throw new StoreError('STORE_UNREADABLE', `cannot lock ${lockFile}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
