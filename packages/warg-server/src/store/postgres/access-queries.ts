import { type AccessTokenColumns, fromAccessToken, toAccessToken } from '../columns-to-rows.ts';
import type { AccessTokenRow } from '../rows.ts';
import type { Queries } from './queries.ts';

const COLUMNS = 'id, hash, name, scope, namespaces, created_at, expires_at, revoked_at, last_used_at';

export async function accessToken(db: Queries, id: string): Promise<AccessTokenRow | undefined> {
  const sql = `SELECT ${COLUMNS} FROM access_token WHERE id = $1`;
  const row = await db.get<AccessTokenColumns>(sql, id);
  return row && toAccessToken(row);
}

export async function accessTokens(db: Queries): Promise<AccessTokenRow[]> {
  const sql = `SELECT ${COLUMNS} FROM access_token ORDER BY number`;
  return (await db.all<AccessTokenColumns>(sql)).map(toAccessToken);
}

export async function insertAccessToken(db: Queries, token: AccessTokenRow): Promise<void> {
  await db.run(
    `INSERT INTO access_token (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    ...fromAccessToken(token),
  );
}

export async function revokeAccessToken(db: Queries, id: string, now: number): Promise<boolean> {
  const sql = 'UPDATE access_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL';
  return (await db.run(sql, now, id)) > 0;
}

export async function noteAccessTokenUse(db: Queries, id: string, now: number): Promise<void> {
  const sql = 'UPDATE access_token SET last_used_at = $1 WHERE id = $2 AND coalesce(last_used_at, 0) < $1';
  await db.run(sql, now, id);
}

export async function sharedKey(db: Queries, name: string): Promise<Uint8Array | undefined> {
  return (await db.get<[Uint8Array]>('SELECT key FROM shared_key WHERE name = $1', name))?.[0];
}

export async function addSharedKey(db: Queries, name: string, key: Uint8Array): Promise<void> {
  await db.run('INSERT INTO shared_key (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', name, key);
}
