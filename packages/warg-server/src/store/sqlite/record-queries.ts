import type { LogId, RecordId } from '@warg/protocol';
import { fromBlob, fromHex, hexOf, STATE_NUMBER, toBlob } from '../columns.ts';
import {
  type ContentColumns,
  type PublishedColumns,
  type RecordColumns,
  toContentNeed,
  toPublished,
  toRecord,
} from '../columns-to-rows.ts';
import type { SourcingShare, StateChange } from '../registry-store.ts';
import type {
  ContentNeed,
  NewRecord,
  PublishedQuery,
  PublishedRecord,
  RecordKey,
  StoredRecord,
} from '../rows.ts';
import type { Connection } from './connection.ts';

const COLUMNS = `arrival, log_id, record_id, prev, state, registry_index, content, key_id, signature, package_name, reason`;

export function findRecord(db: Connection, { logId, recordId }: RecordKey): StoredRecord | undefined {
  const row = db.get<RecordColumns>(
    `SELECT ${COLUMNS} FROM record WHERE log_id = ? AND record_id = ?`,
    toBlob(logId),
    toBlob(recordId),
  );
  return row && toRecord(row);
}

export function contentsOf(db: Connection, arrival: number): ContentNeed[] {
  return db
    .all<ContentColumns>(
      `SELECT digest, missing, (SELECT count(*) FROM content_source s WHERE s.arrival = c.arrival AND s.digest = c.digest)
       FROM record_content c WHERE arrival = ? ORDER BY position`,
      arrival,
    )
    .map(toContentNeed);
}

export function processing(db: Connection, limit: number, maxBytes: number): StoredRecord[] {
  const rows = db.iterate<RecordColumns>(
    `SELECT ${COLUMNS} FROM record INDEXED BY record_processing WHERE state = 1 ORDER BY arrival LIMIT +?`,
    limit,
  );
  return recordsWithin(rows, maxBytes);
}

/** As many records as it takes until their contents have so many bytes; the rest is not read. */
function recordsWithin(rows: Iterable<RecordColumns>, maxBytes: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  let bytes = 0;
  for (const row of rows) {
    const record = toRecord(row);
    records.push(record);
    bytes += record.envelope.contentBytes.length;
    if (bytes >= maxBytes) break;
  }
  return records;
}

export function hasRecords(db: Connection, logId: LogId): boolean {
  return db.get('SELECT 1 FROM record WHERE log_id = ? LIMIT 1', toBlob(logId)) !== undefined;
}

export function processingOf(
  db: Connection,
  logId: LogId,
  limit: number,
  maxBytes = Number.POSITIVE_INFINITY,
): StoredRecord[] {
  const rows = db.iterate<RecordColumns>(
    `SELECT ${COLUMNS} FROM record INDEXED BY record_processing_of_log
     WHERE log_id = ? AND state = 1 ORDER BY arrival LIMIT +?`,
    toBlob(logId),
    limit,
  );
  return recordsWithin(rows, maxBytes);
}

export function processingOn(db: Connection, logId: LogId, prev: string | undefined): RecordId | undefined {
  const row = db.get<[Uint8Array]>(
    'SELECT record_id FROM record WHERE log_id = ? AND prev IS ? AND state = 1 ORDER BY arrival LIMIT 1',
    toBlob(logId),
    prev === undefined ? null : toBlob(prev),
  );
  return row && fromBlob<RecordId>(row[0]);
}

/** Records are read so many at a time: what is not wanted for want of room is not read. */
const CHUNK = 32;

/** A page of a log; it ends where there is no room any more, and takes what it needs. */
export function published(
  db: Connection,
  { logId, from, below, limit }: PublishedQuery,
  room: { bytes: number },
): PublishedRecord[] {
  const records: PublishedRecord[] = [];
  for (let start = from; records.length < limit; ) {
    const wanted = Math.min(CHUNK, limit - records.length);
    const rows = publishedChunk(db, logId, start, below, wanted);
    for (const row of rows) {
      const record = toPublished(row);
      room.bytes -= record.envelope.contentBytes.length;
      records.push(record);
      if (room.bytes <= 0) return records;
      start = record.registryIndex + 1;
    }
    if (rows.length < wanted) break;
  }
  return records;
}

