import type { PublishEntry, PublishOptions, PublishResult, WargClient } from '@warg/client';
import { WargError } from '@warg/crypto';
import { CliError } from '../errors.ts';
import { publishDocument } from '../output/documents.ts';
import { describeEntry, pendingEntryDocument, recordEntryDocument } from '../output/entries.ts';
import type { CommandResult } from '../output/output.ts';
import type { Style } from '../output/style.ts';
import { formatTime, table } from '../output/text.ts';
import type { Progress } from '../terminal/progress.ts';
import { announceWarnings } from '../terminal/trust.ts';
import { type Context, requireSigningKey, withClient } from './context.ts';

/** The options of all commands that send a record. */
export interface SubmitOptions {
  /** False after `--no-wait`. */
  readonly wait?: boolean;
  /** In seconds. */
  readonly timeout?: number;
  readonly dryRun?: boolean;
}

/**
 * Adds an entry to the package's pending publish if there is one, as the reference does, and else publishes it as a
 * record of its own.
 *
 * @param entry made when it is needed: a release opens its file
 */
export async function publishEntry(
  context: Context,
  name: string,
  options: SubmitOptions,
  entry: () => Promise<PublishEntry>,
): Promise<CommandResult> {
  return withClient(context, async (client, progress) => {
    const pending = await client.pending.get(name);
    if (pending !== undefined) {
      if (options.dryRun) {
        throw new CliError(
          'PENDING_PUBLISH_EXISTS',
          `a publish of ${name} is pending; only that can be tried out`,
          {
            hint: '`warg publish submit --dry-run` tries it.',
          },
        );
      }
      return addToPending(context, client, progress, name, await entry());
    }
    // Without a key there is no point in asking the registry.
    await requireSigningKey(context);
    const result = await publishOrInitialize(
      context,
      client,
      name,
      [await entry()],
      sendOptions(context, options, progress),
    );
    progress.done();
    return published(context, result);
  });
}

/** What the client is told about sending a record. */
export function sendOptions(
  { environment, loaded }: Context,
  { wait = true, timeout, dryRun }: SubmitOptions,
  progress: Progress,
): PublishOptions {
  return {
    wait,
    init: !loaded.config.disableAutoPackageInit,
    signal: environment.signal,
    onProgress: progress.onProgress,
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
}

/** The result of a command that sent a record. */
export function published({ output }: Context, result: PublishResult): CommandResult {
  announceWarnings(output, result);
  return {
    json: publishDocument(result),
    human: (style) => describePublish(result, style),
    quiet: result.recordId,
  };
}

async function publishOrInitialize(
  { prompts, output }: Context,
  client: WargClient,
  name: string,
  entries: readonly PublishEntry[],
  options: PublishOptions,
): Promise<PublishResult> {
  try {
    return await client.publish({ name, entries }, options);
  } catch (error) {
    const missing = error instanceof WargError && error.code === 'PACKAGE_NOT_INITIALIZED';
    if (!missing || options.init || !prompts.canAsk) throw error;
    output.status(undefined);
    if (!(await prompts.confirm(`There is no package ${name}. Initialize it?`))) throw error;
    return client.publish({ name, entries }, { ...options, init: true });
  }
}

async function addToPending(
  { environment, output }: Context,
  client: WargClient,
  progress: Progress,
  name: string,
  entry: PublishEntry,
): Promise<CommandResult> {
  const { signal } = environment;
  const pending = await client.pending.add(name, [entry], { signal, onProgress: progress.onProgress });
  progress.done();
  const added = pending.entries.at(-1);
  output.note('`warg publish submit` sends what is pending, `warg publish abort` forgets it.');
  return {
    json: {
      registry: client.registry,
      package: name,
      state: 'pending',
      added: added === undefined ? null : pendingEntryDocument(added),
      entries: pending.entries.map(pendingEntryDocument),
    },
    human: () => [`Added to the pending publish of ${name} as entry ${pending.entries.length}`],
  };
}

function describePublish(result: PublishResult, style: Style): readonly string[] {
  const { name, recordId, package: info } = result;
  const what = result.record.entries.map((entry) => `  ${describeEntry(recordEntryDocument(entry))}`);
  const head = {
    published: `${style.green('Published')} ${style.bold(name)}`,
    processing: `Submitted ${style.bold(name)}; the registry has not published it yet`,
    sourcing: `Submitted ${style.bold(name)}; the registry waits for content: ${result.missing.join(', ')}`,
    'dry-run': `Would publish ${style.bold(name)}; nothing was sent`,
  }[result.state];
  const facts: (readonly [string, string])[] = [['record', recordId]];
  if (info !== undefined) {
    facts.push(
      ['assurance', info.assurance],
      ['checkpoint', `${info.checkpoint.contents.logLength} records, ${formatTime(info.asOf)}`],
    );
  }
  const next =
    result.state === 'processing' || result.state === 'sourcing'
      ? [style.dim(`Wait for it with: warg publish wait ${name} ${recordId}`)]
      : [];
  return [head, ...what, ...table(facts, '  '), ...next];
}
