import { testLogStore, testMapStore } from '@warg/transparency/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts';
import { connectorOf } from './connector.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { Pool } from './pool.ts';
import { migrate } from './schema.ts';
import { postgresLogStore, postgresMapStore } from './tree-stores.ts';

let server: PostgresServer;

/** A new database: one connection that has transactions, and another one that sees what is committed. */
async function openTables() {
  const url = parseDatabaseUrl(await server.createDatabase())!;
  const db = new Pool(connectorOf(url), { connections: 1 });
  const readerDb = new Pool(connectorOf(url), { connections: 1 });
  await migrate(db);
  const exec = async (sql: string) => void (await db.exec(sql));
  return {
    db,
    readerDb,
    transaction: {
      begin: () => exec('BEGIN'),
      commit: () => exec('COMMIT'),
      rollback: () => exec('ROLLBACK'),
    },
    close: async () => void (await Promise.all([db.close(), readerDb.close()])),
  };
}

describeWithPostgres('trees in PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  testLogStore({ describe, it }, 'PostgreSQL', async () => {
    const { db, readerDb, ...rest } = await openTables();
    return { store: postgresLogStore(db), reader: postgresLogStore(readerDb), ...rest };
  });
  testMapStore({ describe, it }, 'PostgreSQL', async () => {
    const { db, readerDb, ...rest } = await openTables();
    return { store: postgresMapStore(db), reader: postgresMapStore(readerDb), ...rest };
  });
});
