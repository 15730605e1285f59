import { digestOf, encodeUtf8, isDigest, keyIdOf, parsePublicKey, WargError } from '@warg/crypto';
import {
  type Envelope,
  emptyOperatorState,
  envelopeFromJson,
  envelopeToJson,
  maySignCheckpoints,
  type OperatorState,
  parseRecordId,
  type SignedCheckpoint,
  validateOperator,
} from '@warg/protocol';
import { decodeSignedCheckpoint } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import { contradictionOf, verifySigner } from './checkpoint.ts';
import { type Operator, type Pin, verifySelfSigned } from './operator.ts';

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
 * operator log let commit, they contradict each other, and the log is that of the operator who is named.
 *
 * All records must follow from the ones before, whatever stands in the first of them. A log is an operator's by its
 * first record's id; by a key only where that key signed the first record, or a later one while it held `commit`. That
 * the log names the key, or that the key signed a checkpoint, does not make it the key's: anybody can write down a
 * public key, and checkpoints are public.
 *
 * What it cannot tell: which registry it was, because a checkpoint does not say so (`registry` is the word of whoever
 * made the file, and one key for two registries makes them one); and whether a key was stolen, or given back before.
 *
 * @param operatorKey whom the evidence is about: the operator's public key or its first record's id
 * @throws ClientError `EVIDENCE_INVALID` | `INVALID_OPERATOR_KEY`
 * @example
 * verifyEvidence(parseEvidence(await readFile('evidence.json', 'utf8')), 'ecdsa-p256:A…');
 */
export function verifyEvidence(evidence: Evidence, operatorKey: string): VerifiedEvidence {
  const pin = parsePin(operatorKey);
  const { first, second, operatorRecords } = evidence;
  const [firstRecord] = operatorRecords;
  if (firstRecord === undefined) throw invalid('it has no operator records');
  try {
    // 1. The operator log begins with a record that is signed by the key it names, and follows its own rules to its end.
    const operator = verifySelfSigned(firstRecord);
    const states = statesAfter(operatorRecords);

    // 2. It is the log of the operator who is named.
    verifyAuthor(pin, operator, operatorRecords, states);

    // 3. Both checkpoints are signed by keys that this log let commit.
    verifySignedAtSomeTime(first, states);
    verifySignedAtSomeTime(second, states);

    // 4. They contradict each other.
    const kind = contradictionOf(first, second);
    if (kind === undefined || kind !== evidence.kind) throw invalid('both of its checkpoints can be true');
    return { kind, operator };
  } catch (cause) {
    if (!(cause instanceof WargError) || (cause instanceof ClientError && cause.code === 'EVIDENCE_INVALID'))
      throw cause;
    throw invalid(cause.message, cause);
  }
}

/** The operator log's state after each record; every signature and every rule is checked before anything is concluded. */
function statesAfter(records: readonly Envelope[]): readonly OperatorState[] {
  const states: OperatorState[] = [];
  for (const record of records) states.push(validateOperator(states.at(-1) ?? emptyOperatorState, record));
  return states;
}

/**
 * Stricter than `verifyPin`, which looks at a log that is proved to stand in the registry of the checkpoint. Here nothing
 * is proved but the records, so a record must speak for the pinned key. Each contains the hash of the one before, and with
 * it all of the log that its signer stood for.
 */
function verifyAuthor(
  pin: Pin,
  operator: Operator,
  records: readonly Envelope[],
  states: readonly OperatorState[],
): void {
  if (pin.type === 'record') {
    if (pin.recordId === operator.recordId) return;
    throw aboutAnother(`whose log begins with record ${pin.recordId}`, operator);
  }
  const pinned = keyIdOf(pin.key);
  if (operator.keyId === pinned) return;
  // A guest of a log, who may define a namespace and no more, does not answer for those who sign its checkpoints.
  const signed = (record: Envelope, index: number) =>
    index > 0 && record.keyId === pinned && maySignCheckpoints(states[index - 1]!, pinned);
  if (!records.some(signed)) throw aboutAnother(`with key ${pin.key}`, operator);
}

function aboutAnother(who: string, { recordId, key }: Operator): ClientError {
  return invalid(
    `it is not about the operator ${who}, but about one whose log begins with record ${recordId} and key ${key}`,
  );
}

/** Signed by a key that held `commit` after some record of the operator log, for keys come and go. */
function verifySignedAtSomeTime(checkpoint: SignedCheckpoint, states: readonly OperatorState[]): void {
  const known = states.filter((state) => maySignCheckpoints(state, checkpoint.keyId));
  // A key's id is its hash: it is the same key in every state.
  verifySigner(checkpoint, known[0] ?? states.at(-1)!);
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

/** More than any operator log that was ever written; a file from somebody else is read no further. */
const largestEvidence = 32 * 2 ** 20;
const longestRegistry = 8192;

/**
 * Reads what {@link encodeEvidence} wrote. Nothing of it is verified here.
 *
 * @param text at most 32 Mi characters
 * @throws ClientError `EVIDENCE_INVALID`
 */
export function parseEvidence(text: string): Evidence {
  try {
    if (text.length > largestEvidence) {
      throw new TypeError(`expected at most ${largestEvidence} characters, found ${text.length}`);
    }
    const value = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof value !== 'object' || value === null) throw new TypeError('it is not an object');
    const { format, registry, kind, first, second, operatorRecords } = value;
    if (format !== 'warg-evidence-1') throw new TypeError('it has another format');
    if (kind !== 'fork' && kind !== 'order') throw new TypeError('it is of no known kind');
    if (typeof registry !== 'string' || !Array.isArray(operatorRecords))
      throw new TypeError('members are missing');
    if (registry.length > longestRegistry) throw new TypeError("the registry's name is too long");
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
