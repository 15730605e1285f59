import { hostname, userInfo } from 'node:os';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openSharedSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { openError } from './open-error.ts';
import type { AdministrationOptions } from './options/store-options.ts';
import { readDatabaseUrl, sqliteFile } from './store-location.ts';

/** The store of a registry, open beside the servers that may run on it: the door of every command of administration. */
export interface Administration {
  /** What is committed here is seen by running servers at their next look at `revision()`. */
  readonly store: RegistryStore;
  /** How messages call the store; without any password. */
  readonly name: string;
  /** The store's file, for SQLite. */
  readonly file: string | undefined;
  /** Who does what is done, for the audit log: `user@host`. */
  readonly actor: string;
}

/**
 * Opens the store of a registry, works on it, and closes it again. It is neither made nor brought to another schema: a store
 * that is not there, or that another version made, is refused.
 *
 * What changes something is to be noted with `appendAudit`, in the transaction that changes it.
 *
 * @throws ProgramError if the store cannot be used; and whatever `work` throws
 *
 * @example
 * await administer(options, ({ store, actor }) =>
 *   store.transaction((transaction) => transaction.appendAudit({ actor, action: 'token.add', details: { name } })),
 * );
 */
export async function administer<T>(
  options: AdministrationOptions,
  work: (administration: Administration) => Promise<T>,
): Promise<T> {
  const administration = await openAdministration(options);
  try {
    return await work(administration);
  } catch (error) {
    throw openError(error, optionOf(options));
  } finally {
    await administration.store.close();
  }
}

/**
 * Opens the store alone; whoever calls this closes it. {@link administer} does both.
 *
 * @throws ProgramError
 */
export async function openAdministration(options: AdministrationOptions): Promise<Administration> {
  const actor = actorHere();
  try {
    if (options.dataStore === 'sqlite') {
      const file = sqliteFile(options);
      return { store: openSharedSqliteStore(file), name: file, file, actor };
    }
    const { url, name } = await readDatabaseUrl(options);
    return { store: await openPostgresStore(url), name, file: undefined, actor };
  } catch (error) {
    throw openError(error, optionOf(options));
  }
}

function optionOf({ dataStore, databaseUrlFile }: AdministrationOptions): string {
  if (dataStore === 'sqlite') return '--data-dir';
  return databaseUrlFile === undefined ? '--database-url' : '--database-url-file';
}

/** Who runs this program: `user@host`. */
export function actorHere(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
