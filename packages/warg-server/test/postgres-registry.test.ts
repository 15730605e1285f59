import { encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { createRegistry, postgresStore } from '../src/create-registry.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { digestNamed, type TestRecord, testPackage } from './publisher.ts';
import { callerOf } from './registry-caller.ts';
import { type TestRegistry, testRegistry } from './test-registry.ts';
import { verifyRegistry } from './verify-registry.ts';

const operatorKey = generatePrivateKey();
let server: PostgresServer;

describeWithPostgres('a registry on PostgreSQL', () => {
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  describe('with two sequencers on one database', () => {
    const open = async (url: string): Promise<TestRegistry> =>
      testRegistry({ operatorKey, store: await openPostgresStore(url, { runMigrations: true }) });
    const expected = { operatorKey: publicKeyOf(operatorKey) };

    it('signs nothing twice, loses nothing, and each shows at once what the other one signed', async () => {
      const url = await server.createDatabase();
      // Both find an empty database: one of them makes the first record.
      const both = await Promise.all([open(url), open(url)]);
      const { now } = both[0].clock;
      const seen: SignedCheckpoint[] = [];
      const records: TestRecord[] = [];
      for (let round = 0; round < 10; round++) {
        await Promise.all(
          both.flatMap(({ core }, side) =>
            Array.from({ length: 5 }, async (_, i) => {
              const pkg = testPackage(`test:r${round}s${side}x${i}`, { now });
              for (const record of [pkg.init(), pkg.release('1.0.0')]) {
                await core.submit(record);
                records.push(record);
              }
            }),
          ),
        );
        // Whoever asks second must not be told of an older one.
        for (const { core } of [...both, ...both]) seen.push((await core.latestCheckpoint()).checkpoint);
        const lengths = seen.slice(-4).map(({ contents }) => contents.logLength);
        expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
        for (const { clock, writer } of both) {
          clock.advance(60_000 + round);
          await writer.tick();
        }
      }
      await Promise.all(both.map(({ writer }) => writer.idle()));
      // In turns: whoever accepts a record while nobody else has anything to do signs it.
      for (const [turn, { publish }] of [...both, ...both].entries()) {
        const record = testPackage(`test:turn${turn}`, { now }).init();
        expect((await publish(record)).state).toBe('published');
        records.push(record);
      }
      for (const { core } of both) {
        const { leaves } = await verifyRegistry(core, { ...expected, seen });
        expect(leaves.length).toBe(records.length + 1);
        for (const { logId, recordId } of records) expect(leaves).toContain(`${logId}/${recordId}`);
      }
      // Both have signed, or the test shows nothing.
      const late = 'debug another sequencer signed a checkpoint; going on behind it';
      for (const { logged } of both) expect(logged).toContain(late);
      await Promise.all(both.map(({ core }) => core.close()));
    });

    it('answers the same record, sent to both at once, the same', async () => {
      const url = await server.createDatabase();
      const both = [await open(url), await open(url)];
      for (let i = 0; i < 10; i++) {
        const record = testPackage(`test:same${i}`, { now: both[0]!.clock.now }).init();
        const answers = await Promise.all(both.map(({ core }) => core.submit(record)));
        for (const { recordId } of answers) expect(recordId).toBe(record.recordId);
      }
      await Promise.all(both.map(({ writer }) => writer.idle()));
      const { leaves } = await verifyRegistry(both[1]!.core, expected);
      expect(leaves.length).toBe(11);
      await Promise.all(both.map(({ core }) => core.close()));
    });

    it('lets one record of two follow another one, wherever they are sent', async () => {
      const url = await server.createDatabase();
      const both = [await open(url), await open(url)];
      const { now } = both[0]!.clock;
      const pkg = testPackage('test:fork', { now });
      await both[0]!.publish(pkg.init());
      const rivals = ['1.0.0', '2.0.0'].map((version) =>
        pkg.record([{ type: 'release', version: version as never, content: digestNamed(version) }], {
          follow: false,
        }),
      );
      await Promise.allSettled(rivals.map((record, i) => both[i]!.core.submit(record)));
      await Promise.all(both.map(({ writer }) => writer.idle()));
      const { packages } = await verifyRegistry(both[0]!.core, expected);
      expect(packages.get(pkg.logId)!.releases.size).toBe(1);
      await Promise.all(both.map(({ core }) => core.close()));
    });
  });

  it('serves HTTP, says 503 while the database is away, goes on, and is there again after a restart', async () => {
    const url = await server.createDatabase();
    const content = memoryContentStore();
    const open = (key = operatorKey) =>
      createRegistry({
        operatorKey: key,
        content,
        namespaces: ['test'],
        store: postgresStore(url, { runMigrations: true }),
      });
    const registry = await open();
    const call = callerOf(registry.fetch);
    const pkg = testPackage('test:hello');
    const digest = digestNamed('content');
    const file = `content/${digest.replace(':', '-')}`;
    expect(await call.settle(pkg.init())).toMatchObject({ state: 'published' });
    const release = pkg.release('1.0.0', digest);
    expect(await call.settle(release)).toMatchObject({ state: 'sourcing' });
    expect(
      (await call.upload(release, digest, encodeUtf8('content') as Uint8Array<ArrayBuffer>)).status,
    ).toBe(201);
    await settled(release);
    expect((await call.get(file)).text).toBe('content');

    const next = pkg.release('2.0.0', digest);
    await server.stop();
    for (const answer of [await call.publish(next), await call.get(paths.fetchCheckpoint())]) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.json()).toMatchObject({ status: 503 });
    }
    await server.start();
    expect(await call.settle(next)).toMatchObject({ state: 'published' });
    const before = (await call.get(paths.fetchCheckpoint())).text;
    await registry.close();

    await expect(open(generatePrivateKey())).rejects.toMatchObject({ code: 'OPERATOR_KEY_MISMATCH' });
    const again = await open();
    expect((await callerOf(again.fetch).get(paths.fetchCheckpoint())).text).toBe(before);
    await again.close();

    async function settled({ logId, recordId }: TestRecord): Promise<void> {
      for (;;) {
        const { state } = (await call.get(paths.record(logId, recordId))).json();
        if (state === 'published') return;
        expect(state).toBe('processing');
      }
    }
  });

  it('refuses a signer whose id no database could hold', async () => {
    const registry = await createRegistry({
      operatorKey,
      namespaces: ['test'],
      store: postgresStore(await server.createDatabase(), { runMigrations: true }),
    });
    const record = testPackage('test:hello').init();
    const hostile = { ...record, envelope: { ...record.envelope, keyId: 'sha256:\0' } };
    expect((await callerOf(registry.fetch).publish(hostile)).status).toBe(401);
    await registry.close();
  });
});
