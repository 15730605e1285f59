import { type Digest, isDigest } from '@warg/crypto';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { ContentStore } from '../../content/content-store.ts';
import { reasonOf } from '../../content/remote/operation.ts';
import { REMEMBERED } from '../../garbage/collect-garbage.ts';
import type { WithdrawnContent } from '../../store/rows.ts';
import { administer } from '../administration.ts';
import { openContent } from '../content.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { addContentStoreOptions, type ContentStoreOptions } from '../options/content-options.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';
import { ProgramError } from '../program-error.ts';

/** Most withdrawals that are read at once. */
const PAGE = 1000;

/** `warg-server content`: what is not to be handed out any more. */
export function contentCommand(host: ProgramHost): Command {
  const content = new Command('content')
    .description('withdraw contents that must not be handed out, and give them back')
    .addHelpText('after', examples('warg-server content list-withdrawn'));
  content.addCommand(withdrawCommand(host));
  content.addCommand(restoreCommand(host));
  content.addCommand(listCommand(host));
  return content;
}

function digestArgument(): Argument {
  return new Argument('<digest>', 'of the content, as `warg info` prints it').argParser(readDigest);
}

interface WithdrawOptions extends AdministrationOptions, ContentStoreOptions {
  readonly reason: string;
  readonly delete: boolean;
}

function withdrawCommand({ env, stdout }: ProgramHost): Command {
  const command = new Command('withdraw')
    .description(
      'answer 451 with this reason to whoever asks for a content, and take it no more; the records that name it stay',
    )
    .addArgument(digestArgument())
    .addOption(
      new Option('--reason <text>', 'why; everybody who asks for the content is told')
        .argParser(readReason)
        .makeOptionMandatory(),
    )
    .option('--delete', 'delete its bytes, too; give the options for the content that the server has', false)
    .addHelpText(
      'after',
      examples('warg-server content withdraw sha256:… --reason "court order 7 O 123/29"'),
    );
  addContentStoreOptions(addAdministrationOptions(command));
  return command.action(async (digest: Digest, options: WithdrawOptions) => {
    const { reason } = options;
    await administer(options, async ({ store, actor }) => {
      // Opened first: who cannot delete finds out before anything is done.
      const content = options.delete ? (await openContent(options, env)).content : undefined;
      try {
        const isNamed = await store.transaction(async (transaction) => {
          const since = Date.now();
          await transaction.withdrawContent({ digest, reason, since });
          // A server that saw it a moment ago goes on taking it for there, also when it is given back.
          if (options.delete) await transaction.noteRemovals([digest], 'removed', since + REMEMBERED);
          const details = { digest, reason, delete: options.delete };
          await transaction.appendAudit({ actor, action: 'content.withdraw', details });
          return transaction.isContentReferenced(digest);
        });
        stdout.write(`withdrawn: ${digest}\n`);
        if (!isNamed) stdout.write('no published record names it; it will not be taken if one does\n');
        if (content !== undefined) {
          await removeBytes(content, digest);
          stdout.write('its bytes are deleted\n');
        }
      } finally {
        await content?.close();
      }
    });
  });
}

async function removeBytes(content: ContentStore, digest: Digest): Promise<void> {
  try {
    await content.remove(digest);
  } catch (cause) {
    throw new ProgramError(
      `the content is withdrawn, but its bytes could not be deleted (${reasonOf((cause as Error).cause ?? cause)}): ` +
        'give the command again when its store is to be reached',
      { cause },
    );
  }
}

function restoreCommand({ stdout }: ProgramHost): Command {
  const command = new Command('restore')
    .description('hand out a content again that was withdrawn')
    .addArgument(digestArgument())
    .addHelpText('after', examples('warg-server content restore sha256:…'));
  return addAdministrationOptions(command).action(async (digest: Digest, options: AdministrationOptions) => {
    await administer(options, ({ store, actor }) =>
      store.transaction(async (transaction) => {
        if (!(await transaction.restoreContent(digest))) {
          throw new ProgramError(
            `the content ${digest} is not withdrawn: \`warg-server content list-withdrawn\` lists what is`,
          );
        }
        await transaction.appendAudit({ actor, action: 'content.restore', details: { digest } });
      }),
    );
    stdout.write(`restored: ${digest}\n`);
  });
}

function listCommand({ stdout }: ProgramHost): Command {
  const command = new Command('list-withdrawn')
    .description('say which contents are withdrawn, and why')
    .option('--json', 'print a JSON array', false)
    .addHelpText('after', examples('warg-server content list-withdrawn'));
  return addAdministrationOptions(command).action(
    async (options: AdministrationOptions & { readonly json: boolean }) => {
      const found = await administer(options, async ({ store }) => {
        const all: WithdrawnContent[] = [];
        for (;;) {
          const after = all.at(-1)?.digest;
          const page = await store.read((reads) => reads.listWithdrawals({ after, limit: PAGE }));
          all.push(...page);
          if (page.length < PAGE) return all;
        }
      });
      const rows = found.map((row) => ({ ...row, since: new Date(row.since).toISOString() }));
      stdout.write(
        options.json
          ? `${JSON.stringify(rows, undefined, 2)}\n`
          : rows.map(({ digest, since, reason }) => `${digest}  ${since}  ${reason}\n`).join(''),
      );
    },
  );
}

/** @throws InvalidArgumentError */
function readDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InvalidArgumentError('Expected the digest of a content: `sha256:` and 64 hex digits.');
}

/** What strangers will read: one line of words. @throws InvalidArgumentError */
function readReason(text: string): string {
  const reason = text.trim();
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,500}$/u.test(reason)) return reason;
  throw new InvalidArgumentError('Expected one line of 1 to 500 characters.');
}
