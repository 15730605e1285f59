import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryStore, postgresStore, sqliteStore } from '../create-registry.ts';
import type { StoreLocation } from '../registry/core-options.ts';
import { parseDatabaseUrl } from '../store/postgres/database-url.ts';
import { prepareDir } from './data-dir.ts';
import type { AdministrationOptions, StoreOptions } from './options/store-options.ts';
import { ExitCode, ProgramError } from './program-error.ts';

/** Where records are kept, and how it is called. */
export interface NamedStore {
  readonly location: StoreLocation;
  /** For the log; without any password. */
  readonly name: string;
  /** The option to look at if it cannot be used. */
  readonly option: string;
}

/**
 * Finds out where records are kept.
 *
 * @throws ProgramError with exit code 2 if PostgreSQL is wanted and no URL of it is given; or when it cannot be read, without
 *   saying what was read
 */
export async function chooseStore(options: StoreOptions): Promise<NamedStore> {
  switch (options.dataStore) {
    case 'memory':
      return { location: memoryStore(), name: 'memory, gone at exit', option: '--data-store' };
    case 'postgres': {
      const { url, name, option } = await readDatabaseUrl(options);
      const runMigrations = options.databaseRunMigrations;
      return { location: postgresStore(url, { runMigrations }), name, option };
    }
    case 'sqlite': {
      await prepareDir(options.dataDir, '--data-dir');
      const file = sqliteFile(options);
      return { location: sqliteStore(file), name: file, option: '--data-dir' };
    }
  }
}

/** The file in the data folder. */
export function sqliteFile({ dataDir }: Pick<StoreOptions, 'dataDir'>): string {
  return join(dataDir, 'registry.db');
}

/**
 * Reads the URL of the database.
 *
 * @param wanted what needs it
 * @returns `url` with the password; `name` without; and the option that gave it
 * @throws ProgramError as {@link chooseStore} does
 */
export async function readDatabaseUrl(
  { databaseUrl, databaseUrlFile }: Pick<AdministrationOptions, 'databaseUrl' | 'databaseUrlFile'>,
  wanted = '--data-store postgres',
) {
  const option = databaseUrlFile === undefined ? '--database-url' : '--database-url-file';
  const text = databaseUrlFile === undefined ? databaseUrl : await readUrlFile(databaseUrlFile);
  if (text === undefined) {
    throw new ProgramError(
      `${wanted} needs the URL of a database: name a file that holds it with --database-url-file, ` +
        'or set WARG_DATABASE_URL',
      { exitCode: ExitCode.usage },
    );
  }
  const url = parseDatabaseUrl(text.trim());
  if (url === undefined) {
    throw new ProgramError(
      `${option} holds no URL of a PostgreSQL database: expected one such as postgres://user:password@host:5432/database`,
      { exitCode: ExitCode.usage },
    );
  }
  return { url: url.secret, name: url.name, option };
}

async function readUrlFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ProgramError(`cannot read the database URL file \`${path}\` (${reason})`, { cause: error });
  }
}
