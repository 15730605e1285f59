import { isDigest, keyIdOf, type PublicKey, publicKeyOf } from '@warg/crypto';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { ContentError } from '../../content/content-store.ts';
import { ImportError } from '../../import/errors.ts';
import { type ImportProgress, type ImportResult, importRegistry } from '../../import/import-registry.ts';
import { openSource } from '../../import/source.ts';
import { signedCheckpoint } from '../../store/signed-checkpoint.ts';
import { openContent } from '../content.ts';
import { prepareDir } from '../data-dir.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { openStoreToFill } from '../import-store.ts';
import { openError } from '../open-error.ts';
import { parseOperatorPublicKey } from '../operator.ts';
import { type KeySource, readOperatorKey } from '../operator-key.ts';
import { parseBaseUrl } from '../option-values.ts';
import { addContentStoreOptions, type ContentStoreOptions } from '../options/content-options.ts';
import { addOperatorKeyOptions, operatorPublicKeyOption } from '../options/operator-options.ts';
import { addFillOptions, type FillOptions } from '../options/store-options.ts';
import { ExitCode, ProgramError } from '../program-error.ts';
import { readTokenFile } from '../token-file.ts';

type ImportCommandOptions = KeySource &
  FillOptions &
  ContentStoreOptions & {
    readonly operatorPublicKey?: string;
    readonly content: boolean;
    readonly operatorLog?: string;
    readonly tokenFile?: string;
    readonly json: boolean;
  };

/** `warg-server import`: takes over another registry, under the same operator key; or keeps a verified copy of one. */
export function importCommand(host: ProgramHost): Command {
  const command = new Command('import')
    .description('take over another registry, of whatever make, under the same operator key')
    .addArgument(new Argument('<url>', 'where clients reach the other registry').argParser(parseBaseUrl));
  addOperatorKeyOptions(
    command,
    'file with the operator key of the other registry, with which this one will sign',
  );
  command.addOption(
    operatorPublicKeyOption(
      'in place of the key, for whoever does not have it: keeps a verified copy, on which no server starts',
    ),
  );
  addFillOptions(command);
  addContentStoreOptions(command)
    .addOption(
      new Option(
        '--operator-log <id>',
        "the first record of the other registry's operator log, or the key that signed it: needed where that is not your key",
      ).argParser(parseId),
    )
    .option('--no-content', 'leave out the contents: another run can fetch them')
    .addOption(
      new Option(
        '--token-file <file>',
        'file with the token that the other registry asks for, for all namespaces',
      ).env('WARG_TOKEN_FILE'),
    )
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', howTo);
  return command.action((url: string, options: ImportCommandOptions) => runImport(url, options, host));
}

const howTo = `
The log becomes the same: the same records with the same ids and numbers, the same roots, the same signed checkpoint.
Everything is proved before it is written, up to the newest checkpoint of the other registry; run again, the command fetches
what is new. Broken off, it leaves the log as it was, and keeps the contents that have come.

Whoever begins an operator log can add your key to it. So if another key than yours began it, which is so after a rotation, the
command says which one, prints all keys that there are, and takes nothing before it is told with --operator-log that this is
the one: the id of the first record, which \`warg-server operator show\` prints for a registry of this make, or that of its key.

What the other registry has not published cannot be seen from outside, and is not taken over: records that wait for
content or were rejected, and whatever it keeps beside the log (tokens, policies, its settings).

Whoever has no private key names the public one with --operator-public-key, and keeps a verified copy of the registry, in SQLite: each
run goes on from where the last one stopped, and fails where the registry contradicts what it said before.

To make the switch:

  warg-server import https://old.example --operator-key-file operator.key     (while the old one runs; the long part)
  …stop whoever publishes, or the old registry's way in
  warg-server import https://old.example --operator-key-file operator.key     (what has come since)
  …stop the old registry, for good: two that sign with one key contradict each other
  warg-server --operator-key-file operator.key                                (under the old one's address)
${examples('warg-server import https://old.example --operator-key-file operator.key')}`;

async function runImport(url: string, options: ImportCommandOptions, host: ProgramHost): Promise<void> {
  const { operatorKey, isCopy } = await readKey(options);
  const token = await readTokenFile(options.tokenFile, url);
  const signal = interruption(host);
  const progress = progressLine(host);
  await prepareDir(options.dataDir, '--data-dir');
  const { store, memory, name, actor, option } = await openStoreToFill(options);
  try {
    const content = options.content ? await openContent(options, host.env) : undefined;
    try {
      const mark = memory.read();
      const result = await importRegistry({
        store,
        source: openSource(url, { signal, token }),
        operatorKey,
        operatorLog: options.operatorLog,
        spoolDir: options.dataDir,
        contents: content && { store: content.content, maxBytes: options.maxContentSize },
        marks: mark === undefined ? [] : [mark],
        log: { debug() {}, info() {}, warn() {}, error() {} },
        onProgress: (now) => {
          signal.throwIfAborted();
          progress.show(now);
        },
        beforeCommit: (transaction, { from, to }) =>
          transaction.appendAudit({ actor, action: 'registry.import', details: { source: url, from, to } }),
      });
      const { checkpoint } = result;
      // What was signed before the store was taken back is not forgotten until the store has it again.
      const isBehind = mark !== undefined && checkpoint.logLength < mark.logLength;
      if (!isBehind) memory.write(checkpoint);
      progress.clear();
      host.stdout.write(
        options.json
          ? `${JSON.stringify(toJson(url, result), undefined, 2)}\n`
          : toText(url, name, isCopy ? undefined : keyIdOf(operatorKey), result),
      );
      if (isBehind) {
        host.stderr.write(
          `the store is still behind the ${mark.logLength} records that this registry has signed: a server on it is read-only\n`,
        );
      }
    } finally {
      await content?.content.close();
    }
  } catch (error) {
    progress.clear();
    if (signal.aborted) throw signal.reason;
    if (options.json && error instanceof ImportError) {
      const { code, message } = error;
      host.stdout.write(`${JSON.stringify({ source: url, error: { code, message } }, undefined, 2)}\n`);
    }
    if (error instanceof ImportError && error.code === 'IMPORT_OPERATOR_LOG_UNKNOWN') {
      const text = `${error.message}. If you know from elsewhere that this is the one, name it with --operator-log`;
      throw new ProgramError(text, { cause: error });
    }
    if (error instanceof ImportError || error instanceof ContentError) {
      throw new ProgramError(error.message, { cause: error });
    }
    throw openError(error, option);
  } finally {
    await store.close();
  }
}

