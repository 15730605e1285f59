import { type CheckpointColumns, fromCheckpoint, toCheckpoint } from '../columns-to-rows.ts';
import type { LogNote, StoredCheckpoint } from '../rows.ts';
import { sameCheckpoint } from '../same-checkpoint.ts';
import type { Connection } from './connection.ts';

const COLUMNS = 'sequence, log_length, log_root, map_root, map_page, timestamp, key_id, signature';

export function latestCheckpoint(db: Connection): StoredCheckpoint | undefined {
  const row = db.get<CheckpointColumns>(`SELECT ${COLUMNS} FROM checkpoint ORDER BY sequence DESC LIMIT 1`);
  return row && toCheckpoint(row);
}

export function checkpointAt(db: Connection, logLength: number): StoredCheckpoint | undefined {
  const row = db.get<CheckpointColumns>(`SELECT ${COLUMNS} FROM checkpoint WHERE log_length = ?`, logLength);
  return row && toCheckpoint(row);
}

export function checkpoints(db: Connection, from: number, limit: number): StoredCheckpoint[] {
  return db
    .all<CheckpointColumns>(
      `SELECT ${COLUMNS} FROM checkpoint WHERE sequence >= ? ORDER BY sequence LIMIT +?`,
      from,
      limit,
    )
    .map(toCheckpoint);
}

export function checkpointBefore(db: Connection, timestamp: number): StoredCheckpoint | undefined {
  const row = db.get<CheckpointColumns>(
    `SELECT ${COLUMNS} FROM checkpoint WHERE timestamp <= ? ORDER BY timestamp DESC, sequence DESC LIMIT 1`,
    timestamp,
  );
  return row && toCheckpoint(row);
}

export function insertCheckpoint(
  db: Connection,
  previous: StoredCheckpoint | undefined,
  next: StoredCheckpoint,
): boolean {
  if (!sameCheckpoint(latestCheckpoint(db), previous)) return false;
  db.run(`INSERT INTO checkpoint (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, ...fromCheckpoint(next));
  return true;
}

export function replaceCheckpoint(
  db: Connection,
  previous: StoredCheckpoint,
  next: StoredCheckpoint,
): boolean {
  if (!sameCheckpoint(latestCheckpoint(db), previous)) return false;
  db.run(
    `INSERT OR REPLACE INTO checkpoint (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...fromCheckpoint(next),
  );
  return true;
}

export function logNote(db: Connection): LogNote | undefined {
  const row = db.get<[number, string]>('SELECT log_length, text FROM log_note WHERE id = 1');
  return row && { logLength: row[0], text: row[1] };
}

export function saveLogNote(db: Connection, note: LogNote | undefined): void {
  if (note === undefined) db.run('DELETE FROM log_note WHERE id = 1');
  else {
    db.run(
      'INSERT OR REPLACE INTO log_note (id, log_length, text) VALUES (1, ?, ?)',
      note.logLength,
      note.text,
    );
  }
}
