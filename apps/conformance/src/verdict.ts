// How a vector's verdict is held against what our code did. The rules are those of vectors/README.md.

import { inspect, isDeepStrictEqual } from 'node:util';
import { WargError } from '@warg/crypto';

/** What a vector expects of one call. `accidental` may stand on the case around it. */
export interface Expected {
  readonly verdict: 'ok' | 'err' | 'panic';
  readonly accidental?: boolean;
}

/** The cases of one file, and a place for what is built once for several of them (trees, pools). */
export interface FileContext {
  // biome-ignore lint/suspicious/noExplicitAny: vectors are untyped JSON; each kind function knows its own shape
  readonly cases: readonly any[];
  readonly memo: Map<string, unknown>;
}

/** One function a kind; it throws when the case fails. */
// biome-ignore lint/suspicious/noExplicitAny: see FileContext
export type Kinds = Record<string, (c: any, file: FileContext) => void | Promise<void>>;

export class CaseFailure extends Error {}

/**
 * Runs `attempt` and holds it against the verdict: `ok` must return what `compare` accepts, `err` and `panic`
 * must be refused with a typed error; an accidental input may be refused as well. An error that is no
 * WargError is a crash, whatever was expected.
 */
export function expectVerdict<T>(expected: Expected, attempt: () => T, compare: (value: T) => void): void {
  let value: T;
  try {
    value = attempt();
  } catch (error) {
    if (!(error instanceof WargError))
      throw new CaseFailure(`untyped error: ${inspect(error)}`, { cause: error });
    if (expected.verdict !== 'ok' || expected.accidental) return;
    throw new CaseFailure(`expected ok, was refused: ${error.code}: ${error.message}`, { cause: error });
  }
  if (expected.verdict !== 'ok') throw new CaseFailure(`expected a refusal, got ${inspect(value)}`);
  compare(value);
}

/** Deep equality, with both sides in the message. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new CaseFailure(
    `${what}: expected ${inspect(expected, { depth: 8 })}, got ${inspect(actual, { depth: 8 })}`,
  );
}
