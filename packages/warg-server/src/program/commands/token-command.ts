import { randomBytes } from 'node:crypto';
import { WargError } from '@warg/crypto';
import { accessTokenPrefix, parseAccessToken } from '@warg/protocol/api';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { LINK_KEY } from '../../http/access/access.ts';
import { makeToken } from '../../http/access/tokens.ts';
import type { AccessScope, AccessTokenRow } from '../../store/rows.ts';
import { administer } from '../administration.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { collectNamespaces, parseDuration } from '../option-values.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';
import { ExitCode, ProgramError } from '../program-error.ts';
import { tokenDocument, tokenTable } from './token-words.ts';

/** How long a token can be good, ms. */
const LIFETIME = { least: 60_000, most: 100 * 365 * 86_400_000 };

interface AddOptions extends AdministrationOptions {
  readonly read: boolean;
  readonly publish: boolean;
  readonly namespace?: readonly string[];
  readonly allNamespaces: boolean;
  /** ms */
  readonly expires?: number;
  readonly name: string;
  readonly json: boolean;
}

interface ListOptions extends AdministrationOptions {
  readonly all: boolean;
  readonly json: boolean;
}

/** `warg-server token`: who may read from a private registry, and publish where that takes a token. */
export function tokenCommand(host: ProgramHost): Command {
  const token = new Command('token')
    .description(
      'make, list and revoke the tokens with which clients read from a private registry and publish',
    )
    .addHelpText(
      'after',
      examples('warg-server token add --publish --namespace example', 'warg-server token list'),
    );

  const add = token
    .command('add')
    .description('make a token; it is printed once, and nobody can have it again')
    .option('--read', 'it may read', false)
    .addOption(new Option('--publish', 'it may publish, and read').default(false).conflicts('read'))
    .addOption(
      new Option('--namespace <name>', 'a namespace that it is for; may be repeated, or hold commas')
        .argParser(collectNamespaces)
        .conflicts('allNamespaces'),
    )
    .option('--all-namespaces', 'it is for every namespace, those to come included', false)
    .addOption(
      new Option('--expires <time>', 'how long it is good: 30m, 12h, 90d')
        .default(undefined, 'until it is revoked')
        .argParser((text) => parseDuration(text, LIFETIME)),
    )
    .addOption(new Option('--name <text>', 'what to call it in lists').default('').argParser(parseName))
    .option('--json', 'print a JSON object', false)
    .addHelpText(
      'after',
      examples(
        'warg-server token add --publish --namespace example --expires 90d --name "build server"',
        'warg-server token add --read --all-namespaces --name monitor',
      ),
    );
  addAdministrationOptions(add).action((options: AddOptions) => addToken(options, host));

  const list = token
    .command('list')
    .description('list the tokens that are good')
    .option('--all', 'those that expired or were revoked, too', false)
    .option('--json', 'print a JSON array', false)
    .addHelpText('after', examples('warg-server token list', 'warg-server token list --all --json'));
  addAdministrationOptions(list).action(async (options: ListOptions) => {
    const tokens = await administer(options, ({ store }) => store.read((reads) => reads.accessTokens()));
    const now = Date.now();
    const documents = tokens.map((row) => tokenDocument(row, now));
    const shown = options.all ? documents : documents.filter(({ state }) => state === 'good');
    host.stdout.write(options.json ? `${JSON.stringify(shown, undefined, 2)}\n` : tokenTable(shown));
  });

  const revoke = token
    .command('revoke')
    .description('make a token worthless, from now on and for ever')
    .addArgument(
      new Argument('<id>', 'as `token list` prints it, or the token itself').argParser(parseTokenId),
    )
    .addHelpText('after', examples('warg-server token revoke 0f3a9c52d1e84b76'));
  addAdministrationOptions(revoke).action((id: string, options: AdministrationOptions) =>
    revokeToken(id, options, host),
  );
  return token;
}

async function addToken(options: AddOptions, { stdout, stderr }: ProgramHost): Promise<void> {
  if (!options.read && !options.publish) throw usage('say what the token may do: --read or --publish');
  if (options.namespace === undefined && !options.allNamespaces) {
    throw usage('say what the token is for: --namespace NAME, or --all-namespaces');
  }
  const scope: AccessScope = options.publish ? 'publish' : 'read';
  const namespaces = options.allNamespaces ? undefined : [...new Set(options.namespace)];
  const { name } = options;
  const createdAt = Date.now();
  const expiresAt = options.expires === undefined ? undefined : createdAt + options.expires;
  const { text, row } = makeToken({ scope, namespaces, name, createdAt, expiresAt });
  const unknown = await administer(options, ({ store, actor }) =>
    store.transaction(async (transaction) => {
      await transaction.insertAccessToken(row);
      await transaction.addSharedKey(LINK_KEY, randomBytes(32));
      const details = { ...auditDetails(row), expiresAt: expiresAt === undefined ? null : iso(expiresAt) };
      await transaction.appendAudit({ actor, action: 'token.add', details });
      const rows = await transaction.namespaces(namespaces ?? []);
      return (namespaces ?? []).filter((_, index) => rows[index] === undefined);
    }),
  );
  if (options.json) {
    stdout.write(`${JSON.stringify({ ...tokenDocument(row, createdAt), token: text }, undefined, 2)}\n`);
  } else {
    stdout.write(`${text}\n`);
    stderr.write(`This is token ${row.id}. It is shown this once: only its hash is kept.\n`);
  }
  for (const namespace of unknown) stderr.write(`The registry has no namespace \`${namespace}\` yet.\n`);
}

async function revokeToken(
  id: string,
  options: AdministrationOptions,
  { stdout }: ProgramHost,
): Promise<void> {
  await administer(options, ({ store, actor }) =>
    store.transaction(async (transaction) => {
      const row = await transaction.accessToken(id);
      if (row === undefined) {
        throw new ProgramError(`there is no token ${id}: \`warg-server token list --all\` lists them`);
      }
      if (!(await transaction.revokeAccessToken(id, Date.now()))) {
        throw new ProgramError(`the token ${id} was revoked already`);
      }
      await transaction.appendAudit({ actor, action: 'token.revoke', details: auditDetails(row) });
    }),
  );
  stdout.write(`revoked ${id}: no server lets it in any more\n`);
}

function auditDetails({ id, scope, namespaces, name }: AccessTokenRow) {
  return { id, scope, namespaces: namespaces ?? '*', name };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function usage(message: string): ProgramError {
  return new ProgramError(message, { exitCode: ExitCode.usage });
}

/** @throws InvalidArgumentError */
function parseName(text: string): string {
  if (/^[^\p{C}]{0,100}$/u.test(text)) return text;
  throw new InvalidArgumentError('Expected a text of at most 100 characters in one line.');
}

/** @throws InvalidArgumentError, which does not repeat what may be a token */
function parseTokenId(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  try {
    if (text.startsWith(accessTokenPrefix)) return parseAccessToken(text).id;
  } catch (error) {
    if (!(error instanceof WargError)) throw error;
  }
  throw new InvalidArgumentError('Expected the id of a token, 16 letters, such as 0f3a9c52d1e84b76.');
}
