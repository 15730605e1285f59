import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { leafNumbers, naiveLogRoot } from '../test/naive.ts';
import {
  EMPTY_MAP,
  hashLeaf,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
  verifyMapBundle,
} from './index.ts';
import { createTables, sqliteLogStore, sqliteMapStore } from './sqlite.ts';
import { testLogStore, testMapStore } from './testing.ts';

/** A database file with the tables, a second connection that can only read, and a transaction on the first. */
function openDatabase() {
  const folder = mkdtempSync(join(tmpdir(), 'warg-transparency-'));
  const file = join(folder, 'trees.sqlite');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL');
  createTables(db);
  const readerDb = new DatabaseSync(file, { readOnly: true });
  return {
    db,
    readerDb,
    transaction: {
      begin: async () => db.exec('BEGIN IMMEDIATE'),
      commit: async () => db.exec('COMMIT'),
      rollback: async () => db.exec('ROLLBACK'),
    },
    close: async () => {
      readerDb.close();
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

testLogStore({ describe, it }, 'memory', async () => {
  const store = memoryLogStore();
  return { store, reader: store };
});
testMapStore({ describe, it }, 'memory', async () => {
  const store = memoryMapStore();
  return { store, reader: store };
});

testLogStore({ describe, it }, 'SQLite', async () => {
  const { db, readerDb, ...rest } = openDatabase();
  return { store: sqliteLogStore(db), reader: sqliteLogStore(readerDb), ...rest };
});
testMapStore({ describe, it }, 'SQLite', async () => {
  const { db, readerDb, ...rest } = openDatabase();
  return { store: sqliteMapStore(db), reader: sqliteMapStore(readerDb), ...rest };
});

describe('SQLite stores', () => {
  it('commit log and map together, and a reader sees both or neither', async () => {
    const { db, readerDb, close } = openDatabase();
    const log = await MerkleLog.open(sqliteLogStore(db));
    const map = await MerkleMap.open(sqliteMapStore(db));
    const reader = await MerkleLog.open(sqliteLogStore(readerDb));
    const mapReader = await MerkleMap.open(sqliteMapStore(readerDb));
    const key = hashLeaf(Uint8Array.of(1));

    db.exec('BEGIN IMMEDIATE');
    await log.append(leafNumbers(300));
    const root = await map.update(EMPTY_MAP, [[key, key]]);
    await expect(reader.rootAt(300)).rejects.toThrow(expect.objectContaining({ code: 'LENGTH_BEYOND_LOG' }));
    await expect(mapReader.prove(root, [key])).rejects.toThrow(
      expect.objectContaining({ code: 'PAGE_NOT_FOUND' }),
    );
    db.exec('COMMIT');

    expect(await reader.rootAt(300)).toEqual(naiveLogRoot(leafNumbers(300)));
    verifyMapBundle(await mapReader.prove(root, [key]), {
      root: root.hash,
      entries: [{ key, leafHash: key }],
    });
    await close();
  });

  it('leave transactions to the caller', async () => {
    const { db, close } = openDatabase();
    const log = await MerkleLog.open(sqliteLogStore(db));
    const map = await MerkleMap.open(sqliteMapStore(db));
    db.exec('BEGIN');
    await log.append(leafNumbers(3));
    await map.update(EMPTY_MAP, [[Uint8Array.of(1), hashLeaf(Uint8Array.of(1))]]);
    await map.collect(EMPTY_MAP);
    expect(db.isTransaction).toBe(true);
    db.exec('ROLLBACK');
    await log.reload();
    expect(log.length).toBe(0);
    await close();
  });

  it('create their tables once, and again without harm', async () => {
    const { db, close } = openDatabase();
    const log = await MerkleLog.open(sqliteLogStore(db));
    await log.append(leafNumbers(3));
    createTables(db);
    expect(await sqliteLogStore(db).length()).toBe(3);
    await close();
  });

  it('find damage instead of proving with it', async () => {
    const { db, close } = openDatabase();
    const log = await MerkleLog.open(sqliteLogStore(db));
    const map = await MerkleMap.open(sqliteMapStore(db));
    await log.append(leafNumbers(300));
    const entries = leafNumbers(50).map((hash) => [hash, hash] as const);
    const root = await map.update(EMPTY_MAP, entries);
    db.exec('DELETE FROM merkle_log_tiles WHERE id = 0');
    const { bytes } = db.prepare('SELECT bytes FROM merkle_map_pages WHERE id = ?').get(root.page) as {
      bytes: Uint8Array;
    };
    bytes[bytes.length - 1]! ^= 1;
    db.prepare('UPDATE merkle_map_pages SET bytes = ? WHERE id = ?').run(bytes, root.page);
    const damagedLog = await MerkleLog.open(sqliteLogStore(db));
    const damagedMap = await MerkleMap.open(sqliteMapStore(db));
    await expect(damagedLog.rootAt(200)).rejects.toThrow(expect.objectContaining({ code: 'CORRUPT_TILE' }));
    await expect(damagedMap.prove(root, [entries[0]![0]])).rejects.toThrow(
      expect.objectContaining({ code: 'CORRUPT_PAGE' }),
    );
    await close();
  });
});
