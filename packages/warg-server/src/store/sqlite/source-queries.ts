import type { Digest } from '@warg/crypto';
import type { LogId, RecordId } from '@warg/protocol';
import { fromBlob, toBlob } from '../columns.ts';
import type { ClaimedSource, ContentSourceRow, RecordKey } from '../rows.ts';
import type { Connection } from './connection.ts';

export function insertSources(db: Connection, key: RecordKey, sources: readonly ContentSourceRow[]): void {
  for (const { digest, urls } of sources) {
    db.run(
      `INSERT INTO content_source (arrival, digest, urls, claimed_until)
       SELECT arrival, ?, ?, 0 FROM record WHERE log_id = ? AND record_id = ?`,
      toBlob(digest),
      JSON.stringify(urls),
      toBlob(key.logId),
      toBlob(key.recordId),
    );
  }
}

export function hasSource(db: Connection, now: number): boolean {
  return db.get('SELECT 1 FROM content_source WHERE claimed_until <= ? LIMIT 1', now) !== undefined;
}

export function claimSource(db: Connection, now: number, until: number): ClaimedSource | undefined {
  for (;;) {
    const found = db.get<[number, Uint8Array, string]>(
      `SELECT arrival, digest, urls FROM content_source WHERE claimed_until <= ?
       ORDER BY claimed_until, arrival, digest LIMIT 1`,
      now,
    );
    if (found === undefined) return undefined;
    const [arrival, digest, urls] = found;
    const record = db.get<[Uint8Array, Uint8Array]>(
      'SELECT log_id, record_id FROM record WHERE arrival = ? AND state = 0',
      arrival,
    );
    if (record === undefined) {
      forgetSources(db, arrival);
      continue;
    }
    db.run(
      'UPDATE content_source SET claimed_until = ? WHERE arrival = ? AND digest = ?',
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

export function forgetSource(db: Connection, arrival: number, digest: string): void {
  db.run('DELETE FROM content_source WHERE arrival = ? AND digest = ?', arrival, toBlob(digest));
}

export function forgetSources(db: Connection, arrival: number): void {
  db.run('DELETE FROM content_source WHERE arrival = ?', arrival);
}
