import { type KeyId, keyIdOf, type PublicKey, parsePublicKey } from '@warg/crypto';
import {
  type LogId,
  OPERATOR_LOG_ID,
  type OperatorState,
  type PackageName,
  type PublishedEnvelope,
  parseLogId,
  parsePackageName,
  parseRecordId,
  type RecordId,
  type SignedCheckpoint,
} from '@warg/protocol';
import type { OperatorPin } from '../results.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { type Operator, verifyOperatorLog, verifySelfSigned } from '../verify/operator.ts';
import {
  checkpointOf,
  checkpointToJson,
  corrupt,
  countOf,
  listOf,
  membersOf,
  publishedOf,
  publishedToJson,
  readDocument,
  textOf,
  writeDocument,
} from './document.ts';

/** A package as the registry's document lists it; its records are in a document of their own. */
export interface ListedPackage {
  readonly name: PackageName;
  /** How many records its document holds. */
  readonly records: number;
  /** The last of them. */
  readonly head: RecordId;
  readonly headIndex: number;
  readonly fetchToken: string;
  /** The checkpoint that its log was proved at. */
  readonly provedAt: SignedCheckpoint;
}

/** What is kept about a registry as a whole. */
export interface RegistryState {
  readonly pin: OperatorPin;
  /** What users gave as `operatorKey` and was found to hold. A key that was rotated away since stays good. */
  readonly confirmedPins: readonly string[];
  /** The last checkpoint that was verified. */
  readonly checkpoint: SignedCheckpoint;
  /** As of `checkpoint`. */
  readonly operator: VerifiedLog<OperatorState>;
  readonly packages: ReadonlyMap<LogId, ListedPackage>;
}

export const registryKey = 'registry';
export const pinKey = 'pin';
const format = 'warg-client-registry-1';
const pinFormat = 'warg-client-pin-1';

/** @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN` */
export async function readRegistryState(snapshot: StorageSnapshot): Promise<RegistryState | undefined> {
  const stored = await readDocument(snapshot, registryKey, format, (members) => {
    const checkpoints = listOf(members['checkpoints'], checkpointOf);
    const checkpointAt = (index: unknown): SignedCheckpoint => {
      const checkpoint = checkpoints[countOf(index)];
      if (checkpoint === undefined) throw new TypeError('expected the number of a checkpoint');
      return checkpoint;
    };
    const packages = new Map<LogId, ListedPackage>();
    for (const element of listOf(members['packages'], membersOf)) {
      packages.set(parseLogId(textOf(element['logId'])), {
        name: parsePackageName(textOf(element['name'])),
        records: countOf(element['records']),
        head: parseRecordId(textOf(element['head'])),
        headIndex: countOf(element['headIndex']),
        fetchToken: textOf(element['fetchToken']),
        provedAt: checkpointAt(element['provedAt']),
      });
    }
    return {
      confirmedPins: listOf(members['confirmedPins'], textOf),
      checkpoint: checkpointAt(members['latest']),
      records: listOf(members['operator'], publishedOf),
      packages,
    };
  });
  const pin = await readPin(snapshot);
  if (stored === undefined) return undefined;
  if (pin === undefined) throw corrupt(pinKey, 'it is missing');
  const { records, ...rest } = stored;
  const first = requireOperator(pin, records);
  return { ...rest, pin, operator: refoldOperator(records, first) };
}

function requireOperator(pin: OperatorPin, [first]: readonly PublishedEnvelope[]): Operator {
  try {
    const operator = first && verifySelfSigned(first);
    if (operator?.recordId === pin.recordId && operator.key === pin.key) return operator;
  } catch (cause) {
    throw corrupt(registryKey, 'the operator log does not begin as it must', cause as Error);
  }
  throw corrupt(pinKey, 'it does not belong to the operator log');
}

function refoldOperator(received: readonly PublishedEnvelope[], first: Operator): VerifiedLog<OperatorState> {
  try {
    return verifyOperatorLog({ logId: OPERATOR_LOG_ID, known: undefined, received }, first);
  } catch (cause) {
    throw corrupt(registryKey, 'the operator log does not fold', cause as Error);
  }
}

/** The documents that make up a registry's state. */
export function writeRegistryState(state: RegistryState): ReadonlyMap<string, Uint8Array> {
  const checkpoints = new Map<SignedCheckpoint, number>();
  const numbers = new Map<string, number>();
  const numberOf = (checkpoint: SignedCheckpoint): number => {
    const known = checkpoints.get(checkpoint);
    if (known !== undefined) return known;
    const text = JSON.stringify(checkpointToJson(checkpoint));
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    checkpoints.set(checkpoint, number);
    return number;
  };
  const latest = numberOf(state.checkpoint);
  const packages = [...state.packages].map(([logId, { provedAt, ...listed }]) => ({
    logId,
    ...listed,
    provedAt: numberOf(provedAt),
  }));
  const document = writeDocument(format, {
    confirmedPins: state.confirmedPins,
    latest,
    checkpoints: [...numbers.keys()].map((text): unknown => JSON.parse(text)),
    operator: state.operator.records.map(publishedToJson),
    packages,
  });
  return new Map([
    [registryKey, document],
    [pinKey, writePin(state.pin)],
  ]);
}

/** Whom the client trusts. A document of its own, so that a reset can keep it. */
export async function readPin(snapshot: StorageSnapshot): Promise<OperatorPin | undefined> {
  return readDocument(snapshot, pinKey, pinFormat, (members) => {
    const key: PublicKey = parsePublicKey(textOf(members['key']));
    const keyId: KeyId = keyIdOf(key);
    const recordId: RecordId = parseRecordId(textOf(members['recordId']));
    const origin = textOf(members['origin']);
    if (origin !== 'user' && origin !== 'well-known' && origin !== 'first-use')
      throw new TypeError('unknown origin');
    return { recordId, key, keyId, origin };
  });
}

function writePin({ recordId, key, origin }: OperatorPin): Uint8Array {
  return writeDocument(pinFormat, { recordId, key, origin });
}
