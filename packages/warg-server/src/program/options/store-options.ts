import { type Command, Option } from 'commander';
import { defaultDataDir } from '../data-dir.ts';

/** Where records are kept. */
export interface StoreOptions extends DatabaseOptions {
  readonly dataStore: 'sqlite' | 'postgres' | 'memory';
  readonly databaseRunMigrations: boolean;
}

/** Where the records are of a registry that is there already. */
export interface AdministrationOptions extends DatabaseOptions {
  readonly dataStore: 'sqlite' | 'postgres';
}

/** Where records are written to. */
export interface FillOptions extends AdministrationOptions {
  readonly databaseRunMigrations: boolean;
}

/** Where SQLite and where PostgreSQL keep records. */
export interface DatabaseOptions {
  readonly databaseUrl?: string;
  readonly databaseUrlFile?: string;
  readonly dataDir: string;
}

/** Adds these options to a command that serves. */
export function addStoreOptions(command: Command): Command {
  command.addOption(
    new Option('--data-store <kind>', 'where records are kept; `memory` forgets them at exit')
      .env('WARG_DATA_STORE')
      .choices(['sqlite', 'postgres', 'memory'])
      .default('sqlite'),
  );
  return addMigrationOption(addDatabaseOptions(command));
}

/** Adds these options to a command that writes the records of a registry which is stopped, or new. */
export function addFillOptions(command: Command): Command {
  return addMigrationOption(addAdministrationOptions(command));
}

function addMigrationOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--database-run-migrations',
      'bring an empty or older PostgreSQL database to the schema of this program first',
    ).default(false),
  );
}

/** Adds these options to a command that works on the registry of a server. */
export function addAdministrationOptions(command: Command): Command {
  command.addOption(
    new Option('--data-store <kind>', 'where records are kept')
      .env('WARG_DATA_STORE')
      .choices(['sqlite', 'postgres'])
      .default('sqlite'),
  );
  return addDatabaseOptions(command);
}

/** Adds the options for both kinds of store, without the choice between them. */
export function addDatabaseOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--data-dir <dir>', 'folder of the database and, unless told otherwise, of the content')
        .env('WARG_DATA_DIR')
        .default(defaultDataDir(process.platform, process.env)),
    )
    .addOption(
      new Option('--database-url-file <file>', 'file with the URL of the PostgreSQL database').env(
        'WARG_DATABASE_URL_FILE',
      ),
    )
    .addOption(
      new Option(
        '--database-url <url>',
        'the URL itself; prefer the file or the environment, other users can see command lines',
      )
        .env('WARG_DATABASE_URL')
        .conflicts('databaseUrlFile'),
    );
}
