import { type LogId, OPERATOR_LOG_ID, type PackageName, type RecordId } from '@warg/protocol';
import { fromBlob, toBlob } from '../columns.ts';
import { type KeyColumns, type ReleaseColumns, toKey, toRelease, toTime } from '../columns-to-rows.ts';
import type { KeyRow, LogPart, LogPartQuery, NamespaceRow, ReleaseRow } from '../rows.ts';
import type { Connection } from './connection.ts';

export function packageName(db: Connection, logId: LogId): PackageName | undefined {
  const row = db.get<[PackageName | null]>(
    'SELECT package_name FROM log_head WHERE log_id = ?',
    toBlob(logId),
  );
  return row?.[0] ?? undefined;
}

/** The name of a log in whatever state: its first record has it before the log has a head. */
export function logName(db: Connection, logId: LogId): PackageName | undefined {
  const known = packageName(db, logId);
  if (known !== undefined) return known;
  const row = db.get<[PackageName]>(
    'SELECT package_name FROM record WHERE log_id = ? AND package_name IS NOT NULL LIMIT 1',
    toBlob(logId),
  );
  return row?.[0];
}

export function keyRow(db: Connection, logId: LogId, keyId: string): KeyRow | undefined {
  const row = db.get<KeyColumns>(
    'SELECT key_id, public_key, permissions FROM log_key WHERE log_id = ? AND key_id = ?',
    toBlob(logId),
    keyId,
  );
  return row && toKey(row);
}

export function namespaceRow(db: Connection, namespace: string): NamespaceRow | undefined {
  const row = db.get<[string | null]>('SELECT registry FROM log_namespace WHERE namespace = ?', namespace);
  return row && { namespace, registry: row[0] ?? undefined };
}

function releaseRow(db: Connection, logId: LogId, version: string): ReleaseRow | undefined {
  const row = db.get<ReleaseColumns>(
    `SELECT version, record_id, released_by, CAST(seconds AS TEXT), nanos, content,
            yanked_by, CAST(yanked_seconds AS TEXT), yanked_nanos
     FROM log_release WHERE log_id = ? AND version = ?`,
    toBlob(logId),
    version,
  );
  return row && toRelease(row);
}

/** The state of a log that has not begun. */
export function emptyPart(logId: LogId): LogPart {
  const nothing = { packageName: undefined, algorithm: undefined, head: undefined };
  return { logId, ...nothing, keys: [], releases: [], namespaces: [] };
}

export function logPart(db: Connection, query: LogPartQuery): LogPart {
  const { logId } = query;
  const head = db.get<[PackageName | null, string, Uint8Array, string, number]>(
    'SELECT package_name, algorithm, record_id, CAST(seconds AS TEXT), nanos FROM log_head WHERE log_id = ?',
    toBlob(logId),
  );
  if (head === undefined) return emptyPart(logId);
  const [name, algorithm, recordId, seconds, nanos] = head;
  return {
    logId,
    packageName: name ?? undefined,
    algorithm,
    head: { recordId: fromBlob<RecordId>(recordId), time: toTime(seconds, nanos) },
    keys: present(query.keyIds, (keyId) => keyRow(db, logId, keyId)),
    releases: present(query.versions, (version) => releaseRow(db, logId, version)),
    namespaces: present(query.namespaces, (namespace) => namespaceRow(db, namespace)),
  };
}

export function logIds(db: Connection, after: LogId | undefined, limit: number): LogId[] {
  return db
    .all<[Uint8Array]>(
      'SELECT log_id FROM log_head WHERE log_id > ? ORDER BY log_id LIMIT +?',
      after === undefined ? new Uint8Array(0) : toBlob(after),
      limit,
    )
    .map(([logId]) => fromBlob<LogId>(logId));
}

export function wholeLog(db: Connection, logId: LogId): LogPart {
  const names = (sql: string, ...values: Uint8Array[]) =>
    db.all<[string]>(sql, ...values).map(([name]) => name);
  const ofLog = toBlob(logId);
  return logPart(db, {
    logId,
    keyIds: names('SELECT key_id FROM log_key WHERE log_id = ?', ofLog),
    versions: names('SELECT version FROM log_release WHERE log_id = ?', ofLog),
    namespaces:
      logId === OPERATOR_LOG_ID
        ? names("SELECT namespace FROM log_namespace WHERE namespace > '' ORDER BY namespace")
        : [],
  });
}

function present<Key, Row>(keys: readonly Key[], read: (key: Key) => Row | undefined): Row[] {
  return keys.map(read).filter((row) => row !== undefined);
}

export function saveLogPart(db: Connection, part: LogPart): void {
  const logId = toBlob(part.logId);
  const { head, algorithm } = part;
  if (head !== undefined && algorithm !== undefined) {
    db.run(
      `INSERT INTO log_head (log_id, package_name, algorithm, record_id, seconds, nanos) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (log_id) DO UPDATE SET
         record_id = excluded.record_id, seconds = excluded.seconds, nanos = excluded.nanos`,
      logId,
      part.packageName ?? null,
      algorithm,
      toBlob(head.recordId),
      head.time.seconds,
      head.time.nanos,
    );
  }
  for (const { keyId, publicKey, permissions } of part.keys) {
    db.run(
      `INSERT INTO log_key (log_id, key_id, public_key, permissions) VALUES (?, ?, ?, ?)
       ON CONFLICT (log_id, key_id) DO UPDATE SET permissions = excluded.permissions`,
      logId,
      keyId,
      publicKey,
      permissions.join(','),
    );
  }
  for (const release of part.releases) saveRelease(db, logId, release);
  for (const { namespace, registry } of part.namespaces) {
    db.run(
      'INSERT OR REPLACE INTO log_namespace (namespace, registry) VALUES (?, ?)',
      namespace,
      registry ?? null,
    );
  }
}

function saveRelease(db: Connection, logId: Uint8Array, release: ReleaseRow): void {
  const { yanked } = release;
  db.run(
    `INSERT OR REPLACE INTO log_release
       (log_id, version, record_id, released_by, seconds, nanos, content, yanked_by, yanked_seconds, yanked_nanos)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    logId,
    release.version,
    toBlob(release.recordId),
    release.by,
    release.time.seconds,
    release.time.nanos,
    release.content ?? null,
    yanked?.by ?? null,
    yanked?.time.seconds ?? null,
    yanked?.time.nanos ?? null,
  );
}
