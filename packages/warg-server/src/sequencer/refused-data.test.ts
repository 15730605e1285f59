import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey } from '@warg/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../test/postgres-server.ts';
import { type TestRecord, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { Connection } from '../store/sqlite/connection.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';

const operatorKey = generatePrivateKey();
/** The version whose row the database refuses, as it would one that is too large for it. */
const REFUSED = '6.6.6';

interface Backend {
  readonly store: RegistryStore;
  /** Has the database itself refuse the rows of {@link REFUSED}. */
  refuse(): Promise<void>;
}

function refusalTests(open: () => Promise<Backend>): void {
  let backend: Backend;
  let registry: TestRegistry;
  beforeEach(async () => {
    backend = await open();
    registry = await testRegistry({ store: backend.store, operatorKey });
  });
  afterEach(() => registry.core.close());

  const stateOf = async ({ logId, recordId }: TestRecord) =>
    (await registry.core.recordStatus(logId, recordId)).state;

  it('is rejected alone, wherever in a batch it stands, and all others are published', async () => {
    const { core, writer, clock, store } = registry;
    await backend.refuse();
    const packages = Array.from({ length: 21 }, (_, i) =>
      testPackage(`test:p${String.fromCharCode(97 + i)}`, { now: () => clock.now() }),
    );
    const first = packages.map((each) => each.init());
    const second = packages.map((each, i) => each.release([0, 7, 8, 20].includes(i) ? REFUSED : '1.0.0'));
    // As if they had all been accepted before the sequencer had a turn.
    await store.transaction((transaction) =>
      transaction.insertRecords(
        [...first, ...second].map((record, i) => ({
          ...record,
          prev: i < first.length ? undefined : first[i - first.length]!.recordId,
          state: 'processing',
          contents: [],
          acceptedAt: 0,
          packageName: i < first.length ? record.packageName : undefined,
        })),
      ),
    );
    await writer.tick();
    await writer.idle();
    expect(new Set(await Promise.all(first.map(stateOf)))).toEqual(new Set(['published']));
    expect(await Promise.all(second.map(stateOf))).toEqual(
      second.map((_, i) => ([0, 7, 8, 20].includes(i) ? 'rejected' : 'published')),
    );
    expect(await core.recordStatus(second[0]!.logId, second[0]!.recordId)).toMatchObject({
      reason: expect.stringContaining('cannot store'),
    });
    // A log goes on behind what was rejected, and the next records come in batches again.
    expect((await registry.publish(testPackage('test:later', clock).init())).state).toBe('published');
    const { leaves } = await verifyRegistry(core, { operatorKey: registry.operatorKey });
    expect(leaves.length).toBe(1 + 21 + 17 + 1);
    await writer.tick();
    await writer.idle();
    expect(registry.logged.filter((line) => line.startsWith('error'))).toHaveLength(4);
  });
}

describe('a record that SQLite cannot hold', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'warg-refused-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  refusalTests(async () => {
    const file = join(folder, 'registry.db');
    const store = openSqliteStore(file);
    const refuse = async () => {
      const connection = Connection.write(file);
      connection.exec(
        `CREATE TRIGGER refuse BEFORE INSERT ON log_release WHEN new.version = '${REFUSED}'
         BEGIN SELECT RAISE(ABORT, 'string or blob too big'); END`,
      );
      connection.close();
    };
    return { store, refuse };
  });
});

describeWithPostgres('a record that PostgreSQL cannot hold', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  refusalTests(async () => {
    const url = await server.createDatabase();
    const store = await openPostgresStore(url, { runMigrations: true });
    const refuse = async () => {
      // An index whose pages are too small for it, and nothing of it can be compressed.
      const noise = randomBytes(3000).toString('hex');
      await server.query(
        url,
        `CREATE INDEX refuses ON log_release ((CASE version WHEN '${REFUSED}' THEN '${noise}' END))`,
      );
    };
    return { store, refuse };
  });
});
