// Counting what held and what did not.

import { isDeepStrictEqual } from 'node:util';

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check: it holds unless it throws. Its line is printed either way. */
export async function check(what: string, attempt: () => unknown): Promise<void> {
  try {
    await attempt();
    pass(what);
  } catch (error) {
    fail(what, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

export function pass(what?: string): void {
  counts.passed++;
  if (what) console.log(`ok   ${what}`);
}

export function fail(what: string, why: string): void {
  counts.failed++;
  console.log(`FAIL ${what}\n${why.replace(/^/gm, '     ')}`);
}

export function skip(what: string, why: string): void {
  counts.skipped++;
  console.log(`skip ${what}: ${why}`);
}

/** @throws Error that shows both, when they differ */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`);
}

/** The last line of a run, and its exit code. */
export function finish(): void {
  const skips = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`${counts.passed} passed, ${counts.failed} failed${skips}`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}