// `LIMIT +?` and not `LIMIT ?`, here and everywhere: SQLite would plan the query anew for each value.
function publishedChunk(
  db: Connection,
  logId: LogId,
  from: number,
  below: number,
  limit: number,
): PublishedColumns[] {
  return db.all<PublishedColumns>(
    `SELECT record_id, registry_index, content, key_id, signature FROM record INDEXED BY record_of_log
     WHERE log_id = ? AND registry_index >= ? AND registry_index < ? ORDER BY registry_index LIMIT +?`,
    toBlob(logId),
    from,
    below,
    limit,
  );
}

export function leafAt(db: Connection, registryIndex: number): RecordKey | undefined {
  const row = db.get<[Uint8Array, Uint8Array]>(
    'SELECT log_id, record_id FROM record WHERE registry_index = ?',
    registryIndex,
  );
  return row && { logId: fromBlob<LogId>(row[0]), recordId: fromBlob<RecordId>(row[1]) };
}

export function lastIndexBelow(db: Connection, logId: LogId, logLength: number): number | undefined {
  return db.get<[number]>(
    `SELECT registry_index FROM record INDEXED BY record_of_log
     WHERE log_id = ? AND registry_index < ? ORDER BY registry_index DESC LIMIT 1`,
    toBlob(logId),
    logLength,
  )?.[0];
}

/** The same for many at once, which takes a statement and not one for each. */
export function leavesAt(db: Connection, registryIndices: readonly number[]): (RecordKey | undefined)[] {
  const leaves: (RecordKey | undefined)[] = registryIndices.map(() => undefined);
  // As texts, which cost less to hand over than bytes that become texts here.
  const rows = db.all<[number, string, string]>(
    `SELECT asked.key, lower(hex(log_id)), lower(hex(record_id)) FROM json_each(?) asked
     CROSS JOIN record INDEXED BY record_at ON registry_index = asked.value`,
    JSON.stringify(registryIndices),
  );
  for (const [at, logId, recordId] of rows) {
    leaves[at] = { logId: fromHex<LogId>(logId), recordId: fromHex<RecordId>(recordId) };
  }
  return leaves;
}

/** The same for many at once. */
export function lastIndicesBelow(
  db: Connection,
  queries: readonly { readonly logId: LogId; readonly logLength: number }[],
): (number | undefined)[] {
  // Each question is a text: the 64 hexadecimal digits of the log's id, and the length behind them.
  const rows = db.all<[number | null]>(
    `SELECT (
       SELECT registry_index FROM record INDEXED BY record_of_log
       WHERE log_id = unhex(substr(asked.value, 1, 64)) AND registry_index < CAST(substr(asked.value, 65) AS INTEGER)
       ORDER BY registry_index DESC LIMIT 1
     ) FROM json_each(?) asked ORDER BY asked.key`,
    JSON.stringify(queries.map(({ logId, logLength }) => `${hexOf(logId)}${logLength}`)),
  );
  return rows.map(([index]) => index ?? undefined);
}

export function ledger(db: Connection, start: number, end: number): Uint8Array {
  const rows = db.all<[Uint8Array, Uint8Array]>(
    'SELECT log_id, record_id FROM record WHERE registry_index >= ? AND registry_index < ? ORDER BY registry_index',
    start,
    end,
  );
  const bytes = new Uint8Array(rows.length * 64);
  rows.forEach(([logId, recordId], row) => {
    bytes.set(logId, row * 64);
    bytes.set(recordId, row * 64 + 32);
  });
  return bytes;
}

export function isContentReferenced(db: Connection, digest: string, namespaces?: readonly string[]): boolean {
  if (namespaces === undefined) {
    const row = db.get(
      `SELECT 1 FROM record_content JOIN record USING (arrival) WHERE digest = ? AND state = 3 LIMIT 1`,
      toBlob(digest),
    );
    return row !== undefined;
  }
  // 58 is the colon between namespace and name.
  const row = db.get(
    `SELECT 1 FROM record_content JOIN record USING (arrival) JOIN log_head h USING (log_id)
     WHERE digest = ? AND state = 3
       AND substr(h.package_name, 1, instr(h.package_name, char(58)) - 1) IN (SELECT value FROM json_each(?))
     LIMIT 1`,
    toBlob(digest),
    JSON.stringify(namespaces),
  );
  return row !== undefined;
}

