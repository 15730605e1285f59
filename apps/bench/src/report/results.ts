// The raw results, in docs/benchmarks.json: by line, so that one line can be measured anew without the others.

import { writeFileSync } from 'node:fs';
import type { Row } from '../lines/line.ts';
import type { Machine } from '../machine/machine.ts';
import { docsFile, readRaw, writeRaw } from './docs.ts';

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

const FILE = 'benchmarks.json';

/** What was measured last; empty when there is nothing yet. */
export function readResults(): readonly LineResult[] {
  return readRaw<{ lines: LineResult[] }>(FILE)?.lines ?? [];
}

/** What was measured before on a machine like this one. */
export function readResultsOf(machine: Machine): readonly LineResult[] {
  return readResults().filter(
    (line) => line.machine.cpu === machine.cpu && line.machine.cores === machine.cores,
  );
}

/** @param order the names of all lines */
export function writeResults(results: readonly LineResult[], order: readonly string[]): void {
  for (const { charts = {} } of results) {
    for (const [name, svg] of Object.entries(charts)) writeFileSync(docsFile(name), svg);
  }
  const lines = results
    .map(({ charts: _, ...line }) => line)
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  writeRaw(FILE, { lines });
}
