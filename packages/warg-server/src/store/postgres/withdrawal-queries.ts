import { toBlob } from '../columns.ts';
import { toWithdrawn, type WithdrawnColumns } from '../columns-to-rows.ts';
import type { WithdrawnContent } from '../rows.ts';
import { bytesList, type Queries } from './queries.ts';

export async function withdrawals(
  db: Queries,
  digests: readonly string[],
): Promise<(WithdrawnContent | undefined)[]> {
  const rows = await db.all<WithdrawnColumns | [null, null, null]>(
    `SELECT w.digest, w.reason, w.since FROM unnest($1::bytea[]) WITH ORDINALITY q (of_digest, n)
     LEFT JOIN withdrawn_content w ON w.digest = q.of_digest ORDER BY q.n`,
    bytesList(digests.map(toBlob)),
  );
  return rows.map((row) => (row[0] === null ? undefined : toWithdrawn(row)));
}

export async function listWithdrawals(
  db: Queries,
  after: string | undefined,
  limit: number,
): Promise<WithdrawnContent[]> {
  const rows = await db.all<WithdrawnColumns>(
    'SELECT digest, reason, since FROM withdrawn_content WHERE digest > $1 ORDER BY digest LIMIT $2',
    after === undefined ? new Uint8Array(0) : toBlob(after),
    limit,
  );
  return rows.map(toWithdrawn);
}

export async function withdrawContent(
  db: Queries,
  { digest, reason, since }: WithdrawnContent,
): Promise<void> {
  await db.run(
    `INSERT INTO withdrawn_content (digest, reason, since) VALUES ($1, $2, $3)
     ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, since = excluded.since`,
    toBlob(digest),
    reason,
    since,
  );
}

export async function restoreContent(db: Queries, digest: string): Promise<boolean> {
  return (await db.run('DELETE FROM withdrawn_content WHERE digest = $1', toBlob(digest))) > 0;
}
