import { toBlob } from '../columns.ts';
import { toWithdrawn, type WithdrawnColumns } from '../columns-to-rows.ts';
import type { WithdrawnContent } from '../rows.ts';
import type { Connection } from './connection.ts';

export function withdrawal(db: Connection, digest: string): WithdrawnContent | undefined {
  const row = db.get<WithdrawnColumns>(
    'SELECT digest, reason, since FROM withdrawn_content WHERE digest = ?',
    toBlob(digest),
  );
  return row && toWithdrawn(row);
}

export function listWithdrawals(
  db: Connection,
  after: string | undefined,
  limit: number,
): WithdrawnContent[] {
  return db
    .all<WithdrawnColumns>(
      'SELECT digest, reason, since FROM withdrawn_content WHERE digest > ? ORDER BY digest LIMIT +?',
      after === undefined ? new Uint8Array(0) : toBlob(after),
      limit,
    )
    .map(toWithdrawn);
}

export function withdrawContent(db: Connection, { digest, reason, since }: WithdrawnContent): void {
  db.run(
    'INSERT OR REPLACE INTO withdrawn_content (digest, reason, since) VALUES (?, ?, ?)',
    toBlob(digest),
    reason,
    since,
  );
}

export function restoreContent(db: Connection, digest: string): boolean {
  return db.run('DELETE FROM withdrawn_content WHERE digest = ?', toBlob(digest)) > 0;
}
