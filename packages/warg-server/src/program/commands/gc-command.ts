import { Command } from 'commander';
import { collectGarbage, type GarbageSummary } from '../../garbage/collect-garbage.ts';
import { DEFAULT_LIMITS } from '../../registry/open.ts';
import { administer } from '../administration.ts';
import { openContent } from '../content.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { addContentStoreOptions, type ContentStoreOptions } from '../options/content-options.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';

interface GcOptions extends AdministrationOptions, ContentStoreOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** `warg-server gc`: removes contents that nothing needs. */
export function gcCommand(host: ProgramHost): Command {
  const command = new Command('gc')
    .description('remove contents that no record names, of a registry that may be running')
    .option('--dry-run', 'remove nothing, and say what would be removed', false)
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', examples('warg-server gc --dry-run'));
  addAdministrationOptions(command);
  addContentStoreOptions(command);
  return command.action(async (options: GcOptions) => {
    const summary = await administer(options, async ({ store, actor }) => {
      const { content } = await openContent(options, host.env);
      try {
        return await collectGarbage({
          store,
          content,
          actor,
          minAge: DEFAULT_LIMITS.sourcingTime,
          dryRun: options.dryRun,
          ...(host.stderr.isTTY ? { onProgress: progressTo(host) } : {}),
        });
      } finally {
        if (host.stderr.isTTY) host.stderr.write('\r\u001b[K');
        await content.close();
      }
    });
    const { dryRun } = options;
    host.stdout.write(
      options.json ? `${JSON.stringify({ ...summary, dryRun }, undefined, 2)}\n` : toText(summary, dryRun),
    );
  });
}

function progressTo({ stderr }: ProgramHost): (soFar: GarbageSummary) => void {
  return ({ contents, removed }) =>
    stderr.write(`\r\u001b[K${contents} contents looked at, ${removed} to remove`);
}

function toText(summary: GarbageSummary, dryRun: boolean): string {
  const { contents, bytes, named, young, removed, removedBytes } = summary;
  return [
    `${contents} contents (${bytes} bytes)`,
    `${named} that records name`,
    `${young} that no record names, but not known to be older than 24 hours`,
    `${removed} ${dryRun ? 'that would be removed' : 'removed'} (${removedBytes} bytes)`,
    '',
  ].join('\n');
}
