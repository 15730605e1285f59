// The raw results, in docs/benchmarks.json: by line, so that one line can be measured anew without the others.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Row } from '../lines/line.ts';
import type { Machine } from '../machine/machine.ts';

export interface LineResult {
  readonly name: string;
  readonly title: string;
  readonly method: string;
  /** When it was measured, ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  readonly machine: Machine;
  /** How many cores others used right before it began. */
  readonly busyCores: number;
  /** What repeats it. */
  readonly command: string;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** Not in the raw results: files of their own. */
  readonly charts?: Readonly<Record<string, string>>;
  readonly details: unknown;
}

export const resultsFile = fileURLToPath(new URL('../../../../docs/benchmarks.json', import.meta.url));

/** What was measured before on a machine like this one. */
export function readResults(machine: Machine): LineResult[] {
  if (!existsSync(resultsFile)) return [];
  const { lines } = JSON.parse(readFileSync(resultsFile, 'utf8')) as { lines: LineResult[] };
  return lines.filter((line) => line.machine.cpu === machine.cpu && line.machine.cores === machine.cores);
}

/** @param order the names of all lines */
export function writeResults(results: readonly LineResult[], order: readonly string[]): void {
  for (const { charts = {} } of results) {
    for (const [name, svg] of Object.entries(charts)) writeFileSync(join(dirname(resultsFile), name), svg);
  }
  const lines = results
    .map(({ charts: _, ...line }) => line)
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  writeFileSync(resultsFile, `${JSON.stringify({ lines }, roundNumber, 1)}\n`);
}

/** Six digits say more than any of these figures is good for. */
function roundNumber(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
