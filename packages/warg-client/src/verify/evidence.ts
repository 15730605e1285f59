import { digestOf, encodeUtf8, isDigest, parsePublicKey, WargError } from '@warg/crypto';
import {
  type Envelope,
  emptyOperatorState,
  envelopeFromJson,
  envelopeToJson,
  parseRecordId,
  type SignedCheckpoint,
  validateOperator,
} from '@warg/protocol';
import { decodeSignedCheckpoint } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import { contradictionOf, verifySigner } from './checkpoint.ts';
import { type Operator, type Pin, verifyPin, verifySelfSigned } from './operator.ts';

/** Two checkpoints, signed by one operator, that cannot both be true. Plain data that anybody can check. */
export interface Evidence {
  readonly format: 'warg-evidence-1';
  /** The registry as the user wrote it. */
  readonly registry: string;
  /** `fork`: two states for one length. `order`: the one signed later has the shorter log. */
  readonly kind: 'fork' | 'order';
  readonly first: SignedCheckpoint;
  readonly second: SignedCheckpoint;
  /** The operator log's records, which name the signers' keys. */
  readonly operatorRecords: readonly Envelope[];
}

/** What evidence shows. */
export interface VerifiedEvidence {
  readonly kind: Evidence['kind'];
  /** Who signed what contradicts itself. */
  readonly operator: Operator;
}

/** @throws ClientError `INVALID_OPERATOR_KEY` */
export function parsePin(text: string): Pin {
  try {
    return isDigest(text)
      ? { type: 'record', recordId: parseRecordId(text) }
      : { type: 'key', key: parsePublicKey(text) };
  } catch (cause) {
    throw new ClientError(
      'INVALID_OPERATOR_KEY',
      `expected an operator's public key (ecdsa-p256:…) or the id of its first record (sha256:…), found ${JSON.stringify(text.slice(0, 100))}`,
      { found: text.slice(0, 100) },
      { cause },
    );
  }
}

/**
 * Checks that evidence shows what it says, without a network: both checkpoints are signed by keys that the
 * operator log let commit, and they contradict each other.
 *
 * @param operatorKey whom the evidence is about: the operator's public key or its first record's id
 * @throws ClientError `EVIDENCE_INVALID` | `INVALID_OPERATOR_KEY`
 * @example
 * verifyEvidence(parseEvidence(await readFile('evidence.json', 'utf8')), 'ecdsa-p256:A…');
 */
export function verifyEvidence(evidence: Evidence, operatorKey: string): VerifiedEvidence {
  const pin = parsePin(operatorKey);
  const [firstRecord] = evidence.operatorRecords;
  if (firstRecord === undefined) throw invalid('it has no operator records');
  try {
    const operator = verifySelfSigned(firstRecord);
    verifySignedBefore(evidence.first, evidence.operatorRecords);
    verifySignedBefore(evidence.second, evidence.operatorRecords);
    verifyPin(pin, operator, evidence.operatorRecords, evidence.first);
    const kind = contradictionOf(evidence.first, evidence.second);
    if (kind === undefined || kind !== evidence.kind) throw invalid('both of its checkpoints can be true');
    return { kind, operator };
  } catch (cause) {
    if (!(cause instanceof WargError) || (cause instanceof ClientError && cause.code === 'EVIDENCE_INVALID'))
      throw cause;
    throw invalid(cause.message, cause);
  }
}

/** Signed by a key that held `commit` after some record of the operator log, for keys come and go. */
function verifySignedBefore(checkpoint: SignedCheckpoint, records: readonly Envelope[]): void {
  let state = emptyOperatorState;
  let refusal: unknown;
  for (const record of records) {
    state = validateOperator(state, record);
    try {
      verifySigner(checkpoint, state);
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

/** The name under which evidence is kept: the same contradiction has the same name. */
export function evidenceId(evidence: Evidence): string {
  return digestOf(encodeUtf8(encodeEvidence(evidence))).slice('sha256:'.length, 'sha256:'.length + 32);
}

/** Evidence as text, for a file. */
export function encodeEvidence(evidence: Evidence): string {
  const { format, registry, kind, first, second, operatorRecords } = evidence;
  return `${JSON.stringify({ format, registry, kind, first, second, operatorRecords: operatorRecords.map(envelopeToJson) }, null, 2)}\n`;
}

/** @throws ClientError `EVIDENCE_INVALID` */
export function parseEvidence(text: string): Evidence {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof value !== 'object' || value === null) throw new TypeError('it is not an object');
    const { format, registry, kind, first, second, operatorRecords } = value;
    if (format !== 'warg-evidence-1') throw new TypeError('it has another format');
    if (kind !== 'fork' && kind !== 'order') throw new TypeError('it is of no known kind');
    if (typeof registry !== 'string' || !Array.isArray(operatorRecords))
      throw new TypeError('members are missing');
    return {
      format,
      registry,
      kind,
      first: decodeSignedCheckpoint(JSON.stringify(first)),
      second: decodeSignedCheckpoint(JSON.stringify(second)),
      operatorRecords: operatorRecords.map(envelopeFromJson),
    };
  } catch (cause) {
    throw invalid((cause as Error).message, cause as Error);
  }
}

function invalid(why: string, cause?: Error): ClientError {
  return new ClientError(
    'EVIDENCE_INVALID',
    `this evidence shows nothing: ${why}`,
    {},
    cause === undefined ? undefined : { cause },
  );
}
