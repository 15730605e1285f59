import type { PendingPublish, WargClient } from '@warg/client';
import { WargError } from '@warg/crypto';
import { parseRecordId } from '@warg/protocol';
import type { Command } from 'commander';
import { parsePackage } from '../arguments/parsers.ts';
import { refuseVersion, takePackage } from '../arguments/publish-arguments.ts';
import { CliError, UsageError } from '../errors.ts';
import { packageDocument, verifiedDocument } from '../output/documents.ts';
import { describeEntry, pendingEntryDocument } from '../output/entries.ts';
import type { CommandResult } from '../output/output.ts';
import { formatTime, isoTime } from '../output/text.ts';
import { announceWarnings } from '../terminal/trust.ts';
import { type Context, requireSigningKey, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions, addNameOption, addSubmitOptions, timeoutOption } from './options.ts';
import { published, type SubmitOptions, sendOptions } from './publish-record.ts';

interface NameOption {
  readonly name?: string;
}

/** Adds the commands about publishes that are put together before they are sent. */
export function addPendingCommands(publish: Command, dispatch: Dispatch): void {
  const start = publish
    .command('start')
    .summary('begin a publish of several entries')
    .description(
      'Begins a publish of several entries, which `publish submit` sends as one record: all or nothing.',
    )
    .argument('[package]', 'the package')
    .usage('[options] <package>');
  addCommonOptions(addNameOption(start))
    .addHelpText(
      'after',
      examples(
        'warg publish start example:hello',
        'warg publish release example:hello@0.1.0 hello.wasm',
        'warg publish grant example:hello ecdsa-p256:A…',
        'warg publish submit',
      ),
    )
    .action(async (name: string | undefined, options: NameOption, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name], options.name);
        refuseVersion(named);
        return startPending(context, named.name);
      }),
    );

  const list = publish
    .command('list')
    .summary('show what is pending')
    .description('Shows the publishes that are pending, and their entries.')
    .argument('[package]', 'this package alone');
  addCommonOptions(addNameOption(list))
    .addHelpText('after', examples('warg publish list'))
    .action(async (name: string | undefined, options: NameOption, self: Command) =>
      dispatch(self, (context) => listPending(context, chosenName(name, options))),
    );

  const submit = publish
    .command('submit')
    .summary('send what is pending')
    .description('Sends a pending publish as one record.')
    .argument('[package]', 'the package, if publishes of several are pending');
  addCommonOptions(addSubmitOptions(addNameOption(submit)))
    .addHelpText('after', examples('warg publish submit', 'warg publish submit --dry-run'))
    .action(async (name: string | undefined, options: NameOption & SubmitOptions, self: Command) =>
      dispatch(self, (context) => submitPending(context, chosenName(name, options), options)),
    );

  const abort = publish
    .command('abort')
    .summary('forget what is pending')
    .description('Forgets a pending publish. Nothing of it was sent.')
    .argument('[package]', 'the package, if publishes of several are pending');
  addCommonOptions(addNameOption(abort))
    .addHelpText('after', examples('warg publish abort'))
    .action(async (name: string | undefined, options: NameOption, self: Command) =>
      dispatch(self, (context) => abortPending(context, chosenName(name, options))),
    );

  const wait = publish
    .command('wait')
    .summary('wait for a record that was sent')
    .description('Waits until a record that was sent is published, and verifies it.')
    .argument('[package]', 'the package')
    .argument('[record]', 'the id of the record: sha256:…')
    .usage('[options] <package> <record>')
    .addOption(timeoutOption());
  addCommonOptions(addNameOption(wait))
    .addHelpText('after', examples('warg publish wait example:hello sha256:…'))
    .action(
      async (
        name: string | undefined,
        record: string | undefined,
        options: NameOption & SubmitOptions,
        self: Command,
      ) =>
        dispatch(self, async (context) => {
          const named = takePackage([name, record], options.name, ['RECORD']);
          refuseVersion(named);
          return waitForRecord(context, named.name, named.rest[0] ?? '', options);
        }),
    );
}

