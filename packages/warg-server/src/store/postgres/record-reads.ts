import type { LogId, PackageName, RecordId } from '@warg/protocol';
import { fromBlob, fromHex, toBlob } from '../columns.ts';
import {
  type ContentColumns,
  type PublishedColumns,
  type RecordColumns,
  toContentNeed,
  toPublished,
  toRecord,
} from '../columns-to-rows.ts';
import type { SourcingShare } from '../registry-store.ts';
import type { ContentNeed, PublishedQuery, PublishedRecord, RecordKey, StoredRecord } from '../rows.ts';
import { bytesList, numberList, type Queries, textList } from './queries.ts';

// Lists of questions come in as lists of values; `n` counts them, and answers are in its order.

const COLUMNS = `arrival, log_id, record_id, prev, state, registry_index, content, key_id, signature, package_name, reason`;

export async function findRecords(
  db: Queries,
  keys: readonly RecordKey[],
): Promise<(StoredRecord | undefined)[]> {
  if (keys.length === 0) return [];
  const rows = await db.all<[n: number, ...RecordColumns]>(
    `SELECT q.n, ${COLUMNS}
     FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY q (of_log, id, n)
     JOIN record r ON r.log_id = q.of_log AND r.record_id = q.id`,
    bytesList(keys.map(({ logId }) => toBlob(logId))),
    bytesList(keys.map(({ recordId }) => toBlob(recordId))),
  );
  const found = new Array<StoredRecord | undefined>(keys.length).fill(undefined);
  for (const [n, ...columns] of rows) found[n - 1] = toRecord(columns);
  return found;
}

export async function contentsOf(db: Queries, arrival: number): Promise<ContentNeed[]> {
  const rows = await db.all<ContentColumns>(
    `SELECT digest, missing, (SELECT count(*) FROM content_source s WHERE s.arrival = c.arrival AND s.digest = c.digest)
       FROM record_content c WHERE arrival = $1 ORDER BY position`,
    arrival,
  );
  return rows.map(toContentNeed);
}

export async function processing(db: Queries, limit: number, maxBytes: number): Promise<StoredRecord[]> {
  const rows = await db.all<RecordColumns>(sqlWithin('state = 1'), limit, maxBytes);
  return rows.map(toRecord);
}

/** The first $1 records, until their contents have $2 bytes. The sizes before a row are summed up as far as rows are wanted. */
function sqlWithin(condition: string): string {
  return `SELECT ${COLUMNS} FROM (
       SELECT ${COLUMNS}, sum(length(content)) OVER (
         ORDER BY arrival ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
       FROM record WHERE ${condition} ORDER BY arrival LIMIT $1
     ) first WHERE coalesce(bytes_before, 0) < $2 ORDER BY arrival`;
}

export async function processingOf(
  db: Queries,
  logId: LogId,
  limit: number,
  maxBytes = Number.MAX_SAFE_INTEGER,
): Promise<StoredRecord[]> {
  const rows = await db.all<RecordColumns>(
    sqlWithin('log_id = $3 AND state = 1'),
    limit,
    maxBytes,
    toBlob(logId),
  );
  return rows.map(toRecord);
}

export async function hasRecords(db: Queries, logIds: readonly LogId[]): Promise<boolean[]> {
  const rows = await db.all<[boolean]>(
    `SELECT EXISTS (SELECT 1 FROM record WHERE log_id = q.of_log)
     FROM unnest($1::bytea[]) WITH ORDINALITY q (of_log, n) ORDER BY q.n`,
    bytesList(logIds.map(toBlob)),
  );
  return rows.map(([has]) => has);
}

export async function processingOn(
  db: Queries,
  places: readonly { readonly logId: LogId; readonly prev: string | undefined }[],
): Promise<(RecordId | undefined)[]> {
  const rows = await db.all<[Uint8Array | null]>(
    `SELECT (
       SELECT record_id FROM record
       WHERE log_id = q.of_log AND coalesce(prev, '') = coalesce(q.previous, '') AND state = 1
         AND prev IS NOT DISTINCT FROM q.previous
       ORDER BY arrival LIMIT 1)
     FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY q (of_log, previous, n) ORDER BY q.n`,
    bytesList(places.map(({ logId }) => toBlob(logId))),
    bytesList(places.map(({ prev }) => (prev === undefined ? null : toBlob(prev)))),
  );
  return rows.map(([recordId]) => (recordId === null ? undefined : fromBlob<RecordId>(recordId)));
}

