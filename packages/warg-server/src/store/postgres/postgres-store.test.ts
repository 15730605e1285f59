import { EventEmitter, once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  databasePassword,
  describeWithPostgres,
  type PostgresServer,
  startPostgres,
} from '../../../test/postgres-server.ts';
import { checkpoint, logIdOf, newRecord } from '../testing/fixtures.ts';
import { testRegistryStore } from '../testing/store-suite.ts';
import { MIGRATIONS } from './migrations.ts';
import { openPostgresStore } from './postgres-store.ts';
import { SCHEMA_VERSION } from './schema.ts';

let server: PostgresServer;

const open = (url: string) => openPostgresStore(url, { runMigrations: true });
const insert = (name: string) => [newRecord('a', name)];

describeWithPostgres('PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  testRegistryStore({ describe, it }, 'PostgreSQL', async () => {
    const url = await server.createDatabase();
    const store = await open(url);
    const reader = await openPostgresStore(url);
    return {
      store,
      reader,
      close: async () => {
        await reader.close();
        await store.close();
      },
    };
  });

  describe('the schema', () => {
    it('is made in an empty database when that is asked for, by one of several that start at once', async () => {
      const url = await server.createDatabase();
      const stores = await Promise.all([open(url), open(url), open(url)]);
      await stores[0].transaction((transaction) => transaction.insertRecords(insert('1')));
      const [record] = await stores[2].read((reads) => reads.findRecords(insert('1')));
      expect(record?.state).toBe('processing');
      await Promise.all(stores.map((store) => store.close()));
      // A second time there is nothing to do, and everything stays.
      const again = await open(url);
      expect(await again.read((reads) => reads.hasRecords([logIdOf('a')]))).toEqual([true]);
      await again.close();
    });

    it('is not made unless that is asked for', async () => {
      const url = await server.createDatabase();
      await expect(openPostgresStore(url)).rejects.toMatchObject({
        code: 'STORE_OUTDATED',
        message: expect.stringContaining('--database-run-migrations'),
      });
      expect(await server.query(url, "SELECT to_regclass('warg_store') AS store")).toEqual([{ store: null }]);
    });

    it('of an older program keeps what it has, long versions and namespaces too', async () => {
      const url = await server.createDatabase();
      // An index takes this one, because nearly all of it can be compressed.
      const long = `1.0.0-${'a'.repeat(20_000)}`;
      await server.query(
        url,
        `${MIGRATIONS.slice(0, 9).join('')} UPDATE warg_store SET schema_version = 9;
         INSERT INTO log_head (log_id, package_name, algorithm, record_id, seconds, nanos)
           VALUES (decode('${logIdOf('a').slice(7)}', 'hex'), 'test:a', 'sha256', '', 0, 0);
         INSERT INTO log_release (log_id, version, record_id, released_by, seconds, nanos)
           SELECT log_id, version, '', 'k', 0, 0 FROM log_head, unnest(ARRAY['1.0.0', '${long}']) version;
         INSERT INTO log_namespace (namespace, registry) VALUES ('short', NULL), ('${long}', 'far.example')`,
      );
      await expect(openPostgresStore(url)).rejects.toMatchObject({ code: 'STORE_OUTDATED' });
      const store = await open(url);
      const versions = ['1.0.0', long];
      const namespaces = ['short', long];
      const query = { logId: logIdOf('a'), keyIds: [], versions, namespaces };
      const [part] = await store.read((reads) => reads.logParts([query]));
      expect(part!.releases.map(({ version }) => version)).toEqual(versions);
      expect(part!.namespaces.map(({ namespace }) => namespace)).toEqual(namespaces);
      await store.close();
    });

    it('of a newer program is refused always, and left as it is', async () => {
      const url = await server.createDatabase();
      await (await open(url)).close();
      await server.query(url, `UPDATE warg_store SET schema_version = ${SCHEMA_VERSION + 1}`);
      for (const attempt of [open, openPostgresStore]) {
        await expect(attempt(url)).rejects.toMatchObject({
          code: 'STORE_TOO_NEW',
          message: expect.stringContaining(`schema ${SCHEMA_VERSION + 1}`),
        });
      }
    });

    it('that a newer program makes meanwhile ends all writing', async () => {
      const url = await server.createDatabase();
      const store = await open(url);
      await server.query(url, `UPDATE warg_store SET schema_version = ${SCHEMA_VERSION + 1}`);
      const late = store.transaction((transaction) => transaction.insertRecords(insert('1')));
      await expect(late).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
      expect(await store.read((reads) => reads.hasRecords([logIdOf('a')]))).toEqual([false]);
      await store.close();
    });

    it('is not made among the tables of somebody else', async () => {
      const url = await server.createDatabase();
      await server.query(url, 'CREATE TABLE somebody_elses (x integer)');
      await expect(open(url)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    });

    it('is not made where not every text fits', async () => {
      const url = await server.createDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
      await expect(open(url)).rejects.toMatchObject({
        code: 'STORE_UNREADABLE',
        message: expect.stringContaining('LATIN1'),
      });
    });
  });

  describe('the connection', () => {
    it('that cannot be made is an error without the password', async () => {
      const url = await server.createDatabase();
      const wrong = [
        url.replace('/test', '/nothing'),
        url.replace('warg:', 'other:'),
        url.replace('127.0.0.1:', '127.0.0.1:1'),
        url.replace(/:\d+\//, ':1/'),
        `${url}?sslmode=verify-full`,
        // Not written as %XX.
        url.replace(encodeURIComponent(databasePassword), databasePassword),
        `postgres://warg:${databasePassword}`,
        `mysql://warg:${encodeURIComponent(databasePassword)}@127.0.0.1/test`,
      ];
      for (const each of wrong) {
        const error = await openPostgresStore(each).then(
          () => undefined,
          (reason: unknown) => reason as Error & { code: string },
        );
        expect(error?.code).toMatch(/^STORE_(UNREADABLE|UNAVAILABLE)$/);
        const told = `${error!.message} ${JSON.stringify(error)} ${String(error!.cause)} ${error!.stack}`;
        for (const secret of [databasePassword, encodeURIComponent(databasePassword), 'w:rd', 'w%3Ard']) {
          expect(told).not.toContain(secret);
        }
      }
    });

    it('that is lost inside a transaction takes all of it back, and the next one has a new one', async () => {
      const url = await server.createDatabase();
      const store = await open(url);
      const attempt = store.transaction(async (transaction) => {
        await transaction.insertRecords(insert('1'));
        await server.query(url, TERMINATE);
        // Not in the transaction that has gone, and not outside of any either.
        await transaction.insertRecords(insert('2')).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
        await transaction.insertRecords(insert('3'));
      });
      await expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await store.transaction((transaction) => transaction.insertRecords(insert('4')));
      const records = ['1', '2', '3', '4'].flatMap(insert);
      const found = await store.read((reads) => reads.findRecords(records));
      expect(found.map((record) => record?.state)).toEqual([undefined, undefined, undefined, 'processing']);
      await store.close();
    });

    it('that was lost meanwhile is made again without an error', async () => {
      const url = await server.createDatabase();
      const store = await open(url);
      await store.transaction((transaction) => transaction.insertRecords(insert('1')));
      await server.restart('crash');
      await store.transaction((transaction) => transaction.insertRecords(insert('2')));
      const found = await store.read((reads) => reads.findRecords(['1', '2'].flatMap(insert)));
      expect(found.map((record) => record?.state)).toEqual(['processing', 'processing']);
      await store.close();
    });

    it('is tried again after the database was away', async () => {
      const url = await server.createDatabase();
      const store = await open(url);
      await server.stop();
      const write = () => store.transaction((transaction) => transaction.insertRecords(insert('1')));
      await expect(write()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.revision()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await server.start();
      await write();
      await store.close();
    });
  });

  describe('transactions of several processes', () => {
    it('run one after the other', async () => {
      const url = await server.createDatabase();
      const stores = [await open(url), await open(url)] as const;
      const events: string[] = [];
      let first: Promise<void> | undefined;
      await stores[0].transaction(async () => {
        first = stores[1].transaction(async () => {
          events.push('second');
        });
        await new Promise((resolve) => setTimeout(resolve, 100));
        events.push('first');
      });
      await first;
      expect(events).toEqual(['first', 'second']);
      await Promise.all(stores.map((store) => store.close()));
    });

    it('do not wait for ever for one that hangs, which can do nothing more', async () => {
      const url = await server.createDatabase();
      const hanging = await open(`${url}?idle_in_transaction_session_timeout=200`);
      const other = await open(url);
      const events = new EventEmitter();
      const [inserted, over] = [once(events, 'inserted'), once(events, 'over')];
      const hangs = hanging.transaction(async (transaction) => {
        await transaction.insertRecords(insert('1'));
        events.emit('inserted');
        await over;
        await transaction.insertRecords(insert('2'));
      });
      const refused = expect(hangs).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await inserted;
      await other.transaction((transaction) => transaction.insertRecords(insert('3')));
      events.emit('over');
      await refused;
      const found = await other.read((reads) => reads.findRecords(['1', '2', '3'].flatMap(insert)));
      expect(found.map((record) => record?.state)).toEqual([undefined, undefined, 'processing']);
      await Promise.all([hanging.close(), other.close()]);
    });

    it('that insert a checkpoint behind the same one: one of them does', async () => {
      const url = await server.createDatabase();
      const stores = [await open(url), await open(url), await open(url)];
      for (let sequence = 0; sequence < 20; sequence++) {
        const previous = sequence === 0 ? undefined : (await latest())!;
        const results = await Promise.all(
          stores.map((store, i) =>
            store.transaction((transaction) =>
              transaction.insertCheckpoint(previous, checkpoint(sequence, { signature: `of ${i}` })),
            ),
          ),
        );
        expect(results.filter((inserted) => inserted)).toHaveLength(1);
        expect((await latest())!.signature).toBe(`of ${results.indexOf(true)}`);
      }
      function latest() {
        return stores[0]!.read((reads) => reads.latestCheckpoint());
      }
      await Promise.all(stores.map((store) => store.close()));
    });
  });

  it('takes texts that it cannot hold as ones that are not there', async () => {
    const store = await open(await server.createDatabase());
    await store.read(async (reads) => {
      expect(await reads.keys([{ logId: logIdOf('a'), keyId: 'a\0b' }])).toEqual([undefined]);
      expect(await reads.namespaces(['\0'])).toEqual([undefined]);
      expect(await reads.sourcingOfAddress('\0')).toBe(0);
    });
    await store.close();
  });
});

/** Ends the connections that are in a transaction. */
const TERMINATE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE state = 'idle in transaction' AND datname = current_database()`;