export function sourcingOfLog(db: Connection, logId: LogId): SourcingShare[] {
  return db
    .all<[string, number, number]>(
      `SELECT address, count(*), min(arrival) FROM record INDEXED BY record_sourcing_of_log
       WHERE log_id = ? AND state = 0 GROUP BY address`,
      toBlob(logId),
    )
    .map(([address, count, oldest]) => ({ address, count, oldest }));
}

export function sourcingOfAddress(db: Connection, address: string): number {
  return db.get<[number]>('SELECT count(*) FROM record WHERE address = ? AND state = 0', address)![0];
}

export function insertRecord(db: Connection, record: NewRecord): void {
  const arrival =
    insertRow(db, record, 'ON CONFLICT (log_id, record_id) DO NOTHING') ?? insertAgain(db, record);
  record.contents.forEach(({ digest, missing }, position) => {
    db.run(
      'INSERT INTO record_content (arrival, position, digest, missing) VALUES (?, ?, ?, ?)',
      arrival,
      position,
      toBlob(digest),
      missing ? 1 : 0,
    );
  });
}

/** @returns its arrival; undefined if nothing was done because of a conflict */
function insertRow(db: Connection, record: NewRecord, conflict: string): number | undefined {
  const { contentBytes, keyId, signature } = record.envelope;
  return db.get<[number]>(
    `INSERT INTO record (log_id, record_id, prev, state, content, key_id, signature, package_name, address, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ${conflict} RETURNING arrival`,
    toBlob(record.logId),
    toBlob(record.recordId),
    record.prev === undefined ? null : toBlob(record.prev),
    STATE_NUMBER[record.state],
    contentBytes,
    keyId,
    signature,
    record.packageName ?? null,
    record.address,
    record.acceptedAt,
  )?.[0];
}

/** Takes the place of the same record if that has expired; any other makes SQLite throw. */
function insertAgain(db: Connection, record: NewRecord): number {
  const expired = db.get<[number]>(
    'SELECT arrival FROM record WHERE log_id = ? AND record_id = ? AND state = 4',
    toBlob(record.logId),
    toBlob(record.recordId),
  );
  if (expired !== undefined) forgetRecord(db, expired[0]);
  return insertRow(db, record, '')!;
}

export function changeState(db: Connection, change: StateChange): void {
  db.run(
    'UPDATE record SET state = ?, registry_index = ?, reason = ?, changed_at = ? WHERE arrival = ?',
    STATE_NUMBER[change.state],
    'registryIndex' in change ? change.registryIndex : null,
    'reason' in change ? change.reason : null,
    change.changedAt,
    change.arrival,
  );
}

export function markContentStored(db: Connection, arrival: number, digest: string): void {
  db.run(
    'UPDATE record_content SET missing = 0 WHERE arrival = ? AND digest = ? AND missing = 1',
    arrival,
    toBlob(digest),
  );
}

export function expireSourcing(db: Connection, before: number, reason: string, now: number): number {
  return db.run(
    'UPDATE record SET state = 4, reason = ?, changed_at = ? WHERE state = 0 AND changed_at < ?',
    reason,
    now,
    before,
  );
}

export function forgetExpired(db: Connection, before: number): number {
  const rows = db.all<[number]>('SELECT arrival FROM record WHERE state = 4 AND changed_at < ?', before);
  for (const [arrival] of rows) forgetRecord(db, arrival);
  return rows.length;
}

function forgetRecord(db: Connection, arrival: number): void {
  // A later record may get the same number.
  db.run('DELETE FROM content_source WHERE arrival = ?', arrival);
  db.run('DELETE FROM record_content WHERE arrival = ?', arrival);
  db.run('DELETE FROM record WHERE arrival = ?', arrival);
}
