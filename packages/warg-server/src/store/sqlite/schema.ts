import { StoreError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS } from './migrations.ts';

/** `Warg` in ASCII: says that an SQLite file is one of ours, whatever it is called. */
const APPLICATION_ID = 0x57617267;

/** How many steps this program knows. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a store file to the schema that this program knows, in one transaction; a new file gets all of it.
 *
 * @throws StoreError `STORE_UNREADABLE` (not a registry's store) | `STORE_TOO_NEW`
 */
export function migrate(connection: Connection): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const version = checkSchema(connection, { allowOlder: true });
    for (let step = version; step < SCHEMA_VERSION; step++) connection.exec(MIGRATIONS[step]!);
    if (version < SCHEMA_VERSION) {
      connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/** Reads the file's schema version and refuses what this program cannot work with. */
export function checkSchema(connection: Connection, { allowOlder }: { allowOlder: boolean }): number {
  const applicationId = connection.pragma('application_id');
  const version = connection.pragma('user_version');
  const tables = connection.get<[number]>('SELECT count(*) FROM sqlite_schema')![0];
  const isNew = applicationId === 0 && version === 0 && tables === 0;
  if (!isNew && applicationId !== APPLICATION_ID) {
    throw new StoreError(
      'STORE_UNREADABLE',
      `${connection.name} is an SQLite file, but not the store of a Warg registry; name another file`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'STORE_TOO_NEW',
      `${connection.name} was written by a newer version of this program (schema ${version}, known up to ` +
        `${SCHEMA_VERSION}); use that version`,
    );
  }
  if (version < SCHEMA_VERSION && !allowOlder) {
    throw new StoreError(
      'STORE_OUTDATED',
      `${connection.name} has schema ${version}, and this program needs ${SCHEMA_VERSION}: start this version of the ` +
        'server on it first',
    );
  }
  return version;
}
