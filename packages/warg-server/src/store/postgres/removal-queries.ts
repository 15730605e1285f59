import { REMOVAL_NUMBER, removalOf, toBlob } from '../columns.ts';
import type { ContentRemoval } from '../rows.ts';
import { bytesList, type Queries } from './queries.ts';

export async function areContentsNamed(db: Queries, digests: readonly string[]): Promise<boolean[]> {
  const rows = await db.all<[boolean]>(
    `SELECT EXISTS (
       SELECT 1 FROM record_content c JOIN record r USING (arrival) WHERE c.digest = q.digest AND r.state IN (0, 1, 3))
     FROM unnest($1::bytea[]) WITH ORDINALITY q (digest, n) ORDER BY q.n`,
    bytesList(digests.map(toBlob)),
  );
  return rows.map(([isNamed]) => isNamed);
}

export async function contentRemovals(
  db: Queries,
  digests: readonly string[],
  now: number,
): Promise<(ContentRemoval | undefined)[]> {
  const rows = await db.all<[number | null]>(
    `SELECT r.state FROM unnest($1::bytea[]) WITH ORDINALITY q (digest, n)
     LEFT JOIN content_removal r ON r.digest = q.digest AND r.until > $2 ORDER BY q.n`,
    bytesList(digests.map(toBlob)),
    now,
  );
  return rows.map(([state]) => (state === null ? undefined : removalOf(state)));
}

export async function noteRemovals(
  db: Queries,
  digests: readonly string[],
  removal: ContentRemoval,
  until: number,
): Promise<void> {
  await db.run(
    `INSERT INTO content_removal (digest, state, until) SELECT DISTINCT q.digest, $2::smallint, $3::bigint
     FROM unnest($1::bytea[]) q (digest)
     ON CONFLICT (digest) DO UPDATE SET state = excluded.state, until = excluded.until`,
    bytesList(digests.map(toBlob)),
    REMOVAL_NUMBER[removal],
    until,
  );
}

export async function forgetRemovals(db: Queries, digests: readonly string[]): Promise<void> {
  await db.run(
    'DELETE FROM content_removal WHERE digest = ANY ($1::bytea[])',
    bytesList(digests.map(toBlob)),
  );
}

export async function forgetPastRemovals(db: Queries, now: number): Promise<void> {
  await db.run('DELETE FROM content_removal WHERE until <= $1', now);
}
