import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newRecord } from '../testing/fixtures.ts';
import { testRegistryStore } from '../testing/store-suite.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { openMemoryStore, openSqliteReader, openSqliteStore } from './sqlite-store.ts';

testRegistryStore({ describe, it }, 'memory', async () => {
  const store = openMemoryStore();
  return { store, reader: store, close: () => store.close() };
});

testRegistryStore({ describe, it }, 'SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warg-store-'));
  const store = openSqliteStore(join(folder, 'registry.sqlite'));
  const reader = openSqliteReader(join(folder, 'registry.sqlite'));
  return {
    store,
    reader,
    close: async () => {
      await reader.close();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe('an SQLite file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'warg-store-'));
    file = join(folder, 'registry.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is not written to when it does not lie in its place any more', async () => {
    const store = openSqliteStore(file);
    const insert = (name: string) =>
      store.transaction((transaction) => transaction.insertRecords([newRecord('a', name)]));
    await insert('1');
    renameSync(file, `${file}.moved`);
    await expect(insert('2')).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    writeFileSync(file, '');
    await expect(insert('2')).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    renameSync(`${file}.moved`, file);
    await insert('2');
    await store.close();
  });

  it('says that there is no room left for it', async () => {
    const store = openSqliteStore(file);
    const small = new DatabaseSync(':memory:');
    small.exec('CREATE TABLE t (x BLOB); PRAGMA max_page_count = 3');
    // What SQLite throws in the middle of a transaction on a full disk.
    const attempt = store.transaction(async () => small.exec('INSERT INTO t VALUES (zeroblob(100000))'));
    await expect(attempt).rejects.toMatchObject({ code: 'STORE_FULL' });
    small.close();
    // It goes on when there is some again.
    await store.transaction((transaction) => transaction.insertRecords([newRecord('a', '1')]));
    await store.close();
  });

  it('keeps what was committed', async () => {
    const first = openSqliteStore(file);
    await first.transaction((transaction) => transaction.insertRecords([newRecord('a', '1')]));
    await first.close();
    const second = openSqliteStore(file);
    const [record] = await second.read((reads) => reads.findRecords([newRecord('a', '1')]));
    expect(record?.state).toBe('processing');
    await second.close();
  });

  it('is on disk at each commit', async () => {
    const store = openSqliteStore(file);
    await store.close();
    const database = new DatabaseSync(file);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  it('has one writer at a time, in this process', async () => {
    const first = openSqliteStore(file);
    expect(() => openSqliteStore(file)).toThrow(
      expect.objectContaining({
        code: 'STORE_LOCKED',
        message: expect.stringContaining('another warg-server'),
      }),
    );
    await first.close();
    await openSqliteStore(file).close();
  });

  it('has one writer at a time, among processes, and a killed one leaves no lock', async () => {
    const module = new URL('./sqlite-store.ts', import.meta.url).href;
    const script = `
      const { openSqliteStore } = await import(${JSON.stringify(module)});
      openSqliteStore(${JSON.stringify(file)});
      console.log('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await openSqliteStore(file).close();
  });

  it('that a newer program made is refused, and left as it is', async () => {
    await openSqliteStore(file).close();
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const refusal = expect.objectContaining({
      code: 'STORE_TOO_NEW',
      message: expect.stringContaining(`schema ${SCHEMA_VERSION + 1}`),
    });
    expect(() => openSqliteStore(file)).toThrow(refusal);
    expect(() => openSqliteReader(file)).toThrow(refusal);
    // The lock was given back.
    expect(() => openSqliteStore(file)).toThrow(refusal);
  });

  it('that is not ours is refused', () => {
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE somebody_elses (x)');
    database.close();
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: 'STORE_UNREADABLE' }));
  });

  it('that is no database is refused', () => {
    writeFileSync(file, 'this is a text of some length, long enough to be no SQLite header');
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: 'STORE_UNREADABLE' }));
  });

  it('cannot be read before a writer has made it', () => {
    expect(() => openSqliteReader(file)).toThrow(expect.objectContaining({ code: 'STORE_UNREADABLE' }));
  });

  it('cannot be written through a reader', async () => {
    const store = openSqliteStore(file);
    const reader = openSqliteReader(file);
    await expect(reader.transaction(async () => {})).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    await reader.close();
    await expect(reader.read((reads) => reads.latestCheckpoint())).rejects.toMatchObject({
      code: 'STORE_CLOSED',
    });
    await store.close();
  });
});
