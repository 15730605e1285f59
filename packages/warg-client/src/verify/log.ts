import type { LogId, PublishedEnvelope, RecordId, SignedCheckpoint } from '@warg/protocol';
import { ClientError } from '../errors.ts';

/** A log that was verified: its records as received, and what they fold to. */
export interface VerifiedLog<State> {
  readonly records: readonly PublishedEnvelope[];
  readonly state: State;
  readonly head: RecordId;
  /** The registry index of the head. */
  readonly headIndex: number;
}

/** The head of a log that was verified before, and the checkpoint that it was proved at. */
export interface KnownHead {
  readonly logId: LogId;
  readonly head: RecordId;
  readonly headIndex: number;
  readonly provedAt: SignedCheckpoint;
}

/** What a registry says about one log, as of a checkpoint. */
export interface LogAnswer<State> {
  readonly logId: LogId;
  /** What is known already. */
  readonly known: VerifiedLog<State> | undefined;
  /** The records after those, or all of them. Untrusted. */
  readonly received: readonly PublishedEnvelope[];
}

/**
 * Checks that records stand in the registry's log one after the other, after those that are known, and below
 * the checkpoint's length.
 *
 * @throws ClientError `REGISTRY_INDEX_INVALID` | `LOG_INCOMPLETE`
 */
export function verifyIndices(answer: LogAnswer<unknown>, logLength: number, what: string): void {
  if (answer.known === undefined && answer.received.length === 0) {
    throw new ClientError(
      'LOG_INCOMPLETE',
      `expected at least one record of ${what}, found none: the registry keeps it back`,
      {
        logId: answer.logId,
      },
    );
  }
  let last = answer.known?.headIndex ?? -1;
  for (const { registryIndex } of answer.received) {
    if (!Number.isSafeInteger(registryIndex) || registryIndex <= last || registryIndex >= logLength) {
      throw new ClientError(
        'REGISTRY_INDEX_INVALID',
        `expected a registry index above ${last} and below ${logLength} for a record of ${what}, found ${registryIndex}`,
        { logId: answer.logId, found: String(registryIndex) },
      );
    }
    last = registryIndex;
  }
}

/** @throws ClientError `REGISTRY_INDEX_INVALID` when two records claim one place in the registry's log */
export function verifyDistinctIndices(answers: readonly LogAnswer<unknown>[]): void {
  const taken = new Map<number, LogId>();
  for (const { logId, received } of answers) {
    for (const { registryIndex } of received) {
      const other = taken.get(registryIndex);
      if (other !== undefined) {
        throw new ClientError(
          'REGISTRY_INDEX_INVALID',
          `expected one record at registry index ${registryIndex}, found one in log ${other} and one in log ${logId}`,
          { logId, found: String(registryIndex) },
        );
      }
      taken.set(registryIndex, logId);
    }
  }
}
