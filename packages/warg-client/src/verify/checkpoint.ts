import { WargError } from '@warg/crypto';
import {
  maySignCheckpoints,
  type OperatorState,
  type SignedCheckpoint,
  verifyCheckpointSignature,
} from '@warg/protocol';
import { ClientError } from '../errors.ts';

/** How far a registry's clock may be ahead of ours, in seconds. */
export const maxClockAhead = 300;

/**
 * Checks a checkpoint's time against the clock.
 *
 * @param now seconds since 1970
 * @param maxAge in seconds; undefined allows any age
 * @throws ClientError `CHECKPOINT_FROM_FUTURE` | `CHECKPOINT_TOO_OLD`
 */
export function verifyFreshness(checkpoint: SignedCheckpoint, now: number, maxAge: number | undefined): void {
  const { timestamp } = checkpoint.contents;
  if (timestamp > now + maxClockAhead) {
    throw new ClientError(
      'CHECKPOINT_FROM_FUTURE',
      `expected a checkpoint of now, found one that is ${timestamp - now} s ahead of this machine's clock: check both clocks`,
      { found: String(timestamp), expected: String(now) },
    );
  }
  if (maxAge !== undefined && now - timestamp > maxAge) {
    throw new ClientError(
      'CHECKPOINT_TOO_OLD',
      `expected a checkpoint of the last ${maxAge} s, found one that is ${Math.floor(now - timestamp)} s old: the registry, or somebody on the way, serves an old state`,
      { found: String(timestamp), expected: String(now - maxAge) },
    );
  }
}

/** True when both speak of the same state: equal length and roots. Times and signers may differ. */
export function isSameState(a: SignedCheckpoint, b: SignedCheckpoint): boolean {
  return (
    a.contents.logLength === b.contents.logLength &&
    a.contents.logRoot === b.contents.logRoot &&
    a.contents.mapRoot === b.contents.mapRoot
  );
}

/**
 * How two checkpoints of one operator contradict each other, if they do.
 *
 * `fork`: one length, two states. `order`: the one signed later has the shorter log; a log only grows.
 */
export function contradictionOf(a: SignedCheckpoint, b: SignedCheckpoint): 'fork' | 'order' | undefined {
  const { logLength: lengthA, timestamp: timeA } = a.contents;
  const { logLength: lengthB, timestamp: timeB } = b.contents;
  if (lengthA === lengthB) return isSameState(a, b) ? undefined : 'fork';
  return (timeA < timeB && lengthA > lengthB) || (timeA > timeB && lengthA < lengthB) ? 'order' : undefined;
}

/**
 * Checks that a checkpoint does not go back behind one already seen, nor contradicts it.
 *
 * @throws ClientError `CHECKPOINT_CONTRADICTS` | `CHECKPOINT_ROLLED_BACK`
 */
export function verifyOrder(checkpoint: SignedCheckpoint, previous: SignedCheckpoint | undefined): void {
  if (previous === undefined) return;
  const { logLength, timestamp } = checkpoint.contents;
  const seen = previous.contents;
  const contradiction = contradictionOf(previous, checkpoint);
  if (contradiction === 'fork') {
    throw new ClientError(
      'CHECKPOINT_CONTRADICTS',
      `the registry signed two different states of its log at length ${logLength}: it shows different people different things, do not use it`,
      { expected: seen.logRoot, found: checkpoint.contents.logRoot },
    );
  }
  if (contradiction === 'order') {
    throw new ClientError(
      'CHECKPOINT_CONTRADICTS',
      `the registry signed a log of ${logLength} records at ${timestamp}, and one of ${seen.logLength} at ${seen.timestamp}: a log never gets shorter, do not use it`,
      { expected: String(seen.logLength), found: String(logLength) },
    );
  }
  if (logLength < seen.logLength || timestamp < seen.timestamp) {
    throw new ClientError(
      'CHECKPOINT_ROLLED_BACK',
      `expected a checkpoint not older than the one of ${seen.timestamp} with ${seen.logLength} records, found one of ${timestamp} with ${logLength}: the registry, or somebody on the way, serves an old state`,
      { expected: String(seen.timestamp), found: String(timestamp) },
    );
  }
}

/**
 * Checks that a checkpoint is signed by a key that holds `commit`, and by that key indeed.
 *
 * @param operator the state of the operator log at that checkpoint
 * @throws ClientError `CHECKPOINT_SIGNER_REFUSED` | `CHECKPOINT_SIGNATURE_INVALID`
 */
export function verifySigner(checkpoint: SignedCheckpoint, operator: OperatorState): void {
  const signer = checkpoint.keyId;
  const publicKey = operator.keys.get(signer);
  if (publicKey === undefined || !maySignCheckpoints(operator, signer)) {
    throw new ClientError(
      'CHECKPOINT_SIGNER_REFUSED',
      `expected a checkpoint signed by a key that may commit, found ${JSON.stringify(checkpoint.keyId.slice(0, 100))}, which the operator log ${publicKey === undefined ? 'does not know' : 'does not let commit'}`,
      { found: checkpoint.keyId.slice(0, 100) },
    );
  }
  try {
    verifyCheckpointSignature(checkpoint, publicKey);
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError(
      'CHECKPOINT_SIGNATURE_INVALID',
      `the checkpoint of length ${checkpoint.contents.logLength} is not signed by the key that it names`,
      { found: signer },
      { cause },
    );
  }
}

/**
 * Checks that an answer speaks of the checkpoint that was asked about: the same state, signed by whoever may.
 *
 * @param operator the state of the operator log at that checkpoint
 * @throws ClientError `RESPONSE_INVALID` | `CHECKPOINT_CONTRADICTS` | `CHECKPOINT_SIGNER_REFUSED` |
 *   `CHECKPOINT_SIGNATURE_INVALID`
 */
export function verifyRepeated(
  other: SignedCheckpoint,
  checkpoint: SignedCheckpoint,
  operator: OperatorState,
): void {
  const { logLength, logRoot } = checkpoint.contents;
  if (other.contents.logLength !== logLength) {
    throw new ClientError(
      'RESPONSE_INVALID',
      `expected an answer about the checkpoint of length ${logLength}, found one about length ${other.contents.logLength}`,
      { expected: String(logLength), found: String(other.contents.logLength) },
    );
  }
  // Without the operator's signature it is nobody's contradiction.
  verifySigner(other, operator);
  if (isSameState(other, checkpoint)) return;
  throw new ClientError(
    'CHECKPOINT_CONTRADICTS',
    `the registry signed two different states of its log at length ${logLength}: it shows different people different things, do not use it`,
    { expected: logRoot, found: other.contents.logRoot },
  );
}
