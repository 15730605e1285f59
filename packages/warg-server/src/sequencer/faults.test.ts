import { generatePrivateKey } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, faultyStore } from '../../test/faulty-store.ts';
import { describeWithPostgres, type PostgresServer, startPostgres } from '../../test/postgres-server.ts';
import { digestNamed, releaseEntry, type TestRecord, testPackage } from '../../test/publisher.ts';
import { testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import { checkpointNote } from '../log-note/checkpoint-note.ts';
import { generateLogKey } from '../log-note/log-key.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';

const operatorKey = generatePrivateKey();
const logKey = generateLogKey('registry.test/log');

/**
 * Publishes some records while one fault happens, and holds the registry to its word.
 *
 * @returns whether the fault happened at all
 */
async function publishThrough(fault: Fault, inner: RegistryStore): Promise<boolean> {
  const store = faultyStore(inner);
  const registry = await testRegistry({ store, operatorKey, logKey, hasAllContent: false });
  const { core, writer, clock } = registry;
  await registry.publish(testPackage('test:before', clock).init());
  const seen: SignedCheckpoint[] = [(await core.latestCheckpoint()).checkpoint];

  store.arm(fault);
  const a = testPackage('test:a', clock);
  const b = testPackage('test:b', clock);
  const records = [
    a.init(),
    b.init(releaseEntry('1.0.0', digestNamed('content'))),
    a.release('0.1.0', digestNamed('x')),
  ];
  const acknowledged: TestRecord[] = [];
  registry.contents.add(digestNamed('x'));
  for (const record of records) {
    // What failed is sent again, as a client would; a client that was told nothing knows nothing.
    for (let attempt = 1; ; attempt++) {
      try {
        await core.submit(record);
        acknowledged.push(record);
        break;
      } catch (error) {
        if (attempt === 3) throw error;
        await writer.tick().catch(() => {});
      }
    }
    await writer.idle();
    seen.push((await core.latestCheckpoint()).checkpoint);
  }
  const upload = { logId: b.logId, recordId: records[1]!.recordId, digest: digestNamed('content') };
  const stored = await core.contentStored(upload).catch(() => core.contentStored(upload));
  expect(stored.state).not.toBe('sourcing');
  clock.advance(61_000);
  for (let turn = 0; turn < 3; turn++) {
    await writer.tick().catch(() => {});
    await writer.idle();
  }
  seen.push((await core.latestCheckpoint()).checkpoint);

  for (const { logId, recordId } of acknowledged) {
    expect((await core.recordStatus(logId, recordId)).state).toBe('published');
  }
  const { leaves } = await verifyRegistry(core, { operatorKey: registry.operatorKey, seen });
  expect(leaves.length).toBe(5);
  expect(new Set(leaves).size).toBe(5);
  // The note says what the newest checkpoint says.
  const newest = await store.read((reads) => reads.latestCheckpoint());
  expect(await core.logNote()).toBe(checkpointNote(newest!, logKey).text);
  // The numbers of the checkpoints have no gaps.
  const { sequence, checkpoint } = await core.latestCheckpoint();
  let signed = 0;
  for (let length = 1; length <= checkpoint.contents.logLength; length++) {
    signed += await core.checkpointAt(length).then(
      () => 1,
      () => 0,
    );
  }
  expect(signed).toBe(sequence + 1);
  await core.close();
  return store.fired;
}

const cases = [
  ['at any call', 'call', 40],
  ['at any commit that fails', 'commit', 8],
  ['behind any commit that nobody is told of', 'answer', 8],
] as const;

/** Lets the fault happen everywhere, one place after the other. @returns how many places there are */
async function tryAll(type: Fault['type'], open: () => Promise<RegistryStore>): Promise<number> {
  let number = 1;
  while (await publishThrough({ type, number }, await open())) number += 1;
  return number;
}

describe('a fault in the store', () => {
  it.each(cases)(
    '%s costs nothing that was acknowledged and signs nothing twice',
    async (_, type, atLeast) => {
      expect(await tryAll(type, async () => openMemoryStore())).toBeGreaterThan(atLeast);
    },
  );
});

describeWithPostgres('a fault in the store on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it.each(cases)(
    '%s costs nothing that was acknowledged and signs nothing twice',
    async (_, type, atLeast) => {
      const open = async () => openPostgresStore(await server.createDatabase(), { runMigrations: true });
      expect(await tryAll(type, open)).toBeGreaterThan(atLeast);
    },
  );
});
