import { type AccessTokenColumns, fromAccessToken, toAccessToken } from '../columns-to-rows.ts';
import type { AccessTokenRow } from '../rows.ts';
import type { Connection } from './connection.ts';

const COLUMNS = 'id, hash, name, scope, namespaces, created_at, expires_at, revoked_at, last_used_at';

export function accessToken(db: Connection, id: string): AccessTokenRow | undefined {
  const row = db.get<AccessTokenColumns>(`SELECT ${COLUMNS} FROM access_token WHERE id = ?`, id);
  return row && toAccessToken(row);
}

export function accessTokens(db: Connection): AccessTokenRow[] {
  return db.all<AccessTokenColumns>(`SELECT ${COLUMNS} FROM access_token ORDER BY number`).map(toAccessToken);
}

export function insertAccessToken(db: Connection, token: AccessTokenRow): void {
  db.run(
    `INSERT INTO access_token (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...fromAccessToken(token),
  );
}

export function revokeAccessToken(db: Connection, id: string, now: number): boolean {
  const sql = 'UPDATE access_token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL';
  return db.run(sql, now, id) > 0;
}

export function noteAccessTokenUse(db: Connection, id: string, now: number): void {
  const sql = 'UPDATE access_token SET last_used_at = ? WHERE id = ? AND coalesce(last_used_at, 0) < ?';
  db.run(sql, now, id, now);
}

export function sharedKey(db: Connection, name: string): Uint8Array | undefined {
  return db.get<[Uint8Array]>('SELECT key FROM shared_key WHERE name = ?', name)?.[0];
}

export function addSharedKey(db: Connection, name: string, key: Uint8Array): void {
  db.run('INSERT INTO shared_key (name, key) VALUES (?, ?) ON CONFLICT (name) DO NOTHING', name, key);
}
