import { type HeadMemory, headFile } from '../sequencer/head-file.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { actorHere } from './administration.ts';
import { openError } from './open-error.ts';
import type { FillOptions } from './options/store-options.ts';
import { headFileOf } from './restore.ts';
import { readDatabaseUrl, sqliteFile } from './store-location.ts';

/** A store that a command fills, as the only one that writes to it. */
export interface StoreToFill {
  readonly store: RegistryStore;
  /** Where is noted what was signed last. */
  readonly memory: HeadMemory;
  /** How messages call the store; without any password. */
  readonly name: string;
  /** The option to look at if it cannot be used. */
  readonly option: string;
  /** Who does what is done, for the audit log. */
  readonly actor: string;
}

/**
 * Opens the store of a registry that is stopped, or makes it.
 *
 * @throws ProgramError if it cannot be used; such as because a server has it open
 */
export async function openStoreToFill(options: FillOptions): Promise<StoreToFill> {
  const actor = actorHere();
  if (options.dataStore === 'sqlite') {
    const file = sqliteFile(options);
    const option = '--data-dir';
    try {
      return { store: openSqliteStore(file), memory: headFile(`${file}.head`), name: file, option, actor };
    } catch (error) {
      throw openError(error, option);
    }
  }
  const { url, name, option } = await readDatabaseUrl(options);
  try {
    const store = await openPostgresStore(url, { runMigrations: options.databaseRunMigrations });
    return { store, memory: headFile(headFileOf(options)), name, option, actor };
  } catch (error) {
    throw openError(error, option);
  }
}
