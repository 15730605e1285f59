import { keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  compareTimestamps,
  OPERATOR_LOG_ID,
  type OperatorEntry,
  operatorRecordId,
  signOperatorRecord,
  timestampFromMillis,
  ValidationError,
  validateOperator,
} from '@warg/protocol';
import { RegistryError } from '../registry/errors.ts';
import type { StoreTransaction } from '../store/registry-store.ts';
import type { AuditDetails, RecordKey } from '../store/rows.ts';
import type { OperatorChange } from './changes.ts';
import { behindWaiting, readOperatorLog } from './operator-state.ts';

/** Most operator records that wait at once. */
const WAITING = 1000;

export interface OperatorSubmission {
  readonly change: OperatorChange;
  /** The key that signs the record. */
  readonly key: PrivateKey;
  /** Who does it. */
  readonly actor: string;
  /** ms since the epoch */
  readonly now: number;
  /** The id of the key that will sign the checkpoint with this record; by default the one that signed the newest. */
  readonly signer?: string | undefined;
}

/**
 * Signs a record of the operator log and leaves it to the sequencer, behind those that wait already.
 *
 * @throws RegistryError `OPERATOR_RECORD_REFUSED` | `OPERATOR_KEY_IN_USE`
 */
export async function submitOperatorRecord(
  transaction: StoreTransaction,
  { change, key, actor, now, signer }: OperatorSubmission,
): Promise<RecordKey> {
  const published = await readOperatorLog(transaction);
  if (published.length === 0) {
    throw new RegistryError(
      'OPERATOR_RECORD_REFUSED',
      'the registry has no operator log: a server begins it',
    );
  }
  const waiting = await transaction.processingOf(OPERATOR_LOG_ID, WAITING);
  const state = behindWaiting(
    published.state,
    waiting.map(({ envelope }) => envelope),
  );
  const signing = signer ?? (await transaction.latestCheckpoint())?.keyId;
  const entries = change.entries(state, signing);
  const head = state.head!;
  const time = timestampFromMillis(now);
  const envelope = signOperatorRecord(
    { prev: head.recordId, time: compareTimestamps(time, head.time) < 0 ? head.time : time, entries },
    key,
  );
  try {
    validateOperator(state, envelope);
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause;
    throw new RegistryError(
      'OPERATOR_RECORD_REFUSED',
      `the operator log does not allow it: ${cause.message}`,
      {
        cause,
      },
    );
  }
  const record: RecordKey = { logId: OPERATOR_LOG_ID, recordId: operatorRecordId(envelope.contentBytes) };
  await transaction.insertRecords([
    {
      ...record,
      prev: head.recordId,
      envelope,
      packageName: undefined,
      address: '',
      state: 'processing',
      contents: [],
      acceptedAt: now,
    },
  ]);
  const signedBy = keyIdOf(publicKeyOf(key));
  const details = { record: record.recordId, signedBy, entries: entries.map(toDetails) };
  await transaction.appendAudit({ actor, action: change.action, details, time: now });
  return record;
}

function toDetails(entry: OperatorEntry): AuditDetails {
  switch (entry.type) {
    case 'init':
    case 'grantFlat':
      return { ...entry, keyId: keyIdOf(entry.key) };
    default:
      return { ...entry };
  }
}
