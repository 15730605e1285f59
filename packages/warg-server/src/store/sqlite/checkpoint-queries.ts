import type { StoredCheckpoint } from '../rows.ts';
import { sameCheckpoint } from '../same-checkpoint.ts';
import { fromBlob, toBlob } from './columns.ts';
import type { Connection } from './connection.ts';

const COLUMNS = 'sequence, log_length, log_root, map_root, map_page, timestamp, key_id, signature';

type CheckpointColumns = [
  sequence: number,
  logLength: number,
  logRoot: Uint8Array,
  mapRoot: Uint8Array,
  mapPage: number,
  timestamp: number,
  keyId: string,
  signature: string,
];

function toCheckpoint(row: CheckpointColumns): StoredCheckpoint {
  const [sequence, logLength, logRoot, mapRoot, mapPage, timestamp, keyId, signature] = row;
  return {
    sequence,
    logLength,
    logRoot: fromBlob(logRoot),
    mapRoot: fromBlob(mapRoot),
    mapPage,
    timestamp,
    keyId,
    signature,
  };
}

export function latestCheckpoint(db: Connection): StoredCheckpoint | undefined {
  const row = db.get<CheckpointColumns>(`SELECT ${COLUMNS} FROM checkpoint ORDER BY sequence DESC LIMIT 1`);
  return row && toCheckpoint(row);
}

export function checkpointAt(db: Connection, logLength: number): StoredCheckpoint | undefined {
  const row = db.get<CheckpointColumns>(`SELECT ${COLUMNS} FROM checkpoint WHERE log_length = ?`, logLength);
  return row && toCheckpoint(row);
}

export function insertCheckpoint(
  db: Connection,
  previous: StoredCheckpoint | undefined,
  next: StoredCheckpoint,
): boolean {
  if (!sameCheckpoint(latestCheckpoint(db), previous)) return false;
  db.run(`INSERT INTO checkpoint (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, ...toColumns(next));
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
    ...toColumns(next),
  );
  return true;
}

function toColumns(checkpoint: StoredCheckpoint) {
  return [
    checkpoint.sequence,
    checkpoint.logLength,
    toBlob(checkpoint.logRoot),
    toBlob(checkpoint.mapRoot),
    checkpoint.mapPage,
    checkpoint.timestamp,
    checkpoint.keyId,
    checkpoint.signature,
  ];
}
