import type { Digest } from '@warg/crypto';
import type { LogId, RecordId } from '@warg/protocol';
import { fromBlob, hexOf, removalOf } from '../columns.ts';
import { type RecordColumns, toRecord } from '../columns-to-rows.ts';
import type { ContentRemoval, RecordKey, StoredRecord } from '../rows.ts';
import type { Connection } from './connection.ts';

// What is asked for each record of a transaction, asked for all of them in one statement. The modules of records, logs and
// removals have each for one alone, and the store suite compares the two. What is asked for goes in as a list of texts, hashes
// as their digits. States are changed one by one: an UPDATE of many that reads a list wrote an eighth more to the disk.

const COLUMNS = `arrival, log_id, record_id, prev, state, registry_index, content, key_id, signature, package_name, reason`;

/** `findRecord` for many at once. */
export function findRecords(db: Connection, keys: readonly RecordKey[]): (StoredRecord | undefined)[] {
  const found: (StoredRecord | undefined)[] = keys.map(() => undefined);
  const rows = db.all<[number, ...RecordColumns]>(
    `SELECT asked.key, ${COLUMNS} FROM json_each(?) asked CROSS JOIN record INDEXED BY record_by_id
     ON log_id = unhex(substr(asked.value, 1, 64)) AND record_id = unhex(substr(asked.value, 65))`,
    JSON.stringify(keys.map(({ logId, recordId }) => `${hexOf(logId)}${hexOf(recordId)}`)),
  );
  for (const [at, ...columns] of rows) found[at] = toRecord(columns);
  return found;
}

/** `processingOn` for many at once. */
export function processingOn(
  db: Connection,
  places: readonly { readonly logId: LogId; readonly prev: string | undefined }[],
): (RecordId | undefined)[] {
  // A log's first record has no predecessor, which is not the same as one whose hash is empty: that has the hyphen.
  const rows = db.all<[Uint8Array | null]>(
    `SELECT (
       SELECT record_id FROM record INDEXED BY record_processing_of_log
       WHERE log_id = unhex(substr(asked.value, 1, 64))
         AND prev IS CASE length(asked.value) WHEN 64 THEN NULL ELSE unhex(substr(asked.value, 66)) END
         AND state = 1 ORDER BY arrival LIMIT 1
     ) FROM json_each(?) asked ORDER BY asked.key`,
    JSON.stringify(
      places.map(({ logId, prev }) => `${hexOf(logId)}${prev === undefined ? '' : `-${hexOf(prev)}`}`),
    ),
  );
  return rows.map(([recordId]) => (recordId === null ? undefined : fromBlob<RecordId>(recordId)));
}

/** `contentRemoval` for many at once. */
export function contentRemovals(
  db: Connection,
  digests: readonly Digest[],
  now: number,
): (ContentRemoval | undefined)[] {
  const removals: (ContentRemoval | undefined)[] = digests.map(() => undefined);
  const rows = db.all<[number, number]>(
    `SELECT asked.key, state FROM json_each(?) asked CROSS JOIN content_removal ON digest = unhex(asked.value)
     WHERE until > ?`,
    JSON.stringify(digests.map(hexOf)),
    now,
  );
  for (const [at, state] of rows) removals[at] = removalOf(state);
  return removals;
}

/** Those of the logs that have a head, which are those whose state is worth to be asked for. */
export function logsWithHead(db: Connection, logIds: readonly LogId[]): ReadonlySet<LogId> {
  const rows = db.all<[number]>(
    'SELECT asked.key FROM json_each(?) asked CROSS JOIN log_head ON log_id = unhex(asked.value)',
    JSON.stringify(logIds.map(hexOf)),
  );
  return new Set(rows.map(([at]) => logIds[at]!));
}
