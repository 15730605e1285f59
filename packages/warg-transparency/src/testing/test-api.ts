import { encodeHex, equalBytes, sha256 } from '@warg/crypto';
import type { Hash } from '../hashing/hash.ts';

/** What is used of a test runner; vitest, jest, mocha and `node:test` fit. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

/** A transaction around the writes of a store, for stores that write inside one of their caller. */
export interface Transaction {
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Opens a fixture, runs a test on it and closes it again, whatever happens. */
export async function withFixture<Fixture extends { close?(): Promise<void> }>(
  open: () => Promise<Fixture>,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const fixture = await open();
  try {
    await body(fixture);
  } finally {
    await fixture.close?.();
  }
}

export function expectEqual(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: expected ${String(expected)}, found ${String(found)}`);
}

export function expectBytes(
  found: Uint8Array | undefined,
  expected: Uint8Array | undefined,
  what: string,
): void {
  if (found === expected) return;
  if (found !== undefined && expected !== undefined && equalBytes(found, expected)) return;
  const show = (bytes: Uint8Array | undefined) => (bytes === undefined ? 'nothing' : encodeHex(bytes));
  throw new Error(`${what}: expected ${show(expected)}, found ${show(found)}`);
}

export async function expectCode(attempt: Promise<unknown>, code: string): Promise<void> {
  let found: unknown;
  try {
    await attempt;
  } catch (error) {
    found = error;
  }
  if ((found as { code?: unknown } | undefined)?.code === code) return;
  throw new Error(`expected an error ${code}, found ${found === undefined ? 'none' : String(found)}`, {
    cause: found,
  });
}

/** A hash for each name, all different. */
export function hashNamed(name: string): Hash {
  return sha256(new TextEncoder().encode(name));
}

/** `count` hashes named after their number, from `start`. */
export function hashesNamed(name: string, start: number, count: number): Hash[] {
  return Array.from({ length: count }, (_, i) => hashNamed(`${name} ${start + i}`));
}
