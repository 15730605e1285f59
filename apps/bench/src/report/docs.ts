import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the folder where the bench writes what it found. */
export function docsFile(name: string): string {
  return fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));
}

/** Reads raw figures; undefined when there are none yet. */
export function readRaw<T>(name: string): T | undefined {
  const file = docsFile(name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** Writes raw figures. */
export function writeRaw(name: string, figures: object): void {
  writeFileSync(docsFile(name), `${JSON.stringify(figures, roundNumber, 1)}\n`);
}

/** Six digits say more than any of these figures is good for. */
function roundNumber(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
