// Stores in a SQLite database that the caller has opened. Nothing here begins or ends a transaction, so that the
// caller can commit tiles, pages, records and the checkpoint over them in one.

import { TransparencyError } from './errors.ts';
import { type LogStore, logConflict, storedWidth, TILE_WIDTH, type TileId, tileKey } from './log/store.ts';
import type { MapStore } from './map/store.ts';

/** What is used of a prepared statement; that of `node:sqlite` fits. */
export interface SqliteStatement {
  get(...values: (number | string | Uint8Array)[]): unknown;
  all(...values: (number | string | Uint8Array)[]): unknown[];
  run(...values: (number | string | Uint8Array)[]): unknown;
}

/** What is used of a database; the `DatabaseSync` of `node:sqlite` fits. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
}

/**
 * The tables of the log. A tile's id is its level times 2^40 plus its index; its hashes are 32 bytes each. The
 * length of the log is not stored but follows from its last leaf tile, so that the two cannot disagree.
 */
export const LOG_SCHEMA = `
CREATE TABLE IF NOT EXISTS merkle_log_tiles (
  id INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192)
) STRICT;
`;

/** The tables of the map: its pages, and for those that a newer state does not reach, the root page of that state. */
export const MAP_SCHEMA = `
CREATE TABLE IF NOT EXISTS merkle_map_pages (
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS merkle_map_superseded (
  page INTEGER PRIMARY KEY,
  by_root INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS merkle_map_superseded_by_root ON merkle_map_superseded (by_root);
`;

/** Creates the tables of log and map where they do not exist yet. */
export function createTables(db: SqliteDatabase): void {
  db.exec(LOG_SCHEMA);
  db.exec(MAP_SCHEMA);
}

/**
 * A log store in a SQLite database with the tables of {@link createTables}.
 *
 * It writes inside the caller's transaction, or each statement alone if there is none: begin one around every
 * append. A connection that is opened read-only can read and prove.
 *
 * @param db an open database
 * @example
 * const db = new DatabaseSync('registry.sqlite');
 * createTables(db);
 * const log = await MerkleLog.open(sqliteLogStore(db));
 */
export function sqliteLogStore(db: SqliteDatabase): LogStore {
  const sql = statements(db, {
    // Level 0 has the smallest ids. SQLite knows the length of a blob without reading it.
    lastTile: 'SELECT id, length(hashes) AS size FROM merkle_log_tiles WHERE id < ? ORDER BY id DESC LIMIT 1',
    read: 'SELECT hashes AS bytes FROM merkle_log_tiles WHERE id = ?',
    readMany: manyOf('hashes', 'merkle_log_tiles'),
    // A part is asked for by the id of its tile, times 256, plus the number of its first hash.
    readParts:
      'SELECT asked.key AS at, substr(hashes, 32 * (asked.value & 255) + 1, 32 * ?) AS bytes FROM json_each(?) asked CROSS JOIN merkle_log_tiles ON merkle_log_tiles.id = asked.value >> 8',
    write:
      'INSERT INTO merkle_log_tiles (id, hashes) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET hashes = excluded.hashes',
  });
  const readLength = () => {
    const row = sql.lastTile().get(tileKey({ level: 1, index: 0 })) as
      | { id: number; size: number }
      | undefined;
    return row === undefined ? 0 : row.id * TILE_WIDTH + row.size / 32;
  };
  return {
    async length() {
      return readLength();
    },
    async readTiles(ids: readonly TileId[]) {
      return readBlobs(sql, ids.map(tileKey));
    },
    async readParts(parts, count) {
      const asked = parts.map((part) => tileKey(part) * TILE_WIDTH + part.first);
      return inOrder(parts.length, sql.readParts().all(count, JSON.stringify(asked)));
    },
    async write(change) {
      const length = readLength();
      if (length !== change.from) throw logConflict(change.from, length);
      const write = sql.write();
      for (const tile of change.tiles) {
        if (storedWidth(tile.hashes) === undefined) {
          throw new TransparencyError('INVALID_ARGUMENT', `a tile cannot have ${tile.hashes.length} bytes`);
        }
        write.run(tileKey(tile), tile.hashes);
      }
    },
  };
}

