import type { AbsentPackage, UpdateResult } from '@warg/client';
import type { Command } from 'commander';
import { parsePackage } from '../arguments/parsers.ts';
import { CliError } from '../errors.ts';
import { verifiedDocument } from '../output/documents.ts';
import type { CommandResult } from '../output/output.ts';
import type { Style } from '../output/style.ts';
import { count, formatTime } from '../output/text.ts';
import { announceWarnings } from '../terminal/trust.ts';
import { type Context, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** Adds `warg update`. */
export function addUpdateCommand(program: Command, dispatch: Dispatch): void {
  const command = program
    .command('update')
    .summary('fetch and verify what is new in packages')
    .description(
      'Fetches what is new in the packages that are stored here, or in the ones that are named, and verifies it. ' +
        'Either all of it is stored, or nothing.',
    )
    .argument('[packages...]', 'these packages alone; unknown ones are added');
  addCommonOptions(command)
    .addHelpText('after', examples('warg update', 'warg update example:hello wasi:http'))
    .action(async (packages: string[], _options: object, self: Command) =>
      dispatch(self, (context) => update(context, packages)),
    );
}

/** `warg update` */
export async function update(context: Context, packages: readonly string[]): Promise<CommandResult> {
  const names = packages.map(parsePackage);
  return withClient(context, async (client, progress) => {
    const result = await client.update(names.length === 0 ? undefined : names, {
      signal: context.environment.signal,
      onProgress: progress.onProgress,
    });
    progress.done();
    announceWarnings(context.output, result);
    const asked = result.absent.filter((absent) => names.includes(absent.name));
    if (asked.length > 0) throw notFound(asked, client.registry);
    return updated(result);
  });
}

function updated(result: UpdateResult): CommandResult {
  return {
    json: {
      ...verifiedDocument(result),
      packages: result.packages.map(({ name, logId, newRecords, records }) => ({
        name,
        logId,
        newRecords,
        records,
      })),
      absent: result.absent.map(({ name, absence }) => ({ name, absence })),
      newOperatorRecords: result.newOperatorRecords,
      previousLogLength: result.previous?.contents.logLength ?? null,
    },
    human: (style) => [
      ...result.packages.map(({ name, newRecords, records }) =>
        newRecords === 0
          ? `${name}: nothing new`
          : `${style.bold(name)}: ${style.green(`${count(newRecords, 'new record')}`)} of ${records}`,
      ),
      ...result.absent.map((absent) => `${absent.name}: ${absenceText(absent)}`),
      summary(result, style),
    ],
  };
}

function summary({ packages, checkpoint, asOf, assurance }: UpdateResult, style: Style): string {
  const where = `checkpoint of ${count(checkpoint.contents.logLength, 'record')}, ${formatTime(asOf)}`;
  return packages.length === 0
    ? style.dim(`No packages are stored here yet; the registry’s state is ${assurance} (${where})`)
    : style.dim(`${count(packages.length, 'package')} ${assurance}: ${where}`);
}

function absenceText({ absence }: AbsentPackage): string {
  return absence === 'proved'
    ? 'proved not to exist'
    : 'not known to the registry, which offers no proof of that';
}

function notFound(absent: readonly AbsentPackage[], registry: string): CliError {
  const [first] = absent;
  const names = absent.map(({ name }) => name).join(', ');
  const hint =
    first?.hint === undefined
      ? 'Check the name and the registry.'
      : `The registry says that ${first.hint.registry} has the packages of ${first.hint.namespace}: --registry.`;
  return new CliError(
    'PACKAGE_NOT_FOUND',
    `${registry} has no package ${names} (${first?.absence ?? 'unproved'})`,
    {
      hint,
    },
  );
}
