import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { backUp } from '../../backup/back-up.ts';
import { counted } from '../counted.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { openError } from '../open-error.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';
import { ExitCode, ProgramError } from '../program-error.ts';
import { sqliteFile } from '../store-location.ts';

interface BackupOptions extends AdministrationOptions {
  readonly contentDir?: string;
  readonly content: boolean;
  readonly json: boolean;
}

/** `warg-server backup`: copies a registry that may be running. */
export function backupCommand(host: ProgramHost): Command {
  const command = new Command('backup')
    .description('copy the records and contents of a registry on SQLite into a new folder; it may be running')
    .argument('<dir>', 'folder to make')
    .addOption(
      new Option('--content-dir <dir>', 'folder of the content').default(
        undefined,
        '`content` in the data folder',
      ),
    )
    .option('--no-content', 'leave the contents out')
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', howTo);
  addAdministrationOptions(command);
  return command.action((dir: string, options: BackupOptions) => runBackup(resolve(dir), options, host));
}

const howTo = `
The folder is a data folder: a server can be started on it. But a copy is older than the registry by the time somebody needs
it. To bring it back, put registry.db and content into the data folder, leave registry.db.head there as it is, and start with
--recover-from: what was signed since is fetched back, and until then nothing is taken.

Contents in S3 or in an OCI registry, and databases of PostgreSQL, have backups of their own (pg_dump).
${examples('warg-server backup /backups/$(date +%F)')}`;

async function runBackup(to: string, options: BackupOptions, host: ProgramHost): Promise<void> {
  if (options.dataStore === 'postgres') {
    throw new ProgramError(
      'expected a registry on SQLite: a database of PostgreSQL is saved with pg_dump or a base backup, and its contents beside it',
      { exitCode: ExitCode.usage },
    );
  }
  const file = sqliteFile(options);
  if (!(await isThere(file))) throw new ProgramError(`there is no registry in ${file} (--data-dir)`);
  for (const path of [to, `${to}.partial`]) {
    if (!(await isThere(path))) continue;
    throw new ProgramError(
      `${path} is there already: name a folder that is to be made, or move that one away`,
    );
  }
  const contentDir = options.contentDir ?? join(options.dataDir, 'content');
  const hasContent = options.content && (await isThere(join(contentDir, 'files')));
  const stop = new AbortController();
  host.onSignal(() => stop.abort(new ProgramError('stopped; nothing is left of the backup')));
  try {
    const { checkpoint, contents } = await backUp({
      file,
      to,
      contentDir: hasContent ? contentDir : undefined,
      version: host.version,
      now: Date.now(),
      signal: stop.signal,
      ...(host.stderr.isTTY
        ? { onProgress: (count: number) => host.stderr.write(`\r\u001b[K${counted(count, 'content')}`) }
        : {}),
    });
    if (host.stderr.isTTY) host.stderr.write('\r\u001b[K');
    const logLength = checkpoint?.contents.logLength ?? 0;
    host.stdout.write(
      options.json
        ? `${JSON.stringify({ dir: to, checkpoint: checkpoint ?? null, contents: hasContent ? contents : null })}\n`
        : `${to}: ${counted(logLength, 'record')}, ${hasContent ? counted(contents, 'content') : 'no contents'}\n`,
    );
  } catch (error) {
    throw openError(error, '--data-dir');
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
