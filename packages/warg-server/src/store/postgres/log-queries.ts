import { type LogId, OPERATOR_LOG_ID, type PackageName, type RecordId } from '@warg/protocol';
import { fromBlob, toBlob } from '../columns.ts';
import { type KeyColumns, type ReleaseColumns, toKey, toRelease, toTime } from '../columns-to-rows.ts';
import type { KeyRow, LogPart, LogPartQuery, NamespaceRow, ReleaseRow } from '../rows.ts';
import { keyOfText, longText } from './long-texts.ts';
import { bytesList, numberList, portions, type Queries, textList } from './queries.ts';

export async function keyRows(
  db: Queries,
  queries: readonly { readonly logId: LogId; readonly keyId: string }[],
): Promise<(KeyRow | undefined)[]> {
  if (queries.length === 0) return [];
  const rows = await db.all<[n: number, ...KeyColumns]>(
    `SELECT q.n, k.key_id, k.public_key, k.permissions
     FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY q (of_log, id, n)
     JOIN log_key k ON k.log_id = q.of_log AND k.key_id = q.id`,
    bytesList(queries.map(({ logId }) => toBlob(logId))),
    textList(queries.map(({ keyId }) => keyId)),
  );
  return inOrder(queries.length, rows, toKey);
}

export async function namespaceRows(
  db: Queries,
  names: readonly string[],
): Promise<(NamespaceRow | undefined)[]> {
  if (names.length === 0) return [];
  const rows = await db.all<[n: number, namespace: string, registry: string | null]>(
    `SELECT q.n, coalesce(s.long_namespace, s.namespace), s.registry FROM unnest($1::text[]) WITH ORDINALITY q (name, n)
     JOIN log_namespace s ON s.namespace = q.name`,
    textList(names.map(keyOfText)),
  );
  return inOrder(names.length, rows, ([namespace, registry]: [string, string | null]) => ({
    namespace,
    registry: registry ?? undefined,
  }));
}

async function releaseRows(
  db: Queries,
  queries: readonly { readonly logId: LogId; readonly version: string }[],
): Promise<(ReleaseRow | undefined)[]> {
  if (queries.length === 0) return [];
  const rows = await db.all<[n: number, ...ReleaseColumns]>(
    `SELECT q.n, coalesce(r.long_version, r.version), r.record_id, r.released_by, r.seconds::text, r.nanos, r.content,
            r.yanked_by, r.yanked_seconds::text, r.yanked_nanos
     FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY q (of_log, wanted, n)
     JOIN log_release r ON r.log_id = q.of_log AND r.version = q.wanted`,
    bytesList(queries.map(({ logId }) => toBlob(logId))),
    textList(queries.map(({ version }) => keyOfText(version))),
  );
  return inOrder(queries.length, rows, toRelease);
}

/** Puts rows that begin with the number of their question, from 1, into the places of their questions. */
function inOrder<Columns extends readonly unknown[], Row>(
  length: number,
  rows: readonly (readonly [number, ...Columns])[],
  toRow: (columns: Columns) => Row,
): (Row | undefined)[] {
  const found = new Array<Row | undefined>(length).fill(undefined);
  for (const [n, ...columns] of rows) found[n - 1] = toRow(columns as unknown as Columns);
  return found;
}

type Head = Pick<LogPart, 'packageName' | 'algorithm' | 'head'>;

async function heads(db: Queries, logIds: readonly LogId[]): Promise<(Head | undefined)[]> {
  const rows = await db.all<[number, PackageName | null, string, Uint8Array, string, number]>(
    `SELECT q.n, h.package_name, h.algorithm, h.record_id, h.seconds::text, h.nanos
     FROM unnest($1::bytea[]) WITH ORDINALITY q (of_log, n) JOIN log_head h ON h.log_id = q.of_log`,
    bytesList(logIds.map(toBlob)),
  );
  type Columns = [PackageName | null, string, Uint8Array, string, number];
  return inOrder(logIds.length, rows, ([name, algorithm, recordId, seconds, nanos]: Columns) => ({
    packageName: name ?? undefined,
    algorithm,
    head: { recordId: fromBlob<RecordId>(recordId), time: toTime(seconds, nanos) },
  }));
}

const NO_HEAD: Head = { packageName: undefined, algorithm: undefined, head: undefined };

/** The parts of all logs, with one question for each table. */
export async function logParts(db: Queries, queries: readonly LogPartQuery[]): Promise<LogPart[]> {
  if (queries.length === 0) return [];
  const of = <T>(items: (query: LogPartQuery) => readonly T[]) => queries.flatMap(items);
  const [headRows, keys, releases, namespaces] = await Promise.all([
    heads(
      db,
      queries.map(({ logId }) => logId),
    ),
    keyRows(
      db,
      of(({ logId, keyIds }) => keyIds.map((keyId) => ({ logId, keyId }))),
    ),
    releaseRows(
      db,
      of(({ logId, versions }) => versions.map((version) => ({ logId, version }))),
    ),
    namespaceRows(
      db,
      of((query) => query.namespaces),
    ),
  ]);
  const places = { keys: 0, releases: 0, namespaces: 0 };
  // Answers stand one behind the other, in the order of the questions.
  const next = <Row>(name: keyof typeof places, rows: readonly (Row | undefined)[], count: number): Row[] => {
    const start = places[name];
    places[name] += count;
    return rows.slice(start, start + count).filter((row) => row !== undefined);
  };
  return queries.map((query, index) => ({
    logId: query.logId,
    ...(headRows[index] ?? NO_HEAD),
    keys: next('keys', keys, query.keyIds.length),
    releases: next('releases', releases, query.versions.length),
    namespaces: next('namespaces', namespaces, query.namespaces.length),
  }));
}

