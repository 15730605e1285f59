import { Command } from 'commander';
import { MigrateError } from '../../migrate/errors.ts';
import { type MigrateProgress, type MigrateResult, migrateRegistry } from '../../migrate/migrate-registry.ts';
import { type UndoResult, undoMigration } from '../../migrate/undo-migration.ts';
import { headFile } from '../../sequencer/head-file.ts';
import { signedCheckpoint } from '../../store/signed-checkpoint.ts';
import { actorHere } from '../administration.ts';
import type { ProgramHost } from '../host.ts';
import { openError } from '../open-error.ts';
import { addDatabaseOptions, type DatabaseOptions } from '../options/store-options.ts';
import { ExitCode, ProgramError } from '../program-error.ts';
import { headFileOf } from '../restore.ts';
import { readDatabaseUrl, sqliteFile } from '../store-location.ts';

interface MigrateCommandOptions extends DatabaseOptions {
  readonly undo: boolean;
  readonly databaseLost: boolean;
  readonly json: boolean;
}

/** `warg-server migrate`: moves a registry from SQLite into PostgreSQL. */
export function migrateCommand(host: ProgramHost): Command {
  const command = new Command('migrate').description(
    'move a registry from SQLite (--data-dir) into an empty PostgreSQL database; its server must be stopped',
  );
  addDatabaseOptions(command)
    .option('--undo', 'take the mark from the SQLite file again, so that a server opens it', false)
    .option(
      '--database-lost',
      'with --undo: the database that the registry was moved to is gone for good',
      false,
    )
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', howTo);
  return command.action((options: MigrateCommandOptions) =>
    options.undo ? runUndo(options, host) : runMigrate(options, host),
  );
}

const howTo = `
Everything that the registry has stored is moved: records in whatever state, log, map, every checkpoint, tokens, the audit log. The
newest checkpoint is the same afterwards, byte for byte, and clients notice nothing. Contents are not moved: start the server
with the same --content-store, or --content-dir (by default the folder \`content\` in the data folder).

The database gets its tables by itself. All of it happens in one transaction: broken off before its end, it leaves everything as it
was. Afterwards the SQLite file is marked, and no server opens it any more: two registries with one log would contradict each
other. --undo takes the mark away. It asks the database what has been signed there since, and a server on the file takes nothing
before it has that, too.

Example:

  createdb --encoding UTF8 registry
  warg-server migrate --data-dir /var/lib/warg-server --database-url-file database.url
  warg-server --data-store postgres --data-dir /var/lib/warg-server --database-url-file database.url \\
    --operator-key-file operator.key`;

async function runMigrate(options: MigrateCommandOptions, host: ProgramHost): Promise<void> {
  if (options.databaseLost)
    throw new ProgramError('--database-lost belongs to --undo', { exitCode: ExitCode.usage });
  const { url } = await readDatabaseUrl(options, 'the move');
  const { signal, end } = interruption(host);
  const progress = progressLine(host);
  try {
    const result = await migrateRegistry({
      ...common(options),
      url,
      signal,
      onProgress: (now) => progress.show(now),
    });
    progress.clear();
    host.stdout.write(options.json ? toJson(options, result) : toText(options, result));
  } catch (error) {
    progress.clear();
    if (signal.aborted && error === signal.reason) throw error;
    throw toProgramError(error);
  } finally {
    end();
  }
}

async function runUndo(options: MigrateCommandOptions, host: ProgramHost): Promise<void> {
  const isNamed = options.databaseUrl !== undefined || options.databaseUrlFile !== undefined;
  if (isNamed === options.databaseLost) {
    throw new ProgramError(
      isNamed
        ? '--database-lost says that the database is gone, and a URL of it is given: give one of both'
        : '--undo asks the database what has been signed there since: name it with --database-url-file; or say with ' +
            '--database-lost that it is gone for good',
      { exitCode: ExitCode.usage },
    );
  }
  const url = isNamed ? (await readDatabaseUrl(options)).url : undefined;
  try {
    const result = await undoMigration({ ...common(options), url });
    host.stdout.write(options.json ? undoneToJson(options, result) : undoneToText(options, result));
  } catch (error) {
    throw toProgramError(error);
  }
}

function common(options: MigrateCommandOptions) {
  const file = sqliteFile(options);
  const memories = { file: headFile(`${file}.head`), database: headFile(headFileOf(options)) };
  return { file, memories, actor: actorHere(), now: Date.now() };
}

function toProgramError(error: unknown): unknown {
  if (error instanceof MigrateError) return new ProgramError(error.message, { cause: error });
  return openError(error, '--data-dir, --database-url-file');
}

/** Aborted at the first signal to end; the second one ends the process at once. */
function interruption(host: ProgramHost): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  let ended = false;
  host.onSignal((signal) => {
    if (ended) return;
    const exitCode = signal === 'SIGINT' ? 130 : 143;
    if (controller.signal.aborted) host.exit(exitCode);
    controller.abort(new ProgramError('broken off: nothing was changed', { exitCode }));
  });
  return {
    signal: controller.signal,
    end: () => {
      ended = true;
    },
  };
}

/** One line on a terminal that says how far it is. */
function progressLine({ stderr }: ProgramHost) {
  let shownAt = 0;
  return {
    show({ done, total }: MigrateProgress): void {
      const now = performance.now();
      if (stderr.isTTY !== true || (now - shownAt < 100 && done !== total)) return;
      shownAt = now;
      stderr.write(`\r\u001b[K${done} of ${total} rows`);
    },
    clear(): void {
      if (stderr.isTTY === true && shownAt > 0) stderr.write('\r\u001b[K');
    },
  };
}

function toJson(options: MigrateCommandOptions, { target, checkpoint, rows }: MigrateResult): string {
  const from = sqliteFile(options);
  return `${JSON.stringify({ from, to: target, checkpoint: signedCheckpoint(checkpoint), rows: rows ?? null })}\n`;
}

function toText(options: MigrateCommandOptions, { target, checkpoint, rows = {} }: MigrateResult): string {
  const count = Object.values(rows).reduce((sum, each) => sum + each, 0);
  const file = sqliteFile(options);
  return [
    count > 0
      ? `moved ${checkpoint.logLength} records (${count} rows of all tables) from ${file} to ${target}`
      : `${target} had the registry of ${file} already: the move is complete`,
    `checkpoint  ${checkpoint.logRoot}, the same as before`,
    'contents    are where they were: start the server with the same --content-store or --content-dir',
    `${file} is marked: no server opens it any more`,
    '',
  ].join('\n');
}

function undoneToJson(options: MigrateCommandOptions, { target, checkpoint, signed }: UndoResult): string {
  const to = sqliteFile(options);
  return `${JSON.stringify({ from: target, to, checkpoint: signedCheckpoint(checkpoint), signed: signed ?? null })}\n`;
}

function undoneToText(options: MigrateCommandOptions, { target, checkpoint, signed }: UndoResult): string {
  const lines = [
    `the mark is off: a server can be started on ${sqliteFile(options)}, with ${checkpoint.logLength} records`,
    `never start one on ${target} again: remove that database`,
  ];
  if (signed !== undefined) {
    lines.push(
      `${signed.logLength} records were signed there: a server on the file takes nothing before it has them (--recover-from)`,
    );
  }
  return `${lines.join('\n')}\n`;
}
