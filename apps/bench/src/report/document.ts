// docs/benchmarks.md and docs/scaling.md: what stands between their markers is written here, the rest by hand.

import { readFileSync, writeFileSync } from 'node:fs';
import { rustVersion } from '@warg-apps/programs';
import type { Machine } from '../machine/machine.ts';
import { docsFile } from './docs.ts';
import type { LineResult } from './results.ts';
import { markdownTable } from './table.ts';

/** Writes the figures into the document. */
export function writeDocument(results: readonly LineResult[]): void {
  writeBetween('benchmarks.md', 'bench', figures(results));
}

/** Puts text between two markers of a document. @throws Error when they are gone */
export function writeBetween(document: string, part: string, text: string): void {
  const file = docsFile(document);
  const [begin, end] = [`<!-- begin: ${part} -->`, `<!-- end: ${part} -->`];
  const [before, rest] = readFileSync(file, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`expected ${begin} and ${end} in ${file}`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

function figures(results: readonly LineResult[]): string {
  const goals = results.flatMap(({ rows }) => rows).filter(({ goal }) => goal !== undefined);
  const sections = results.map((result) =>
    [
      `### ${result.title}`,
      '',
      result.method,
      '',
      markdownTable(result.rows),
      '',
      ...result.notes.flatMap((note) => [note, '']),
      `\`${result.command}\`: ${result.at.slice(0, 10)}, commit ${result.machine.commit}${result.machine.changed ? ' with changes' : ''}, ${result.seconds} s${busyNote(result)}`,
    ].join('\n'),
  );
  const machine = results.at(-1)?.machine;
  return [
    ...(machine === undefined ? [] : [machineText(machine), '']),
    '## The goals',
    '',
    markdownTable(goals),
    '',
    '## Every line',
    '',
    sections.join('\n\n'),
  ].join('\n');
}

function busyNote({ busyCores }: LineResult): string {
  return busyCores > 0.2
    ? `; others used ${busyCores.toFixed(1)} cores when it began, so its figures are too high`
    : '';
}

/** The machine in a paragraph. */
export function machineText(machine: Machine): string {
  return [
    `Measured on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, files on ${machine.filesystem};`,
    `Node ${machine.node}, warg and warg-server ${rustVersion} and warg-transparency 0.10.0 built by cargo with --release.`,
    'SQLite commits with synchronous=FULL, PostgreSQL with its defaults (fsync and synchronous_commit on).',
  ].join('\n');
}
