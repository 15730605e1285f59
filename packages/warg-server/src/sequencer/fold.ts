import { keyIdOf, WargError } from '@warg/crypto';
import {
  decodeOperatorRecord,
  decodePackageRecord,
  type LogId,
  OPERATOR_LOG_ID,
  type OperatorEntry,
  type PackageEntry,
} from '@warg/protocol';
import type { RegistryLog } from '../registry/core-options.ts';
import type { StoreReads } from '../store/registry-store.ts';
import type { LogPart, LogPartQuery, StoredRecord } from '../store/rows.ts';
import { type LogFold, operatorFold, packageFold } from './log-fold.ts';
import type { VerifiedRecords } from './verified-records.ts';

export interface FoldResult {
  /** In order of arrival. */
  readonly published: readonly StoredRecord[];
  readonly rejected: readonly { readonly record: StoredRecord; readonly reason: string }[];
  /** The rows that the published records changed. */
  readonly parts: readonly LogPart[];
}

/**
 * Folds records, in order of arrival, each into the state of its log. Of the states only those rows are read that the
 * records can touch. A record that does not fit, or that makes the fold throw, is rejected alone.
 *
 * @param signer the id of the key that is to sign the checkpoint with these records
 * @param verified the signatures that need not be verified again
 * @param enough how much work is enough for one turn, in entries: once the records before come to so many, the rest is left for
 *   the next one, and is among neither the published nor the rejected
 */
export async function foldRecords(
  reads: StoreReads,
  records: readonly StoredRecord[],
  log: RegistryLog,
  signer?: string,
  verified?: VerifiedRecords,
  enough = Number.POSITIVE_INFINITY,
): Promise<FoldResult> {
  const folds = new Map<LogId, LogFold>();
  const { queries, count } = partsTouched(records, enough);
  for (const part of await reads.logParts(queries)) {
    folds.set(part.logId, part.logId === OPERATOR_LOG_ID ? operatorFold(part, signer) : packageFold(part));
  }
  const published: StoredRecord[] = [];
  const rejected: { record: StoredRecord; reason: string }[] = [];
  for (const record of records.slice(0, count)) {
    try {
      folds.get(record.logId)!.apply(record, verified?.of(record.recordId));
      published.push(record);
    } catch (error) {
      rejected.push({ record, reason: reasonOf(error, record, log) });
    }
  }
  const parts = [...folds.values()].map((fold) => fold.changes()).filter((part) => part !== undefined);
  return { published, rejected, parts };
}

function reasonOf(error: unknown, record: StoredRecord, log: RegistryLog): string {
  if (error instanceof WargError) return error.message;
  const { logId, recordId } = record;
  log.error(
    { logId, recordId, error: String((error as Error)?.stack ?? error) },
    'a record made the fold throw',
  );
  return 'the registry could not process the record';
}

/** What it takes to read an entry with a key, in others. */
const KEY_WORK = 4;

/** Which rows of which logs the records can touch, as far as they are not enough: the first `count` of them. */
function partsTouched(
  records: readonly StoredRecord[],
  enough: number,
): { readonly queries: LogPartQuery[]; readonly count: number } {
  let work = 0;
  let count = 0;
  const touched = new Map<LogId, { keyIds: Set<string>; versions: Set<string>; namespaces: Set<string> }>();
  for (const { logId, envelope } of records) {
    if (work >= enough) break;
    count += 1;
    let names = touched.get(logId);
    if (names === undefined) {
      names = { keyIds: new Set(), versions: new Set(), namespaces: new Set() };
      touched.set(logId, names);
    }
    names.keyIds.add(envelope.keyId);
    for (const entry of entriesOf(logId, envelope.contentBytes)) {
      work += 'key' in entry ? KEY_WORK : 1;
      switch (entry.type) {
        case 'init':
        case 'grantFlat':
          names.keyIds.add(keyIdOf(entry.key));
          break;
        case 'revokeFlat':
          names.keyIds.add(entry.keyId);
          break;
        case 'release':
        case 'yank':
          names.versions.add(entry.version);
          break;
        case 'defineNamespace':
        case 'importNamespace':
          names.namespaces.add(entry.namespace);
          break;
      }
    }
  }
  const queries = [...touched].map(([logId, { keyIds, versions, namespaces }]) => ({
    logId,
    keyIds: [...keyIds],
    versions: [...versions],
    namespaces: [...namespaces],
  }));
  return { queries, count };
}

function entriesOf(logId: LogId, contentBytes: Uint8Array): readonly (PackageEntry | OperatorEntry)[] {
  try {
    const isOperator = logId === OPERATOR_LOG_ID;
    return (isOperator ? decodeOperatorRecord(contentBytes) : decodePackageRecord(contentBytes)).entries;
  } catch {
    // The fold will say what is wrong with it.
    return [];
  }
}
