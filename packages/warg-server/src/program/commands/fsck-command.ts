import { Command } from 'commander';
import { type CheckProgress, type CheckSummary, checkStore } from '../../fsck/check-store.ts';
import type { Finding } from '../../fsck/findings.ts';
import { administer } from '../administration.ts';
import { openContent } from '../content.ts';
import { counted } from '../counted.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { readLogVerifierKey } from '../log-key.ts';
import { addContentStoreOptions, type ContentStoreOptions } from '../options/content-options.ts';
import { addLogVerifierOptions, type LogVerifierOptions } from '../options/log-key-options.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';
import { ProgramError } from '../program-error.ts';

/** Most findings that are printed; all are counted. */
const PRINTED = 100;

interface FsckOptions extends AdministrationOptions, ContentStoreOptions, LogVerifierOptions {
  readonly content: boolean;
  readonly json: boolean;
}

/** `warg-server fsck`: computes everything again that a registry has stored. */
export function fsckCommand(host: ProgramHost): Command {
  const command = new Command('fsck')
    .description('compute again what a registry has stored, and say what is wrong; it may be running')
    .option('--no-content', 'leave the contents out')
    .option('--json', 'print a JSON object', false)
    .addHelpText(
      'after',
      `\nExit codes: 0 for nothing wrong, 1 for findings.\n${examples('warg-server fsck')}`,
    );
  addAdministrationOptions(command);
  addContentStoreOptions(command);
  addLogVerifierOptions(command);
  return command.action(async (options: FsckOptions) => {
    const findings: Finding[] = [];
    let count = 0;
    let missing = 0;
    const logKey = await readLogVerifierKey(options);
    const summary = await administer(options, async ({ store }) => {
      const opened = options.content ? await openContent(options, host.env) : undefined;
      try {
        return await checkStore({
          store,
          content: opened?.content,
          logKey,
          report: (finding) => {
            count += 1;
            if (finding.code === 'CONTENT_MISSING') missing += 1;
            if (findings.length < PRINTED) findings.push(finding);
          },
          ...(host.stderr.isTTY ? { onProgress: progressTo(host) } : {}),
        });
      } finally {
        if (host.stderr.isTTY) host.stderr.write('\r\u001b[K');
        await opened?.content.close();
      }
    });
    if (options.json) host.stdout.write(`${JSON.stringify({ ...summary, count, findings })}\n`);
    else host.stdout.write(toText(summary, findings, count));
    if (count > 0 && missing === count && summary.bytes === 0) {
      throw new ProgramError(
        `none of ${counted(count, 'content')} is there: give the --data-dir, --content-dir or --content-store that the server has`,
      );
    }
    if (count > 0) {
      throw new ProgramError(
        `${count} ${count === 1 ? 'thing is' : 'things are'} wrong with what is stored: take a copy before you do ` +
          'anything, and bring back what is damaged from a backup or with --recover-from',
      );
    }
  });
}

function progressTo({ stderr }: ProgramHost): (progress: CheckProgress) => void {
  return ({ records, logs, contents }) => stderr.write(`\r\u001b[K${counts({ records, logs, contents })}`);
}

function counts({ records, logs, contents }: CheckProgress): string {
  return `${counted(records, 'record')}, ${counted(logs, 'log')}, ${counted(contents, 'content')}`;
}

const noteLines = {
  read: 'note of the log: read, its signature was not verified (--log-verifier-key)',
  verified: 'note of the log: signed by its key',
};

function toText(summary: CheckSummary, findings: readonly Finding[], count: number): string {
  const { checkpoint, bytes, note } = summary;
  const lines = findings.map(({ code, where, message }) => `${code}  ${where}: ${message}`);
  if (count > findings.length) lines.push(`and ${count - findings.length} more`);
  lines.push(
    `${counts(summary)} (${counted(bytes, 'byte')})`,
    checkpoint === undefined
      ? 'no checkpoint'
      : `checkpoint of ${counted(checkpoint.logLength, 'record')}: log ${checkpoint.logRoot}, map ${checkpoint.mapRoot}`,
    ...(note === 'none' ? [] : [noteLines[note]]),
    count === 0 ? 'nothing is wrong' : counted(count, 'finding'),
    '',
  );
  return lines.join('\n');
}
