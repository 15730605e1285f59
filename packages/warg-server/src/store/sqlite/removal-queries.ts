import { REMOVAL_NUMBER, removalOf, toBlob } from '../columns.ts';
import type { ContentRemoval } from '../rows.ts';
import type { Connection } from './connection.ts';

export function isContentNamed(db: Connection, digest: string): boolean {
  const row = db.get(
    'SELECT 1 FROM record_content JOIN record USING (arrival) WHERE digest = ? AND state IN (0, 1, 3) LIMIT 1',
    toBlob(digest),
  );
  return row !== undefined;
}

export function contentRemoval(db: Connection, digest: string, now: number): ContentRemoval | undefined {
  const row = db.get<[number]>(
    'SELECT state FROM content_removal WHERE digest = ? AND until > ?',
    toBlob(digest),
    now,
  );
  return row && removalOf(row[0]);
}

export function noteRemoval(db: Connection, digest: string, removal: ContentRemoval, until: number): void {
  db.run(
    `INSERT INTO content_removal (digest, state, until) VALUES (?, ?, ?)
     ON CONFLICT (digest) DO UPDATE SET state = excluded.state, until = excluded.until`,
    toBlob(digest),
    REMOVAL_NUMBER[removal],
    until,
  );
}

export function forgetRemoval(db: Connection, digest: string): void {
  db.run('DELETE FROM content_removal WHERE digest = ?', toBlob(digest));
}

export function forgetPastRemovals(db: Connection, now: number): void {
  db.run('DELETE FROM content_removal WHERE until <= ?', now);
}