export async function published(
  db: Queries,
  queries: readonly PublishedQuery[],
  maxBytes = Number.MAX_SAFE_INTEGER,
): Promise<PublishedRecord[][]> {
  // A content's length is known without the content being read.
  const rows = await db.all<[n: number, ...PublishedColumns]>(
    `SELECT n, record_id, registry_index, content, key_id, signature FROM (
       SELECT q.n, r.*, sum(length(r.content)) OVER (
         ORDER BY q.n, r.registry_index ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
       FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[])
         WITH ORDINALITY q (of_log, start, below, most, n)
       CROSS JOIN LATERAL (
         SELECT record_id, registry_index, content, key_id, signature FROM record
         WHERE log_id = q.of_log AND registry_index >= q.start AND registry_index < q.below
         ORDER BY registry_index LIMIT q.most
       ) r
     ) found WHERE coalesce(bytes_before, 0) < $5 ORDER BY n, registry_index`,
    bytesList(queries.map(({ logId }) => toBlob(logId))),
    numberList(queries.map(({ from }) => from)),
    numberList(queries.map(({ below }) => below)),
    numberList(queries.map(({ limit }) => limit)),
    maxBytes,
  );
  const found = queries.map((): PublishedRecord[] => []);
  let bytes = 0;
  for (const [n, ...columns] of rows) {
    const record = toPublished(columns);
    found[n - 1]!.push(record);
    bytes += record.envelope.contentBytes.length;
    if (bytes >= maxBytes) return found.slice(0, n);
  }
  return found;
}

export async function leavesAt(
  db: Queries,
  registryIndices: readonly number[],
): Promise<(RecordKey | undefined)[]> {
  // As texts, which is how bytes come anyway.
  const rows = await db.all<[string | null, string | null]>(
    `SELECT encode(r.log_id, 'hex'), encode(r.record_id, 'hex')
     FROM unnest($1::bigint[]) WITH ORDINALITY q (at, n)
     LEFT JOIN record r ON r.registry_index = q.at ORDER BY q.n`,
    numberList(registryIndices),
  );
  return rows.map(([logId, recordId]) =>
    logId === null ? undefined : { logId: fromHex<LogId>(logId), recordId: fromHex<RecordId>(recordId!) },
  );
}

export async function lastIndexBelow(
  db: Queries,
  queries: readonly { readonly logId: LogId; readonly logLength: number }[],
): Promise<(number | undefined)[]> {
  const rows = await db.all<[number | null]>(
    `SELECT (
       SELECT registry_index FROM record WHERE log_id = q.of_log AND registry_index < q.below
       ORDER BY registry_index DESC LIMIT 1)
     FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY q (of_log, below, n) ORDER BY q.n`,
    bytesList(queries.map(({ logId }) => toBlob(logId))),
    numberList(queries.map(({ logLength }) => logLength)),
  );
  return rows.map(([index]) => index ?? undefined);
}

export async function ledger(db: Queries, start: number, end: number): Promise<Uint8Array> {
  const row = await db.get<[Uint8Array | null]>(
    `SELECT string_agg(log_id || record_id, ''::bytea ORDER BY registry_index) FROM record
     WHERE registry_index >= $1 AND registry_index < $2`,
    start,
    end,
  );
  return row?.[0] ?? new Uint8Array(0);
}

export async function isContentReferenced(
  db: Queries,
  digest: string,
  namespaces?: readonly string[],
): Promise<boolean> {
  if (namespaces === undefined) {
    const row = await db.get(
      'SELECT 1 FROM record_content JOIN record USING (arrival) WHERE digest = $1 AND state = 3 LIMIT 1',
      toBlob(digest),
    );
    return row !== undefined;
  }
  const row = await db.get(
    `SELECT 1 FROM record_content JOIN record USING (arrival) JOIN log_head h USING (log_id)
     WHERE digest = $1 AND state = 3 AND split_part(h.package_name, ':', 1) = ANY ($2::text[]) LIMIT 1`,
    toBlob(digest),
    textList(namespaces),
  );
  return row !== undefined;
}

export async function sourcingOfLog(db: Queries, logId: LogId): Promise<SourcingShare[]> {
  const rows = await db.all<[string, number, number]>(
    `SELECT address, count(*), min(arrival) FROM record WHERE log_id = $1 AND state = 0 GROUP BY address`,
    toBlob(logId),
  );
  return rows.map(([address, count, oldest]) => ({ address, count, oldest }));
}

export async function sourcingOfAddress(db: Queries, address: string): Promise<number> {
  const row = await db.get<[number]>('SELECT count(*) FROM record WHERE address = $1 AND state = 0', address);
  return row![0];
}

/** The names of logs in whatever state: the first record of one has it before the log has a head. */
export async function logNames(db: Queries, logIds: readonly LogId[]): Promise<(PackageName | undefined)[]> {
  const rows = await db.all<[PackageName | null]>(
    `SELECT coalesce(
       (SELECT package_name FROM log_head WHERE log_id = q.of_log),
       (SELECT package_name FROM record WHERE log_id = q.of_log AND package_name IS NOT NULL LIMIT 1))
     FROM unnest($1::bytea[]) WITH ORDINALITY q (of_log, n) ORDER BY q.n`,
    bytesList(logIds.map(toBlob)),
  );
  return rows.map(([name]) => name ?? undefined);
}

export async function packageNames(
  db: Queries,
  logIds: readonly LogId[],
): Promise<(PackageName | undefined)[]> {
  const rows = await db.all<[PackageName | null]>(
    `SELECT h.package_name FROM unnest($1::bytea[]) WITH ORDINALITY q (of_log, n)
     LEFT JOIN log_head h ON h.log_id = q.of_log ORDER BY q.n`,
    bytesList(logIds.map(toBlob)),
  );
  return rows.map(([name]) => name ?? undefined);
}
