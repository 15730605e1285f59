import { Command, InvalidArgumentError, Option } from 'commander';
import type { AuditEntry } from '../../store/rows.ts';
import { administer } from '../administration.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { parseCount } from '../option-values.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';

interface AuditOptions extends AdministrationOptions {
  /** ms since the epoch */
  readonly since: number;
  readonly limit: number;
  readonly json: boolean;
}

/** Most entries that are asked for at once. */
const PAGE = 1000;

/** `warg-server audit`: what was done by hand. */
export function auditCommand({ stdout }: ProgramHost): Command {
  const command = new Command('audit')
    .description('say what was done on this registry by hand, and by whom')
    .addOption(
      new Option(
        '--since <time>',
        'only what was done since: 2030-01-31, 2030-01-31T12:00:00Z, 90m, 24h or 7d',
      )
        .default(0, 'everything')
        .argParser((text) => parseSince(text, Date.now())),
    )
    .addOption(new Option('--limit <number>', 'the newest so many').default(100).argParser(parseCount))
    .option('--json', 'print a JSON array', false)
    .addHelpText('after', examples('warg-server audit --since 7d'));
  return addAdministrationOptions(command).action(async (options: AuditOptions) => {
    const entries = await administer(options, async ({ store }) => {
      const newestFirst: AuditEntry[] = [];
      for (;;) {
        const limit = Math.min(PAGE, options.limit - newestFirst.length);
        const before = newestFirst.at(-1)?.id;
        const page = await store.read((reads) => reads.audit({ before, since: options.since, limit }));
        newestFirst.push(...page);
        if (page.length < limit || newestFirst.length >= options.limit) return newestFirst.reverse();
      }
    });
    stdout.write(options.json ? `${JSON.stringify(entries.map(toJson), undefined, 2)}\n` : toText(entries));
  });
}

function toJson({ id, time, actor, action, details }: AuditEntry) {
  return { id, time: new Date(time).toISOString(), actor, action, details };
}

function toText(entries: readonly AuditEntry[]): string {
  return entries
    .map(({ time, actor, action, details }) => {
      // Quoted: a reason that somebody gave must not speak to the terminal.
      const facts = Object.entries(details).map(([name, value]) => `${name}=${shown(value)}`);
      return `${[new Date(time).toISOString(), actor, action, ...facts].join('  ')}\n`;
    })
    .join('');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w:./@+=-]+$/.test(text) ? text : `"${escapeControls(JSON.stringify(text).slice(1, -1))}"`;
}

/** What JSON leaves of characters that move the cursor, or turn the direction of what follows. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws InvalidArgumentError */
function parseSince(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNITS[unit!]!;
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      'Expected a date, a time in UTC or an age, such as 2030-01-31T12:00:00Z or 7d.',
    );
  }
  return time;
}