/**
 * The key under which the other registry is imported, and whether nobody here can sign with it. A copy is kept in SQLite alone, where
 * nothing can be served without the private key: on PostgreSQL a process of role `api` could, and take records that nobody signs.
 *
 * @throws ProgramError
 */
async function readKey(
  options: ImportCommandOptions,
): Promise<{ readonly operatorKey: PublicKey; readonly isCopy: boolean }> {
  const { operatorKey, operatorKeyFile, operatorPublicKey, dataStore } = options;
  if (operatorPublicKey === undefined) {
    return { operatorKey: publicKeyOf(await readOperatorKey(options)), isCopy: false };
  }
  const refuse = (message: string) => new ProgramError(message, { exitCode: ExitCode.usage });
  if (operatorKey !== undefined || operatorKeyFile !== undefined) {
    throw refuse(
      '--operator-public-key stands in place of an operator key, for a copy that signs nothing: give one of them',
    );
  }
  if (dataStore !== 'sqlite') {
    throw refuse(
      '--operator-public-key keeps a copy that is not to be served: leave it in SQLite, without --data-store',
    );
  }
  return { operatorKey: parseOperatorPublicKey(operatorPublicKey), isCopy: true };
}

/** @throws InvalidArgumentError */
function parseId(text: string): string {
  if (isDigest(text)) return text;
  throw new InvalidArgumentError('Expected the id of a record or of a key: sha256: and 64 hex digits.');
}

/** Aborted at the first signal to end; the second one ends the process at once. */
function interruption(host: ProgramHost): AbortSignal {
  const controller = new AbortController();
  host.onSignal((signal) => {
    const exitCode = signal === 'SIGINT' ? 130 : 143;
    if (controller.signal.aborted) host.exit(exitCode);
    const message =
      'broken off: the log is as it was, and contents that have come are kept. Run it again to go on';
    controller.abort(new ProgramError(message, { exitCode }));
  });
  return controller.signal;
}

/** One line on a terminal that says how far it is. */
function progressLine({ stderr }: ProgramHost) {
  let shownAt = 0;
  return {
    show({ phase, done, total }: ImportProgress): void {
      const now = performance.now();
      if (stderr.isTTY !== true || (now - shownAt < 100 && done !== total)) return;
      shownAt = now;
      stderr.write(`\r\u001b[K${phases[phase]}: ${done}${total === undefined ? '' : ` of ${total}`}`);
    },
    clear(): void {
      if (stderr.isTTY === true && shownAt > 0) stderr.write('\r\u001b[K');
    },
  };
}

const phases = {
  ledger: 'reading the ledger',
  records: 'fetching records',
  contents: 'fetching contents',
  writing: 'writing records',
} as const;

function toJson(source: string, { from, to, checkpoint, contents, operator }: ImportResult) {
  return {
    source,
    from,
    to,
    operator,
    checkpoint: signedCheckpoint(checkpoint),
    contents: contents ?? null,
  };
}

/** @param operatorKeyId with which the registry goes on that was filled; undefined for a copy, which signs nothing */
function toText(url: string, store: string, operatorKeyId: string | undefined, result: ImportResult): string {
  const { from, to, checkpoint, contents, operator } = result;
  const signed = new Date(checkpoint.timestamp * 1000).toISOString();
  const lines = [
    from === to
      ? `nothing new: ${store} has the ${to} records of ${url}`
      : `imported ${to - from} records from ${url}: ${store} has ${to}`,
    `checkpoint  ${checkpoint.logRoot}, signed ${signed}`,
  ];
  if (operatorKeyId === undefined) lines.push(`            by the key ${checkpoint.keyId}`);
  else if (checkpoint.keyId !== operatorKeyId) {
    lines.push(`            by the key ${checkpoint.keyId}; this registry goes on with ${operatorKeyId}`);
  }
  lines.push(
    `operator    the log begins with ${operator.firstRecord}`,
    `            signed by ${operator.firstKey}; its keys:`,
  );
  for (const { keyId, permissions } of operator.keys) {
    lines.push(`            ${keyId}  ${permissions.join(', ') || 'revoked'}`);
  }
  if (contents === undefined) lines.push('contents    left out: run it without --no-content to fetch them');
  else {
    const { fetched, bytes, present, missing } = contents;
    lines.push(`contents    ${fetched} fetched (${bytes} bytes), ${present} were here already`);
    if (missing > 0) lines.push(`            ${missing} are not to be had from the other registry`);
  }
  return `${lines.join('\n')}\n`;
}
