import { digestToBytes, generatePrivateKey } from '@warg/crypto';
import { logLeafBytes, mapKeyBytes, mapLeafBytes, type SignedCheckpoint } from '@warg/protocol';
import { hashLeaf, verifyLogBundle, verifyMapAbsence, verifyMapBundle } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openMemoryStore } from '../src/store/sqlite/sqlite-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { digestNamed, type TestPackage, type TestRecord, testPackage } from './publisher.ts';
import { type TestRegistry, testRegistry } from './test-registry.ts';

const MINUTE = 60_000;

/** A registry with some packages, each of which gets a release again and again. */
async function churn(store: RegistryStore) {
  const registry = await testRegistry({ store, resignInterval: 0 });
  const { core, clock, writer } = registry;
  const key = generatePrivateKey();
  const packages = Array.from({ length: 40 }, (_, i) => testPackage(`test:p${i}`, { ...clock, key }));
  let rounds = 0;
  const settle = async (records: readonly TestRecord[]) => {
    for (const record of records) await core.submit(record);
    await writer.idle();
    return { checkpoint: (await core.latestCheckpoint()).checkpoint, records };
  };
  const first = await settle(packages.map((each) => each.init()));
  return {
    registry,
    first,
    /** Releases of some packages, a minute later; what became of them. */
    async round() {
      clock.advance(MINUTE);
      rounds += 1;
      const some = packages.filter((_, i) => (i * 7 + rounds) % 5 === 0);
      return settle(some.map((each: TestPackage) => each.release(`0.${rounds}.0`)));
    },
  };
}

type Round = Awaited<ReturnType<Awaited<ReturnType<typeof churn>>['round']>>;

/** Every kind of proof at a checkpoint. */
async function proveAll({ core }: TestRegistry, { checkpoint, records }: Round): Promise<void> {
  const { logLength, logRoot, mapRoot } = checkpoint.contents;
  const indices = await Promise.all(
    records.map(async ({ logId, recordId }) => {
      const status = await core.recordStatus(logId, recordId);
      return status.state === 'published' ? status.registryIndex : -1;
    }),
  );
  const { log, map } = await core.proveInclusion(logLength, indices);
  const leaves = records.map((record, i) => ({ index: indices[i]!, hash: hashLeaf(logLeafBytes(record)) }));
  verifyLogBundle(log, { length: logLength, root: digestToBytes(logRoot), leaves });
  const root = digestToBytes(mapRoot);
  const entries = records.map(({ logId, recordId }) => ({
    key: mapKeyBytes(logId),
    leafHash: hashLeaf(mapLeafBytes(recordId)),
  }));
  verifyMapBundle(map, { root, entries });
  const absent = testPackage('test:absent').logId;
  verifyMapAbsence(await core.proveAbsence(logLength, [absent]), { root, keys: [mapKeyBytes(absent)] });
}

async function proveConsistency(
  { core }: TestRegistry,
  older: SignedCheckpoint,
  newer: SignedCheckpoint,
): Promise<void> {
  const from = older.contents;
  const to = newer.contents;
  verifyLogBundle(await core.proveConsistency(from.logLength, to.logLength), {
    length: to.logLength,
    root: digestToBytes(to.logRoot),
    from: [{ length: from.logLength, root: digestToBytes(from.logRoot) }],
  });
}

async function countPages(store: RegistryStore): Promise<number> {
  return store.read(async ({ mapStore }) => {
    const ids = Array.from({ length: await mapStore.lastPage() }, (_, i) => i + 1);
    return (await mapStore.readPages(ids)).filter((page) => page !== undefined).length;
  });
}

async function keepsForAnHour(store: RegistryStore): Promise<void> {
  const { registry, first, round } = await churn(store);
  const { core, writer } = registry;
  const rounds = [first];
  for (let i = 0; i < 90; i++) rounds.push(await round());
  const before = await countPages(store);
  await writer.collect();
  expect(await countPages(store)).toBeLessThan(before);

  // The one that was the newest an hour ago, and all since.
  const kept = rounds.slice(-61);
  const gone = rounds.slice(0, -61);
  for (const each of kept) await proveAll(registry, each);
  const newest = rounds.at(-1)!.checkpoint;
  for (const { checkpoint, records } of gone) {
    const { logLength } = checkpoint.contents;
    // The log proves as ever: a client that was away for long goes on from what it has seen.
    await proveConsistency(registry, checkpoint, newest);
    expect((await core.checkpointAt(logLength)).checkpoint).toEqual(checkpoint);
    await expect(core.proveAbsence(logLength, [digestNamed('absent')])).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
      status: 404,
    });
    expect(records.length).toBeGreaterThan(0);
  }

  // However long it goes on, no more is kept than one hour needs.
  const sizes: number[] = [];
  for (let hours = 0; hours < 3; hours++) {
    for (let i = 0; i < 60; i++) rounds.push(await round());
    await writer.collect();
    sizes.push(await countPages(store));
  }
  expect(Math.max(...sizes)).toBeLessThan(1.2 * Math.min(...sizes));
  for (const each of rounds.slice(-61)) await proveAll(registry, each);
  await core.close();
}

async function keepsTheNewest(store: RegistryStore): Promise<void> {
  const { registry, round } = await churn(store);
  const { core, clock, writer } = registry;
  let last = await round();
  for (let i = 0; i < 20; i++) last = await round();
  clock.advance(24 * 60 * MINUTE);
  await writer.collect();
  await proveAll(registry, last);
  const next = await round();
  await proveAll(registry, next);
  await proveAll(registry, last);
  await core.close();
}

describe('proofs at older checkpoints', () => {
  it('are made for an hour, and what only older ones need is given up', () =>
    keepsForAnHour(openMemoryStore()));

  it('are made at the newest for ever', () => keepsTheNewest(openMemoryStore()));

  it('are given up for good, or not at all, if the registry ends in the middle of it', async () => {
    const { registry, round } = await churn(openMemoryStore());
    const { writer, store } = registry;
    let last = await round();
    for (let i = 0; i < 120; i++) last = await round();
    const failing = store.transaction(async (transaction) => {
      const { mapPage } = (await transaction.latestCheckpoint())!;
      expect(await transaction.mapStore.collect(mapPage, 1000)).toBeGreaterThan(100);
      throw new Error('the end');
    });
    await expect(failing).rejects.toThrow('the end');
    await proveAll(registry, last);
    await writer.collect();
    await proveAll(registry, last);
    await registry.core.close();
  });
});

describeWithPostgres('proofs at older checkpoints on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());
  const open = async () => openPostgresStore(await server.createDatabase(), { runMigrations: true });

  it('are made for an hour, and what only older ones need is given up', async () => {
    await keepsForAnHour(await open());
  });

  it('are made at the newest for ever', async () => {
    await keepsTheNewest(await open());
  });
});
