import { keyIdOf, type PublicKey, WargError } from '@warg/crypto';
import {
  emptyOperatorState,
  maySignCheckpoints,
  type OperatorState,
  operatorRecordId,
  type RecordId,
  validateOperator,
  verifyCheckpointSignature,
} from '@warg/protocol';
import { limits, type SignedCheckpoint } from '@warg/protocol/api';
import { MAX_LOG_LENGTH } from '@warg/transparency';
import { ImportError } from './errors.ts';
import type { ForeignOperator } from './operator-log.ts';
import type { RegistrySource } from './source.ts';

/** What another registry signed last, by a key that its operator log lets sign. */
export interface SourceHead {
  readonly checkpoint: SignedCheckpoint;
  /** The last record of the operator log below the checkpoint's length. */
  readonly operatorHead: RecordId;
  readonly operator: ForeignOperator;
}

/**
 * Reads the newest checkpoint and the operator log that it covers. That this log is the one of the ledger is to be proved later.
 *
 * @param operatorKey the key under which the registry is taken over
 * @throws ImportError `IMPORT_OPERATOR_MISMATCH` | `IMPORT_CHECKPOINT_INVALID` | `IMPORT_RECORD_MISMATCH` and those of the source
 */
export async function fetchHead(source: RegistrySource, operatorKey: PublicKey): Promise<SourceHead> {
  const checkpoint = await source.checkpoint();
  const { logLength } = checkpoint.contents;
  if (logLength < 1 || logLength > MAX_LOG_LENGTH) {
    throw new ImportError(
      'IMPORT_CHECKPOINT_INVALID',
      `expected a checkpoint of 1 to ${MAX_LOG_LENGTH} records, found ${logLength}`,
    );
  }
  const { state, firstRecord } = await fetchOperatorLog(source, logLength);
  const given = keyIdOf(operatorKey);
  if (!maySignCheckpoints(state, given)) throw operatorMismatch(source.url, given, state);
  requireSigned(checkpoint, state.keys.get(checkpoint.keyId), maySignCheckpoints(state, checkpoint.keyId));
  const keys = [...state.keys.keys()].map((keyId) => ({
    keyId,
    permissions: [...(state.permissions.get(keyId) ?? [])],
  }));
  return {
    checkpoint,
    operatorHead: state.head!.recordId,
    operator: { firstRecord, firstKey: keys[0]!.keyId, keys },
  };
}

/**
 * @param key the public key with the checkpoint's key id, if the operator log knows it
 * @throws ImportError `IMPORT_CHECKPOINT_INVALID`
 */
export function requireSigned(
  checkpoint: SignedCheckpoint,
  key: PublicKey | undefined,
  maySign: boolean,
): void {
  if (key === undefined || !maySign) {
    throw new ImportError(
      'IMPORT_CHECKPOINT_INVALID',
      `expected the checkpoint to be signed by a key with the permission \`commit\` in the operator log, found the key ` +
        `${checkpoint.keyId}, which has none`,
    );
  }
  try {
    verifyCheckpointSignature(checkpoint, key);
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ImportError(
      'IMPORT_CHECKPOINT_INVALID',
      `expected the checkpoint of ${checkpoint.contents.logLength} records to have a signature by the key ` +
        `${checkpoint.keyId}, found another one`,
      { cause },
    );
  }
}

export function operatorMismatch(whose: string, given: string, state: OperatorState): ImportError {
  const signers = [...state.keys.keys()].filter((id) => maySignCheckpoints(state, id));
  return new ImportError(
    'IMPORT_OPERATOR_MISMATCH',
    `the registry at ${whose} belongs to another operator: expected the operator key to be one of those that may sign ` +
      `there (${signers.slice(0, 5).join(', ')}), found ${given}`,
  );
}

async function fetchOperatorLog(
  source: RegistrySource,
  logLength: number,
): Promise<{ readonly state: OperatorState; readonly firstRecord: RecordId }> {
  let state = emptyOperatorState;
  let firstRecord: RecordId | undefined;
  let last = -1;
  const { max: limit } = limits.fetchLogsLimit;
  for (;;) {
    const operator = state.head?.recordId;
    const answer = await source.logs({ logLength, limit, operator, packages: new Map() });
    for (const record of answer.operator) {
      // Each has a higher number than the one before: so there are no more than the checkpoint has records.
      if (record.registryIndex <= last || record.registryIndex >= logLength) {
        throw new ImportError(
          'IMPORT_RECORD_MISMATCH',
          `expected an operator record with a number above ${last} and below ${logLength}, found ${record.registryIndex}`,
        );
      }
      const isFirst = last === -1;
      last = record.registryIndex;
      try {
        state = validateOperator(state, record);
      } catch (cause) {
        if (!(cause instanceof WargError)) throw cause;
        throw new ImportError(
          'IMPORT_RECORD_MISMATCH',
          `the operator record ${operatorRecordId(record.contentBytes)} does not fit: ${cause.message}`,
          { cause },
        );
      }
      // The protocol does not demand it. Without it anybody could begin a log in the name of a known key.
      if (isFirst) requireOwnInit(state, record.keyId);
      firstRecord ??= state.head!.recordId;
    }
    if (answer.operator.length === 0 || !answer.more) break;
  }
  if (firstRecord === undefined) {
    throw new ImportError(
      'IMPORT_RECORD_MISMATCH',
      `the registry at ${source.url} has no record in its operator log`,
    );
  }
  return { state, firstRecord };
}

function requireOwnInit(state: OperatorState, signer: string): void {
  const [named] = state.keys.keys();
  if (named === signer) return;
  throw new ImportError(
    'IMPORT_OPERATOR_MISMATCH',
    `expected the first record of the operator log to be signed by the key that it begins with, ${named}, found ${signer}`,
  );
}
