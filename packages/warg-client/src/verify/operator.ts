import { type KeyId, keyIdOf, type PublicKey, WargError } from '@warg/crypto';
import {
  decodeOperatorRecord,
  type Envelope,
  emptyOperatorState,
  type OperatorState,
  operatorRecordId,
  type RecordId,
  type SignedCheckpoint,
  type VerifiedSignature,
  validateOperatorLog,
  verifyOperatorEnvelope,
} from '@warg/protocol';
import { ClientError } from '../errors.ts';
import type { LogAnswer, VerifiedLog } from './log.ts';

/** Whom to trust. */
export type Pin =
  | { readonly type: 'key'; readonly key: PublicKey }
  /** The id of the operator log's first record. */
  | { readonly type: 'record'; readonly recordId: RecordId };

/** Who runs a registry, by the operator log's first record. */
export interface Operator {
  readonly recordId: RecordId;
  readonly key: PublicKey;
  readonly keyId: KeyId;
  /** The proof that the record's signature was verified. */
  readonly signature: VerifiedSignature;
}

/**
 * Folds the operator log: every record must follow from the ones before.
 *
 * @param first what {@link verifySelfSigned} returned for its first record, if it was called: its signature is not verified
 *   again
 * @throws ClientError `OPERATOR_LOG_INVALID`
 */
export function verifyOperatorLog(
  answer: LogAnswer<OperatorState>,
  first?: Operator,
): VerifiedLog<OperatorState> {
  const records = [...(answer.known?.records ?? []), ...answer.received];
  const last = records.at(-1);
  try {
    // Where nothing is known, the first that came is the first of all.
    const verified = answer.known === undefined ? [first?.signature] : [];
    const state = validateOperatorLog(answer.known?.state ?? emptyOperatorState, answer.received, verified);
    if (last !== undefined) {
      return { records, state, head: operatorRecordId(last.contentBytes), headIndex: last.registryIndex };
    }
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw invalid(cause.message, cause);
  }
  throw invalid('it has no records');
}

/**
 * Checks that the first operator record is signed by the key that its own `init` names.
 *
 * The protocol's state machine does not demand that. Without it anybody could put a pinned key into an `init`
 * and sign with another key that the same record grants everything.
 *
 * @throws ClientError `OPERATOR_LOG_NOT_SELF_SIGNED`
 */
export function verifySelfSigned(first: Envelope): Operator {
  try {
    const [init] = decodeOperatorRecord(first.contentBytes).entries;
    if (init?.type === 'init') {
      const keyId = keyIdOf(init.key);
      if (first.keyId === keyId) {
        const signature = verifyOperatorEnvelope(first, init.key);
        return { recordId: signature.recordId, key: init.key, keyId, signature };
      }
    }
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw notSelfSigned(cause);
  }
  throw notSelfSigned();
}

/**
 * Checks that the operator is the one who is pinned.
 *
 * A pinned record must be the first of the operator log. A pinned key must have made the log (its first
 * record's key), or vouch for it: by a later record that it signed, which contains the hash of all before it,
 * or by this checkpoint. A key that is only *named* in the log proves nothing, for anybody can name a key.
 *
 * @param checkpoint its signature must have been verified already, and that the log stands in it must be before anything
 *   is believed: else it would be enough to name the pinned key in a log and to show a checkpoint of its real one
 * @throws ClientError `OPERATOR_PIN_MISMATCH`
 */
export function verifyPin(
  pin: Pin,
  operator: Operator,
  records: readonly Envelope[],
  checkpoint: SignedCheckpoint,
): void {
  if (pin.type === 'record') {
    if (pin.recordId === operator.recordId) return;
    throw pinMismatch(pin, operator);
  }
  // The fold has verified every signature, so the key ids tell who signed.
  const pinned: string = keyIdOf(pin.key);
  if (records.some((record) => record.keyId === pinned) || checkpoint.keyId === pinned) return;
  throw pinMismatch(pin, operator);
}

function pinMismatch(pin: Pin, operator: Operator): ClientError {
  const [who, expected] =
    pin.type === 'record'
      ? [`whose log begins with record ${pin.recordId}`, pin.recordId]
      : [`with key ${pin.key}`, pin.key];
  return new ClientError(
    'OPERATOR_PIN_MISMATCH',
    `expected the operator ${who}, found one whose log begins with record ${operator.recordId} and key ${operator.key}: ` +
      'this is another registry, or somebody pretends to be yours. If you know that it was set up anew, forget the old one with `warg reset`',
    { expected, found: operator.recordId },
  );
}

function invalid(why: string, cause?: Error): ClientError {
  return new ClientError(
    'OPERATOR_LOG_INVALID',
    `the registry's operator log cannot be true: ${why}`,
    {},
    cause === undefined ? undefined : { cause },
  );
}

function notSelfSigned(cause?: Error): ClientError {
  return new ClientError(
    'OPERATOR_LOG_NOT_SELF_SIGNED',
    'expected the first operator record to be signed by the key that it names, found another signature: this operator log can be forged, do not use the registry',
    {},
    cause === undefined ? undefined : { cause },
  );
}
