import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Evidence, VerifiedEvidence } from '@warg/client';
import type { Command } from 'commander';
import { CliError, UsageError } from '../errors.ts';
import { fileAccessError, writeFileAtomically } from '../files/atomic-file.ts';
import type { CommandResult } from '../output/output.ts';
import type { Style } from '../output/style.ts';
import { count, formatTime } from '../output/text.ts';
import { type Context, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** The options of `warg evidence`. */
export interface EvidenceOptions {
  readonly output?: string;
  readonly force?: boolean;
}

/** What `parseEvidence` reads at most; a longer file is not even read. In bytes. */
const LARGEST_FILE = 32 * 2 ** 20;

/** Adds `warg evidence` and `warg evidence verify`. */
export function addEvidenceCommands(program: Command, dispatch: Dispatch): void {
  const evidence = program
    .command('evidence')
    .summary('show proof that an operator lied')
    .description(
      'Shows the evidence that is kept against the operator of a registry: two states of its log that the operator ' +
        'signed and that cannot both be true. It is kept when a command fails with CHECKPOINT_CONTRADICTS.\n\n' +
        'With an id, shows that one; with --output, too, writes it to a file that convinces anybody who knows the ' +
        'operator. Nothing is asked of the registry.',
    )
    .argument('[id]', 'this one alone')
    .option('-o, --output <file>', 'write it to this file; - is standard output')
    .option('--force', 'overwrite a file that holds something else');
  addCommonOptions(evidence)
    .addHelpText(
      'after',
      examples(
        'warg evidence',
        'warg evidence 1f0c… --output evidence.json',
        'warg evidence verify evidence.json --operator-key ecdsa-p256:A…',
      ),
    )
    .action(async (id: string | undefined, options: EvidenceOptions, self: Command) =>
      dispatch(self, (context) =>
        id === undefined ? listEvidence(context, options) : showEvidence(context, id, options),
      ),
    );

  const verify = evidence
    .command('verify')
    .summary('check a file of evidence')
    .description(
      'Checks a file of evidence, from whomever it comes, without a network: that both states are signed by keys of ' +
        'the operator who is named, and that they cannot both be true. Which registry they are of the states do not ' +
        'say; the name in the file is the word of whoever made it.\n\n' +
        '--operator-key says whom it is about: as you know it, not from whoever gave you the file. A copy of the key in ' +
        'the configuration does not count.',
    )
    .argument('<file>', 'the file');
  addCommonOptions(verify)
    .addHelpText(
      'after',
      examples(
        'warg evidence verify evidence.json --operator-key ecdsa-p256:A…',
        'warg evidence verify evidence.json --operator-key sha256:… --json',
      ),
    )
    .action(async (file: string, _options: object, self: Command) =>
      dispatch(self, (context) => verifyEvidenceFile(context, file)),
    );
}

/** `warg evidence` */
export async function listEvidence(
  context: Context,
  { output, force }: EvidenceOptions,
): Promise<CommandResult> {
  if (output !== undefined || force === true) {
    throw new UsageError('expected the id of the evidence that is to be written', {
      hint: '`warg evidence` lists what is kept, with ids.',
    });
  }
  return withKept(context, async (registry, kept) => ({
    json: { registry, evidence: kept.map(({ id, evidence }) => evidenceDocument(id, evidence)) },
    human: (style) =>
      kept.length === 0
        ? [`No evidence is kept against ${registry}`]
        : [
            `${count(kept.length, 'contradiction')} of the operator of ${style.bold(registry)}:`,
            ...kept.flatMap(({ id, evidence }) => ['', ...evidenceLines(id, evidence, style)]),
          ],
    quiet: kept.length === 0 ? undefined : kept.map(({ id }) => id).join('\n'),
  }));
}

/** `warg evidence ID` */
export async function showEvidence(
  context: Context,
  id: string,
  { output, force }: EvidenceOptions,
): Promise<CommandResult> {
  return withKept(context, async (registry, kept) => {
    const found = kept.find((one) => one.id === id);
    if (found === undefined) {
      throw new CliError('EVIDENCE_NOT_FOUND', `no evidence ${id} is kept against ${registry}`, {
        hint: '`warg evidence` lists what is kept, with ids; --registry names another registry.',
      });
    }
    const path =
      output === undefined ? undefined : await writeEvidence(context, found.evidence, output, force);
    if (output === '-') return { json: {}, human: () => [] };
    return {
      json: { registry, ...evidenceDocument(id, found.evidence), path: path ?? null },
      human: (style) =>
        path === undefined
          ? evidenceLines(id, found.evidence, style)
          : [`Wrote ${style.bold(path)}; \`warg evidence verify\` checks it`],
      quiet: path ?? id,
    };
  });
}

/** `warg evidence verify` */
export async function verifyEvidenceFile(
  { environment, options }: Context,
  file: string,
): Promise<CommandResult> {
  const { operatorKey } = options;
  if (operatorKey === undefined) {
    throw new UsageError('expected --operator-key: whom the evidence is about', {
      hint: 'Give the public key of the operator (ecdsa-p256:…) or the id of its first record (sha256:…), as you know it and not from whoever gave you the file.',
    });
  }
  const path = resolve(environment.workingDirectory, file);
  const { parseEvidence, verifyEvidence } = await import('@warg/client');
  const evidence = parseEvidence(await readText(path));
  const verified: VerifiedEvidence = verifyEvidence(evidence, operatorKey);
  return {
    json: { valid: true, path, ...partsOf(evidence), operator: operatorPart(verified) },
    human: (style) => [
      `${style.green('Valid')}: the operator ${operatorKey} signed two states that cannot both be true`,
      ...stateLines(evidence),
      style.dim(`  as the file says, of ${evidence.registry}`),
    ],
    quiet: verified.kind,
  };
}

/** What `work` makes of all evidence against the registry that is named. */
async function withKept(
  context: Context,
  work: (
    registry: string,
    kept: readonly { readonly id: string; readonly evidence: Evidence }[],
  ) => Promise<CommandResult>,
): Promise<CommandResult> {
  return withClient(context, async (client) => work(client.registry, await client.evidence()), {
    offline: true,
  });
}

async function writeEvidence(
  { environment, options }: Context,
  evidence: Evidence,
  output: string,
  force: boolean | undefined,
): Promise<string | undefined> {
  const { encodeEvidence } = await import('@warg/client');
  const text = encodeEvidence(evidence);
  if (output === '-') {
    if (options.json) {
      throw new UsageError('--json and --output - both want standard output', {
        hint: 'The evidence is JSON itself: leave --json out.',
      });
    }
    environment.stdout.write(text);
    return undefined;
  }
  const path = resolve(environment.workingDirectory, output);
  const when = force === true ? 'replace' : 'create';
  if (await writeFileAtomically(path, text, { when })) return path;
  if ((await readText(path)) === text) return path;
  throw new CliError('FILE_EXISTS', `${path} is there already and holds something else`, {
    hint: 'Give another file with --output, or overwrite it with --force.',
  });
}

/** Reads a file from the front, and no further than evidence may be long. */
async function readText(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of file.createReadStream({ autoClose: false, end: LARGEST_FILE })) {
        chunks.push(chunk as Buffer);
        size += (chunk as Buffer).length;
      }
      if (size > LARGEST_FILE) {
        throw new CliError('FILE_ACCESS', `cannot read ${path}: it is longer than any evidence`);
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileAccessError('read', path, error);
  }
}

function evidenceDocument(id: string, evidence: Evidence): Readonly<Record<string, unknown>> {
  return { id, ...partsOf(evidence) };
}

function partsOf({ registry, kind, first, second, operatorRecords }: Evidence) {
  return { registry, kind, first, second, operatorRecords: operatorRecords.length };
}

function operatorPart({ operator: { key, keyId, recordId } }: VerifiedEvidence) {
  return { key, keyId, recordId };
}

function evidenceLines(id: string, evidence: Evidence, style: Style): readonly string[] {
  return [style.bold(id), ...stateLines(evidence)];
}

function stateLines({ kind, first, second }: Evidence): readonly string[] {
  const line = ({ contents: { logLength, logRoot, mapRoot, timestamp } }: Evidence['first']) => [
    `  ${count(logLength, 'record')}, signed ${formatTime(new Date(timestamp * 1000))}`,
    `    log ${logRoot}`,
    `    map ${mapRoot}`,
  ];
  const what =
    kind === 'fork'
      ? '  fork: two states of one length'
      : '  order: the one signed later has the shorter log';
  return [what, ...line(first), ...line(second)];
}