/**
 * A map store in a SQLite database with the tables of {@link createTables}.
 *
 * It writes inside the caller's transaction, or each statement alone if there is none: begin one around every
 * update and every collection. A connection that is opened read-only can read and prove.
 *
 * @param db an open database
 */
export function sqliteMapStore(db: SqliteDatabase): MapStore {
  const sql = statements(db, {
    last: 'SELECT coalesce(max(id), 0) AS id FROM merkle_map_pages',
    read: 'SELECT bytes FROM merkle_map_pages WHERE id = ?',
    readMany: manyOf('bytes', 'merkle_map_pages'),
    write: 'INSERT INTO merkle_map_pages (id, bytes) VALUES (?, ?)',
    unfork: 'DELETE FROM merkle_map_superseded WHERE by_root > ?',
    supersede:
      'INSERT INTO merkle_map_superseded (page, by_root) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET by_root = excluded.by_root',
    collectable: 'SELECT page FROM merkle_map_superseded WHERE by_root <= ? ORDER BY by_root LIMIT +?',
    deletePage: 'DELETE FROM merkle_map_pages WHERE id = ?',
    deleteSuperseded: 'DELETE FROM merkle_map_superseded WHERE page = ?',
  });
  return {
    async lastPage() {
      return (sql.last().get() as { id: number }).id;
    },
    async readPages(ids) {
      return readBlobs(sql, ids);
    },
    async write(change) {
      sql.unfork().run(change.from);
      const write = sql.write();
      for (const page of change.pages) write.run(page.id, page.bytes);
      const supersede = sql.supersede();
      for (const page of change.superseded) supersede.run(page, change.root);
    },
    async collect(oldest, limit) {
      const rows = sql.collectable().all(oldest, limit) as { page: number }[];
      for (const { page } of rows) {
        sql.deletePage().run(page);
        sql.deleteSuperseded().run(page);
      }
      return rows.length;
    },
  };
}

/** From so many rows on it is less work to ask for them in one statement. */
const MANY = 4;

/** The rows whose ids stand in a list as JSON, each with its place in the list. */
function manyOf(column: string, table: string): string {
  return `SELECT asked.key AS at, ${column} AS bytes FROM json_each(?) asked CROSS JOIN ${table} ON ${table}.id = asked.value`;
}

/** Blobs by the ids of their rows, in the order of the ids; undefined where there is no such row. */
function readBlobs(
  sql: Readonly<Record<'read' | 'readMany', () => SqliteStatement>>,
  ids: readonly number[],
): (Uint8Array | undefined)[] {
  if (ids.length < MANY) {
    const read = sql.read();
    return ids.map((id) => (read.get(id) as { bytes: Uint8Array } | undefined)?.bytes);
  }
  return inOrder(ids.length, sql.readMany().all(JSON.stringify(ids)));
}

/** Puts rows to where they were asked for. */
function inOrder(count: number, rows: unknown[]): (Uint8Array | undefined)[] {
  const blobs = Array.from({ length: count }, (): Uint8Array | undefined => undefined);
  for (const { at, bytes } of rows as { at: number; bytes: Uint8Array }[]) blobs[at] = bytes;
  return blobs;
}

/** Statements that are prepared when they are first used: a reader may come before the tables. */
function statements<Name extends string>(
  db: SqliteDatabase,
  texts: Readonly<Record<Name, string>>,
): Record<Name, () => SqliteStatement> {
  const prepared = new Map<Name, SqliteStatement>();
  const names = Object.keys(texts) as Name[];
  const entries = names.map((name) => [
    name,
    () => {
      let statement = prepared.get(name);
      if (statement === undefined) {
        statement = db.prepare(texts[name]);
        prepared.set(name, statement);
      }
      return statement;
    },
  ]);
  return Object.fromEntries(entries) as Record<Name, () => SqliteStatement>;
}