/** `warg publish start` */
export async function startPending(context: Context, name: string): Promise<CommandResult> {
  return withClient(context, async (client) => {
    const pending = await client.pending.start(name);
    return {
      json: { registry: client.registry, ...pendingDocument(pending) },
      human: () => [
        `Began a publish of ${name}; add to it with \`warg publish release\`, \`yank\`, \`grant\`, \`revoke\``,
      ],
    };
  });
}

/** `warg publish list` */
export async function listPending(context: Context, name: string | undefined): Promise<CommandResult> {
  return withClient(context, async (client) => {
    const all = await client.pending.list();
    const pending = name === undefined ? all : all.filter((one) => one.name === name);
    if (pending.length === 0) throw noPending(name);
    return {
      json: { registry: client.registry, pending: pending.map(pendingDocument) },
      human: (style) =>
        pending.flatMap((one) => [
          `${style.bold(one.name)}: ${entries(one)}, begun ${formatTime(one.startedAt)}`,
          ...one.entries.map((entry, at) => `  ${at + 1}. ${describeEntry(pendingEntryDocument(entry))}`),
        ]),
    };
  });
}

/** `warg publish submit` */
export async function submitPending(
  context: Context,
  name: string | undefined,
  options: SubmitOptions,
): Promise<CommandResult> {
  return withClient(context, async (client, progress) => {
    const chosen = await choosePending(client, name);
    await requireSigningKey(context);
    const result = await client.pending.submit(chosen, sendOptions(context, options, progress));
    progress.done();
    return published(context, result);
  });
}

/** `warg publish abort` */
export async function abortPending(context: Context, name: string | undefined): Promise<CommandResult> {
  return withClient(context, async (client) => {
    const pending = await client.pending.abort(await choosePending(client, name));
    return {
      json: { registry: client.registry, aborted: true, ...pendingDocument(pending) },
      human: () => [`Forgot the pending publish of ${pending.name} (${entries(pending)})`],
    };
  });
}

/** `warg publish wait` */
export async function waitForRecord(
  context: Context,
  name: string,
  record: string,
  { timeout }: SubmitOptions,
): Promise<CommandResult> {
  const recordId = parseRecordArgument(record);
  return withClient(context, async (client, progress) => {
    const info = await client.waitForPublish(name, recordId, {
      signal: context.environment.signal,
      onProgress: progress.onProgress,
      ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    });
    progress.done();
    announceWarnings(context.output, info);
    return {
      json: { ...verifiedDocument(info), recordId, state: 'published', package: packageDocument(info) },
      human: (style) => [`${style.green('Published')} ${style.bold(name)} record ${recordId}`],
      quiet: recordId,
    };
  });
}

function parseRecordArgument(text: string): string {
  try {
    return parseRecordId(text);
  } catch (error) {
    if (!(error instanceof WargError)) throw error;
    throw new UsageError(error.message, { cause: error, hint: 'A record id is written sha256:…' });
  }
}

async function choosePending(client: WargClient, name: string | undefined): Promise<string> {
  const names = (await client.pending.list()).map((one) => one.name as string);
  if (name !== undefined) {
    if (!names.includes(name)) throw noPending(name);
    return name;
  }
  const [first, ...others] = names;
  if (first === undefined) throw noPending(undefined);
  if (others.length > 0) {
    throw new UsageError(`publishes of several packages are pending: ${names.join(', ')}`, {
      hint: 'Name the one that you mean.',
    });
  }
  return first;
}

function chosenName(argument: string | undefined, { name }: NameOption): string | undefined {
  if (argument !== undefined && name !== undefined && argument !== name) {
    throw new UsageError(`--name ${name} and the argument ${argument} do not agree`);
  }
  const text = argument ?? name;
  return text === undefined ? undefined : parsePackage(text);
}

function noPending(name: string | undefined): CliError {
  return new CliError(
    'NO_PENDING_PUBLISH',
    `no publish${name === undefined ? '' : ` of ${name}`} is pending`,
    {
      hint: 'Begin one with `warg publish start PACKAGE`.',
    },
  );
}

function pendingDocument(pending: PendingPublish): Readonly<Record<string, unknown>> {
  return {
    package: pending.name,
    startedAt: isoTime(pending.startedAt),
    entries: pending.entries.map(pendingEntryDocument),
  };
}

function entries(pending: PendingPublish): string {
  const number = pending.entries.length;
  return number === 1 ? '1 entry' : `${number} entries`;
}
