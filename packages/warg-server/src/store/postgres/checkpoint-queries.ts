import { type CheckpointColumns, fromCheckpoint, toCheckpoint } from '../columns-to-rows.ts';
import type { LogNote, StoredCheckpoint } from '../rows.ts';
import { sameCheckpoint } from '../same-checkpoint.ts';
import type { Queries } from './queries.ts';

const COLUMNS = 'sequence, log_length, log_root, map_root, map_page, timestamp, key_id, signature';

export async function latestCheckpoint(db: Queries): Promise<StoredCheckpoint | undefined> {
  const row = await db.get<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint ORDER BY sequence DESC LIMIT 1`,
  );
  return row && toCheckpoint(row);
}

export async function checkpointAt(db: Queries, logLength: number): Promise<StoredCheckpoint | undefined> {
  const row = await db.get<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint WHERE log_length = $1`,
    logLength,
  );
  return row && toCheckpoint(row);
}

export async function checkpoints(db: Queries, from: number, limit: number): Promise<StoredCheckpoint[]> {
  const rows = await db.all<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint WHERE sequence >= $1 ORDER BY sequence LIMIT $2`,
    from,
    limit,
  );
  return rows.map(toCheckpoint);
}

export async function checkpointBefore(
  db: Queries,
  timestamp: number,
): Promise<StoredCheckpoint | undefined> {
  const row = await db.get<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint WHERE timestamp <= $1 ORDER BY timestamp DESC, sequence DESC LIMIT 1`,
    timestamp,
  );
  return row && toCheckpoint(row);
}

export async function insertCheckpoint(
  db: Queries,
  previous: StoredCheckpoint | undefined,
  next: StoredCheckpoint,
): Promise<boolean> {
  if (!(await isNewest(db, previous))) return false;
  await db.run(
    `INSERT INTO checkpoint (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    ...fromCheckpoint(next),
  );
  return true;
}

export async function replaceCheckpoint(
  db: Queries,
  previous: StoredCheckpoint,
  next: StoredCheckpoint,
): Promise<boolean> {
  if (!(await isNewest(db, previous))) return false;
  const changed = await db.run(
    `UPDATE checkpoint SET log_length = $2, log_root = $3, map_root = $4, map_page = $5, timestamp = $6,
       key_id = $7, signature = $8
     WHERE sequence = $1`,
    ...fromCheckpoint(next),
  );
  return changed === 1;
}

/**
 * Compares, and keeps the row as it is until the transaction ends. Transactions run one at a time anyway; this holds even
 * against one that does not play by that rule.
 */
async function isNewest(db: Queries, checkpoint: StoredCheckpoint | undefined): Promise<boolean> {
  const row = await db.get<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint ORDER BY sequence DESC LIMIT 1 FOR UPDATE`,
  );
  return sameCheckpoint(row && toCheckpoint(row), checkpoint);
}

export async function logNote(db: Queries): Promise<LogNote | undefined> {
  const row = await db.get<[number, string]>('SELECT log_length, text FROM log_note WHERE id = 1');
  return row && { logLength: row[0], text: row[1] };
}

export async function saveLogNote(db: Queries, note: LogNote | undefined): Promise<void> {
  if (note === undefined) await db.run('DELETE FROM log_note WHERE id = 1');
  else {
    await db.run(
      `INSERT INTO log_note (id, log_length, text) VALUES (1, $1, $2)
       ON CONFLICT (id) DO UPDATE SET log_length = excluded.log_length, text = excluded.text`,
      note.logLength,
      note.text,
    );
  }
}
