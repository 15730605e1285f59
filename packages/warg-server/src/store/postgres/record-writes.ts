import { STATE_NUMBER, toBlob } from '../columns.ts';
import type { StateChange } from '../registry-store.ts';
import type { NewRecord, RecordKey } from '../rows.ts';
import { bytesList, numberList, portions, type Queries, textList } from './queries.ts';

export async function insertRecords(db: Queries, records: readonly NewRecord[]): Promise<void> {
  for (const some of portions(records, ({ envelope }) => envelope.contentBytes.length + 1000)) {
    await forgetExpiredTwins(db, some);
    await insertRows(db, some);
    await insertContents(db, some);
  }
}

function keyLists(records: readonly RecordKey[]): [string, string] {
  return [
    bytesList(records.map(({ logId }) => toBlob(logId))),
    bytesList(records.map(({ recordId }) => toBlob(recordId))),
  ];
}

async function forgetExpiredTwins(db: Queries, records: readonly NewRecord[]): Promise<void> {
  await db.run(
    // OFFSET 0 keeps the planner from going through all that has expired instead.
    `WITH twins AS (
       SELECT r.arrival FROM unnest($1::bytea[], $2::bytea[]) q (of_log, id)
       CROSS JOIN LATERAL (
         SELECT arrival, state FROM record WHERE log_id = q.of_log AND record_id = q.id OFFSET 0) r
       WHERE r.state = 4),
     gone AS (DELETE FROM record r USING twins WHERE r.arrival = twins.arrival RETURNING r.arrival)
     DELETE FROM record_content c USING gone WHERE c.arrival = gone.arrival`,
    ...keyLists(records),
  );
}

async function insertRows(db: Queries, records: readonly NewRecord[]): Promise<void> {
  await db.run(
    `INSERT INTO record
       (log_id, record_id, prev, state, content, key_id, signature, package_name, address, changed_at)
     SELECT q.log_id, q.record_id, q.prev, q.state, q.content, q.key_id, q.signature, q.package_name, q.address, q.at
     FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bytea[], $6::text[], $7::text[],
       $8::text[], $9::text[], $10::bigint[])
       WITH ORDINALITY q (log_id, record_id, prev, state, content, key_id, signature, package_name, address, at, n)
     ORDER BY q.n`,
    ...keyLists(records),
    bytesList(records.map(({ prev }) => (prev === undefined ? null : toBlob(prev)))),
    numberList(records.map(({ state }) => STATE_NUMBER[state])),
    bytesList(records.map(({ envelope }) => envelope.contentBytes)),
    textList(records.map(({ envelope }) => envelope.keyId)),
    textList(records.map(({ envelope }) => envelope.signature)),
    textList(records.map(({ packageName }) => packageName ?? null)),
    textList(records.map(({ address }) => address)),
    numberList(records.map(({ acceptedAt }) => acceptedAt)),
  );
}

async function insertContents(db: Queries, records: readonly NewRecord[]): Promise<void> {
  const contents = records.flatMap((record) =>
    record.contents.map((need, position) => ({ ...need, position, record })),
  );
  for (const some of portions(contents, () => 100)) {
    await db.run(
      `INSERT INTO record_content (arrival, position, digest, missing)
       SELECT r.arrival, q.position, q.digest, q.missing
       FROM unnest($1::bytea[], $2::bytea[], $3::integer[], $4::bytea[], $5::smallint[])
         q (of_log, id, position, digest, missing)
       JOIN record r ON r.log_id = q.of_log AND r.record_id = q.id`,
      ...keyLists(some.map(({ record }) => record)),
      numberList(some.map(({ position }) => position)),
      bytesList(some.map(({ digest }) => toBlob(digest))),
      numberList(some.map(({ missing }) => (missing ? 1 : 0))),
    );
  }
}

export async function changeStates(db: Queries, changes: readonly StateChange[]): Promise<void> {
  for (const some of portions(changes, () => 100)) {
    await db.run(
      `UPDATE record r
       SET state = q.state, registry_index = q.registry_index, reason = q.reason, changed_at = q.changed_at
       FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[], $5::bigint[])
         q (arrival, state, registry_index, reason, changed_at)
       WHERE r.arrival = q.arrival`,
      numberList(some.map(({ arrival }) => arrival)),
      numberList(some.map(({ state }) => STATE_NUMBER[state])),
      numberList(some.map((change) => ('registryIndex' in change ? change.registryIndex : null))),
      textList(some.map((change) => ('reason' in change ? change.reason : null))),
      numberList(some.map(({ changedAt }) => changedAt)),
    );
  }
}

export async function markContentStored(
  db: Queries,
  contents: readonly { readonly arrival: number; readonly digest: string }[],
): Promise<void> {
  if (contents.length === 0) return;
  await db.run(
    `UPDATE record_content c SET missing = 0 FROM unnest($1::bigint[], $2::bytea[]) q (arrival, digest)
     WHERE c.arrival = q.arrival AND c.digest = q.digest AND c.missing = 1`,
    numberList(contents.map(({ arrival }) => arrival)),
    bytesList(contents.map(({ digest }) => toBlob(digest))),
  );
}

export function expireSourcing(db: Queries, before: number, reason: string, now: number): Promise<number> {
  return db.run(
    'UPDATE record SET state = 4, reason = $1, changed_at = $2 WHERE state = 0 AND changed_at < $3',
    reason,
    now,
    before,
  );
}

export async function forgetExpired(db: Queries, before: number): Promise<number> {
  const row = await db.get<[number]>(
    `WITH gone AS (DELETE FROM record WHERE state = 4 AND changed_at < $1 RETURNING arrival),
       contents AS (DELETE FROM record_content c USING gone WHERE c.arrival = gone.arrival)
     SELECT count(*) FROM gone`,
    before,
  );
  return row![0];
}
