import type { ResetResult, WargClient } from '@warg/client';
import type { Command } from 'commander';
import { readNamespaceMap, removeNamespaceMap } from '../config/namespace-map.ts';
import { requireRegistry } from '../config/settings.ts';
import type { CommandResult } from '../output/output.ts';
import { count, formatSize } from '../output/text.ts';
import { requireConsent } from '../terminal/prompts.ts';
import { type Context, openStorage, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** The options of `warg reset`. */
export interface ResetCommandOptions {
  readonly all?: boolean;
  readonly forgetOperator?: boolean;
  readonly yes?: boolean;
}

/** Adds `warg reset` and `warg clear`. */
export function addStorageCommands(program: Command, dispatch: Dispatch): void {
  const reset = program
    .command('reset')
    .summary('forget what is stored of a registry')
    .description(
      'Forgets the verified state that is stored of a registry, and publishes that are pending. It can be fetched ' +
        'again. Whom you trust as its operator is kept, unless you say --forget-operator; keys, configuration, ' +
        'content and evidence against a registry stay.',
    )
    .option('--all', 'of all registries, and the map of namespaces to registries')
    .option('--forget-operator', 'forget whom you trust, too: the next operator that is seen will be trusted')
    .option('-y, --yes', 'do not ask');
  addCommonOptions(reset)
    .addHelpText('after', examples('warg reset', 'warg reset --all', 'warg reset --forget-operator'))
    .action(async (options: ResetCommandOptions, self: Command) =>
      dispatch(self, (context) => resetState(context, options)),
    );

  const clear = program
    .command('clear')
    .summary('empty the content folder')
    .description(
      'Empties the content folder, which all registries share. What is in it can be downloaded again.',
    );
  addCommonOptions(clear, { client: false })
    .addHelpText('after', examples('warg clear'))
    .action(async (_options: object, self: Command) => dispatch(self, clearContent));
}

/** `warg reset` */
export async function resetState(context: Context, options: ResetCommandOptions): Promise<CommandResult> {
  const { settings, prompts } = context;
  // A configuration can name any file as the map. What is none is found out before anything is removed.
  if (options.all) await readNamespaceMap(settings.namespaceMapPath);
  const registries = options.all
    ? await (await openStorage(settings)).registries()
    : [requireRegistry(settings)];
  const whose = registries.join(', ');
  if (options.forgetOperator && registries.length > 0) {
    await requireConsent(prompts, {
      question: `Forget whom you trust as the operator of ${whose}? The next one that is seen will be trusted.`,
      because: `forgetting the operator of ${whose} means to trust the next one that is seen`,
      yes: options.yes,
    });
  }
  const forgetOperator = options.forgetOperator === true;
  const evidenceLost: string[] = [];
  for (const registry of registries) {
    const named: Context = { ...context, settings: { ...settings, registry } };
    const work = (client: WargClient) => client.reset({ keepOperator: !forgetOperator });
    const left = await withClient(named, work, { offline: true });
    evidenceLost.push(...(left.evidenceLost ?? []));
    announceLostEvidence(context, registry, left);
  }
  if (options.all) {
    await removeNamespaceMap(settings.namespaceMapPath);
  }
  return {
    json: { reset: registries, operatorForgotten: forgetOperator, evidenceLost },
    human: () =>
      registries.length === 0
        ? ['Nothing is stored of any registry']
        : registries.map((registry) => `Forgot the stored state of ${registry}`),
  };
}

function announceLostEvidence({ output }: Context, registry: string, { evidenceLost }: ResetResult): void {
  if (evidenceLost === undefined) {
    output.warn(
      `what was stored of ${registry} could not be read: if there was evidence against it, it is gone`,
    );
  }
  for (const id of evidenceLost ?? [])
    output.warn(`evidence ${id} against ${registry} was damaged, and is gone`);
}

/** `warg clear` */
export async function clearContent({ settings }: Context): Promise<CommandResult> {
  const { count: files, bytes } = await (await openStorage(settings)).content.clear();
  return {
    json: { removed: files, bytes, contentDir: settings.contentDir },
    human: () => [
      files === 0 ? 'The content folder was empty' : `Removed ${count(files, 'file')}, ${formatSize(bytes)}`,
    ],
  };
}
