import { StoreError } from '../errors.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Pool } from './pool.ts';
import type { Queries } from './queries.ts';

/** How many steps this program knows. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** `Warg` in ASCII: who brings a database to a new schema holds this lock. */
const MIGRATION_LOCK = 0x57617267;

/**
 * Brings the database to the schema that this program knows, in one transaction; an empty one gets all of it. Of several
 * processes that do this at once the others wait, and find that it is done.
 *
 * @param pool of one connection, which waits for ever
 * @throws StoreError `STORE_UNREADABLE` (not a registry's) | `STORE_TOO_NEW`
 */
export async function migrate(pool: Pool): Promise<void> {
  await beginMigration(pool);
  try {
    await takeSteps(pool, await readVersion(pool));
    await pool.exec('COMMIT');
  } catch (error) {
    await pool.exec('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Begins a transaction that may change the schema, when nobody else is in one. */
export async function beginMigration(pool: Pool): Promise<void> {
  await pool.exec(
    `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
     SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`,
  );
}

/** Brings a database of this version to the schema that this program knows. Belongs into {@link beginMigration}'s transaction. */
export async function takeSteps(pool: Pool, version: number): Promise<void> {
  if (version >= SCHEMA_VERSION) return;
  const steps = MIGRATIONS.slice(version);
  await pool.exec(`${steps.join('\n')} UPDATE warg_store SET schema_version = ${SCHEMA_VERSION}`);
}

/**
 * Refuses a database that this program cannot work with.
 *
 * @throws StoreError `STORE_UNREADABLE` | `STORE_TOO_NEW` | `STORE_OUTDATED`
 */
export async function checkSchema(pool: Pool): Promise<void> {
  requireSchema(await readVersion(pool), pool.name);
}

/** @throws StoreError `STORE_TOO_NEW` | `STORE_OUTDATED` if the version is not the one that this program knows */
export function requireSchema(version: number, name: string): void {
  if (version > SCHEMA_VERSION) throw tooNew(version, name);
  if (version === SCHEMA_VERSION) return;
  const found = version === 0 ? 'is empty' : `has schema ${version}`;
  throw new StoreError(
    'STORE_OUTDATED',
    `${name} ${found}, and this program needs schema ${SCHEMA_VERSION}: make a backup, stop older programs that use it, ` +
      'and start once with --database-run-migrations',
  );
}

/**
 * The schema's version; 0 for an empty database.
 *
 * @throws StoreError `STORE_UNREADABLE` (not a registry's) | `STORE_TOO_NEW` | `STORE_CORRUPT`
 */
export async function readVersion(queries: Queries & { readonly name: string }): Promise<number> {
  const [isOurs, tables, encoding] = (await queries.get<[boolean, number, string]>(
    `SELECT to_regclass('warg_store') IS NOT NULL,
            (SELECT count(*) FROM pg_catalog.pg_class
             WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')),
            current_setting('server_encoding')`,
  ))!;
  if (encoding !== 'UTF8') {
    throw new StoreError(
      'STORE_UNREADABLE',
      `${queries.name} has the encoding ${encoding}: a registry needs a database in UTF8`,
    );
  }
  if (!isOurs && tables > 0) {
    throw new StoreError(
      'STORE_UNREADABLE',
      `${queries.name} has tables, but they are not a registry's of this program; name an empty database`,
    );
  }
  if (!isOurs) return 0;
  const row = await queries.get<[number]>('SELECT schema_version FROM warg_store');
  if (row === undefined) {
    throw new StoreError('STORE_CORRUPT', `the table warg_store of ${queries.name} has lost its row`);
  }
  if (row[0] > SCHEMA_VERSION) throw tooNew(row[0], queries.name);
  return row[0];
}

function tooNew(version: number, name: string): StoreError {
  return new StoreError(
    'STORE_TOO_NEW',
    `${name} was written by a newer version of this program (schema ${version}, known up to ${SCHEMA_VERSION}); ` +
      'use that version',
  );
}
