import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../../test/postgres-server.ts';
import type { StateChange } from '../registry-store.ts';
import { accessToken, checkpoint, digestNamed, logPart, newRecord, recordIdOf } from '../testing/fixtures.ts';
import { connectorOf } from './connector.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { Pool } from './pool.ts';
import type { Queries, SqlValue } from './queries.ts';
import { migrate } from './schema.ts';
import { PostgresSession } from './session.ts';

let server: PostgresServer;

/** Does one of everything that a store can do. */
async function useAll(session: PostgresSession): Promise<void> {
  const contents = [{ digest: digestNamed('content'), missing: true }];
  const record = newRecord('a', '1', { contents });
  const { logId } = record;
  await session.insertRecords([record, newRecord('a', '2', { state: 'sourcing', prev: recordIdOf('1') })]);
  const [first] = await session.findRecords([record]);
  const change: StateChange = {
    arrival: first!.arrival,
    state: 'published',
    registryIndex: 0,
    changedAt: 1,
  };
  await session.markContentStored([{ arrival: first!.arrival, digest: digestNamed('content') }]);
  await session.contentsOf(first!.arrival);
  await session.processing({ limit: 10, maxBytes: 1000 });
  await session.processingOf(logId, 10);
  await session.hasRecords([logId]);
  await session.processingOn([{ logId, prev: undefined }]);
  await session.changeStates([change]);
  await session.published([{ logId, from: 0, below: 9, limit: 9 }]);
  await session.leavesAt([0]);
  await session.lastIndexBelow([{ logId, logLength: 9 }]);
  await session.ledger(0, 9);
  await session.isContentReferenced(digestNamed('content'));
  await session.isContentReferenced(digestNamed('content'), ['test']);
  await session.logNames([logId]);
  await session.sourcingOfLog(logId);
  await session.sourcingOfAddress('192.0.2.1');
  await session.expireSourcing(2000, 'late', 1);
  await session.forgetExpired(2);
  const key = { keyId: 'k', publicKey: 'p', permissions: [] };
  const time = { seconds: 1n, nanos: 0 };
  const release = { version: '1.0.0', recordId: recordIdOf('1'), by: 'k', time, content: undefined };
  const namespaces = [{ namespace: 'n', registry: undefined }];
  await session.saveLogParts([
    logPart('a', { keys: [key], releases: [{ ...release, yanked: undefined }], namespaces }),
  ]);
  await session.logParts([{ logId, keyIds: ['k'], versions: ['1.0.0'], namespaces: ['n'] }]);
  await session.packageNames([logId]);
  await session.insertCheckpoint(undefined, checkpoint(0));
  await session.replaceCheckpoint(checkpoint(0), checkpoint(0, { signature: 'again' }));
  await session.checkpointAt(1);
  await session.checkpointBefore(1_800_000_000);
  await session.saveLogNote({ logLength: 1, text: 'note' });
  await session.logNote();
  await session.saveLogNote(undefined);
  await session.logStore.write({
    from: 0,
    length: 1,
    tiles: [{ level: 0, index: 0, hashes: new Uint8Array(32) }],
  });
  await session.logStore.readTiles([{ level: 0, index: 0 }]);
  const withdrawn = digestNamed('content');
  await session.withdrawContent({ digest: withdrawn, reason: 'r', since: 1 });
  await session.withdrawals([withdrawn]);
  await session.listWithdrawals({ limit: 1 });
  await session.restoreContent(withdrawn);
  await session.insertAccessToken(accessToken('a'));
  await session.accessToken('a');
  await session.accessTokens();
  await session.noteAccessTokenUse('a', 1);
  await session.revokeAccessToken('a', 1);
  await session.addSharedKey('key', new Uint8Array(32));
  await session.sharedKey('key');
  await session.appendAudit({ actor: 'a', action: 'b', details: {} });
  await session.audit({ since: 0, limit: 1 });
  const page = { id: 1, bytes: new Uint8Array(10) };
  await session.mapStore.write({ from: 0, root: 1, pages: [page], superseded: [1] });
  await session.mapStore.readPages([1]);
  await session.mapStore.lastPage();
  await session.mapStore.collect(1, 10);
}

describeWithPostgres('the queries on PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it('cost no more when the history grows: each finds its rows by an index', async () => {
    const pool = new Pool(connectorOf(parseDatabaseUrl(await server.createDatabase())!), { connections: 1 });
    await migrate(pool);
    const used = new Map<string, readonly SqlValue[]>();
    const noted = <T>(sql: string, values: readonly SqlValue[], answer: Promise<T>) => {
      used.set(sql, values);
      return answer;
    };
    const recorder: Queries = {
      all: (sql, ...values) => noted(sql, values, pool.all(sql, ...values)),
      get: (sql, ...values) => noted(sql, values, pool.get(sql, ...values)),
      run: (sql, ...values) => noted(sql, values, pool.run(sql, ...values)),
    };
    await useAll(new PostgresSession(recorder));
    expect(used.size).toBeGreaterThan(40);
    for (const [sql, values] of used) {
      const plan = (await pool.all<[string]>(`EXPLAIN ${sql}`, ...values)).map(([line]) => line).join('\n');
      expect(`${sql}\n${plan}`).not.toMatch(/Seq Scan/);
      // A walk through a whole index is right only where the index holds nothing but what waits, or for the last row.
      for (const [, index] of plan.matchAll(
        /Index (?:Only )?Scan(?: Backward)? using (\w+) on .*\n(?!\s+Index Cond)/g,
      )) {
        expect(index, `${sql}\n${plan}`).toMatch(
          /^(record_(processing|sourcing|expired)\w*|checkpoint_pkey|access_token_pkey|merkle_map_page_pkey)$/,
        );
      }
    }
    await pool.close();
  });
});
