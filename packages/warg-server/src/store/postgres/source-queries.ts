import type { Digest } from '@warg/crypto';
import type { LogId, RecordId } from '@warg/protocol';
import { fromBlob, toBlob } from '../columns.ts';
import type { ClaimedSource, ContentSourceRow, RecordKey } from '../rows.ts';
import { bytesList, type Queries, textList } from './queries.ts';

export async function insertSources(
  db: Queries,
  key: RecordKey,
  sources: readonly ContentSourceRow[],
): Promise<void> {
  await db.run(
    `INSERT INTO content_source (arrival, digest, urls, claimed_until)
     SELECT r.arrival, q.digest, q.urls, 0 FROM unnest($1::bytea[], $2::text[]) q (digest, urls), record r
     WHERE r.log_id = $3 AND r.record_id = $4`,
    bytesList(sources.map(({ digest }) => toBlob(digest))),
    textList(sources.map(({ urls }) => JSON.stringify(urls))),
    toBlob(key.logId),
    toBlob(key.recordId),
  );
}

export async function hasSource(db: Queries, now: number): Promise<boolean> {
  return (await db.get('SELECT 1 FROM content_source WHERE claimed_until <= $1 LIMIT 1', now)) !== undefined;
}

export async function claimSource(
  db: Queries,
  now: number,
  until: number,
): Promise<ClaimedSource | undefined> {
  for (;;) {
    const found = await db.get<[number, Uint8Array, string]>(
      `SELECT arrival, digest, urls FROM content_source WHERE claimed_until <= $1
       ORDER BY claimed_until, arrival, digest LIMIT 1`,
      now,
    );
    if (found === undefined) return undefined;
    const [arrival, digest, urls] = found;
    const record = await db.get<[Uint8Array, Uint8Array]>(
      'SELECT log_id, record_id FROM record WHERE arrival = $1 AND state = 0',
      arrival,
    );
    if (record === undefined) {
      await forgetSources(db, arrival);
      continue;
    }
    await db.run(
      'UPDATE content_source SET claimed_until = $1 WHERE arrival = $2 AND digest = $3',
      until,
      arrival,
      digest,
    );
    return {
      logId: fromBlob<LogId>(record[0]),
      recordId: fromBlob<RecordId>(record[1]),
      digest: fromBlob<Digest>(digest),
      urls: JSON.parse(urls) as string[],
    };
  }
}

export async function forgetSource(db: Queries, arrival: number, digest: string): Promise<void> {
  await db.run('DELETE FROM content_source WHERE arrival = $1 AND digest = $2', arrival, toBlob(digest));
}

export async function forgetSources(db: Queries, arrival: number): Promise<void> {
  await db.run('DELETE FROM content_source WHERE arrival = $1', arrival);
}
