import { setTimeout as sleep } from 'node:timers/promises';
import { ContentError } from '../content-store.ts';
import type { Patience } from './exchange.ts';

/** An answer of a store that says no. */
export class StoreAnswerError extends Error {
  override readonly name = 'StoreAnswerError';
  readonly status: number;
  /** The store's own code for what went wrong, if it gave one. */
  readonly detail: string | undefined;

  constructor(what: string, status: number, detail?: string) {
    super(`the store answered ${status}${detail === undefined ? '' : ` (${detail})`} to ${what}`);
    this.status = status;
    this.detail = detail;
  }
}

/** A store that does something else than its protocol says. Asking again is of no use. */
export class StoreProtocolError extends Error {
  override readonly name = 'StoreProtocolError';
}

/**
 * Does something with a store elsewhere, again and with growing pauses while it fails in a way that may pass. `attempt`
 * must therefore be harmless when it is repeated after it succeeded without our knowing.
 *
 * @throws ContentError as it was thrown; else `CONTENT_STORE_UNAVAILABLE` with the last reason as its cause
 */
export async function operate<T>(
  what: string,
  { tries, pause }: Patience,
  closed: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number++) {
    closed.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof ContentError) throw error;
      closed.throwIfAborted();
      if (number >= tries || !mayPass(error)) throw unavailable(what, error);
    }
    // Not all of those who were turned away at once come back at once.
    await sleep(pause * 2 ** (number - 1) * (0.5 + Math.random()), undefined, { signal: closed }).catch(
      () => {},
    );
  }
}

/** What is said of a store that did not do what was asked: nothing of the reason, which is the cause. */
export function unavailable(what: string, cause: unknown): ContentError {
  return new ContentError(
    'CONTENT_STORE_UNAVAILABLE',
    'the registry cannot reach its contents at the moment: try again later',
    { cause: new Error(`cannot ${what}: ${reasonOf(cause)}`, { cause }) },
  );
}

/** The reason of a failure in one line: fetch hides it in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  const inner = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : '';
  const message = error.message === '' && typeof code === 'string' ? code : error.message;
  return `${message}${inner}`;
}

const passingStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

function mayPass(error: unknown): boolean {
  if (error instanceof StoreProtocolError) return false;
  return !(error instanceof StoreAnswerError) || passingStatuses.includes(error.status);
}
