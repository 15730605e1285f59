import { type AuditColumns, fromAuditEntry, toAuditEntry } from '../columns-to-rows.ts';
import type { AuditEntry, AuditQuery, NewAuditEntry } from '../rows.ts';
import type { Connection } from './connection.ts';

export function audit(db: Connection, { before, since, limit }: AuditQuery): AuditEntry[] {
  return db
    .all<AuditColumns>(
      'SELECT id, time, actor, action, details FROM audit WHERE id < ? AND time >= ? ORDER BY id DESC LIMIT +?',
      before ?? Number.MAX_SAFE_INTEGER,
      since,
      limit,
    )
    .map(toAuditEntry);
}

export function appendAudit(db: Connection, entry: NewAuditEntry): void {
  db.run('INSERT INTO audit (time, actor, action, details) VALUES (?, ?, ?, ?)', ...fromAuditEntry(entry));
}
