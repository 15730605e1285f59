import { type AuditColumns, fromAuditEntry, toAuditEntry } from '../columns-to-rows.ts';
import type { AuditEntry, AuditQuery, NewAuditEntry } from '../rows.ts';
import type { Queries } from './queries.ts';

export async function audit(db: Queries, { before, since, limit }: AuditQuery): Promise<AuditEntry[]> {
  const rows = await db.all<AuditColumns>(
    'SELECT id, time, actor, action, details FROM audit WHERE id < $1 AND time >= $2 ORDER BY id DESC LIMIT $3',
    before ?? Number.MAX_SAFE_INTEGER,
    since,
    limit,
  );
  return rows.map(toAuditEntry);
}

export async function appendAudit(db: Queries, entry: NewAuditEntry): Promise<void> {
  await db.run(
    'INSERT INTO audit (time, actor, action, details) VALUES ($1, $2, $3, $4)',
    ...fromAuditEntry(entry),
  );
}