export async function logIds(db: Queries, after: LogId | undefined, limit: number): Promise<LogId[]> {
  const rows = await db.all<[Uint8Array]>(
    'SELECT log_id FROM log_head WHERE log_id > $1 ORDER BY log_id LIMIT $2',
    after === undefined ? new Uint8Array(0) : toBlob(after),
    limit,
  );
  return rows.map(([logId]) => fromBlob<LogId>(logId));
}

export async function wholeLog(db: Queries, logId: LogId): Promise<LogPart> {
  const names = async (sql: string, ...values: Uint8Array[]) =>
    (await db.all<[string]>(sql, ...values)).map(([name]) => name);
  const ofLog = toBlob(logId);
  const [keyIds, versions, namespaces] = await Promise.all([
    names('SELECT key_id FROM log_key WHERE log_id = $1', ofLog),
    names('SELECT coalesce(long_version, version) FROM log_release WHERE log_id = $1', ofLog),
    logId === OPERATOR_LOG_ID
      ? names(
          `SELECT coalesce(long_namespace, namespace) FROM log_namespace WHERE namespace > '' ORDER BY namespace`,
        )
      : [],
  ]);
  return (await logParts(db, [{ logId, keyIds, versions, namespaces }]))[0]!;
}

export async function saveLogParts(db: Queries, parts: readonly LogPart[]): Promise<void> {
  for (const some of portions(parts, () => 200)) await saveHeads(db, some);
  const keys = parts.flatMap(({ logId, keys: rows }) => rows.map((row) => ({ ...row, logId })));
  for (const some of portions(keys, () => 200)) await saveKeys(db, some);
  const releases = parts.flatMap(({ logId, releases: rows }) => rows.map((row) => ({ ...row, logId })));
  for (const some of portions(releases, () => 400)) await saveReleases(db, some);
  for (const some of portions(
    parts.flatMap(({ namespaces }) => namespaces),
    () => 100,
  )) {
    await db.run(
      `INSERT INTO log_namespace (namespace, long_namespace, registry)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
       ON CONFLICT (namespace) DO UPDATE SET registry = excluded.registry`,
      textList(some.map(({ namespace }) => keyOfText(namespace))),
      textList(some.map(({ namespace }) => longText(namespace))),
      textList(some.map(({ registry }) => registry ?? null)),
    );
  }
}

async function saveHeads(db: Queries, parts: readonly LogPart[]): Promise<void> {
  const rows = parts.flatMap(({ logId, packageName, algorithm, head }) =>
    head === undefined || algorithm === undefined ? [] : [{ logId, packageName, algorithm, head }],
  );
  if (rows.length === 0) return;
  await db.run(
    `INSERT INTO log_head (log_id, package_name, algorithm, record_id, seconds, nanos)
     SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::integer[])
     ON CONFLICT (log_id) DO UPDATE SET
       record_id = excluded.record_id, seconds = excluded.seconds, nanos = excluded.nanos`,
    bytesList(rows.map(({ logId }) => toBlob(logId))),
    textList(rows.map(({ packageName }) => packageName ?? null)),
    textList(rows.map(({ algorithm }) => algorithm)),
    bytesList(rows.map(({ head }) => toBlob(head.recordId))),
    numberList(rows.map(({ head }) => head.time.seconds)),
    numberList(rows.map(({ head }) => head.time.nanos)),
  );
}

async function saveKeys(db: Queries, rows: readonly (KeyRow & { readonly logId: LogId })[]): Promise<void> {
  await db.run(
    `INSERT INTO log_key (log_id, key_id, public_key, permissions)
     SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[])
     ON CONFLICT (log_id, key_id) DO UPDATE SET permissions = excluded.permissions`,
    bytesList(rows.map(({ logId }) => toBlob(logId))),
    textList(rows.map(({ keyId }) => keyId)),
    textList(rows.map(({ publicKey }) => publicKey)),
    textList(rows.map(({ permissions }) => permissions.join(','))),
  );
}

async function saveReleases(
  db: Queries,
  rows: readonly (ReleaseRow & { readonly logId: LogId })[],
): Promise<void> {
  await db.run(
    `INSERT INTO log_release
       (log_id, version, record_id, released_by, seconds, nanos, content, yanked_by, yanked_seconds, yanked_nanos,
        long_version)
     SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::integer[], $7::text[],
       $8::text[], $9::bigint[], $10::integer[], $11::text[])
     ON CONFLICT (log_id, version) DO UPDATE SET
       record_id = excluded.record_id, released_by = excluded.released_by, seconds = excluded.seconds,
       nanos = excluded.nanos, content = excluded.content, yanked_by = excluded.yanked_by,
       yanked_seconds = excluded.yanked_seconds, yanked_nanos = excluded.yanked_nanos`,
    bytesList(rows.map(({ logId }) => toBlob(logId))),
    textList(rows.map(({ version }) => keyOfText(version))),
    bytesList(rows.map(({ recordId }) => toBlob(recordId))),
    textList(rows.map(({ by }) => by)),
    numberList(rows.map(({ time }) => time.seconds)),
    numberList(rows.map(({ time }) => time.nanos)),
    textList(rows.map(({ content }) => content ?? null)),
    textList(rows.map(({ yanked }) => yanked?.by ?? null)),
    numberList(rows.map(({ yanked }) => yanked?.time.seconds ?? null)),
    numberList(rows.map(({ yanked }) => yanked?.time.nanos ?? null)),
    textList(rows.map(({ version }) => longText(version))),
  );
}
