import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, type TestRecord, testPackage, yankEntry } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import type { RecordStatus } from '../registry/registry.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { NewRecord, StoredCheckpoint } from '../store/rows.ts';
import { openMemoryStore, openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { soleLeadership } from './leadership.ts';
import { ensureOperatorLog } from './operator-log.ts';
import { Sequencer } from './sequencer.ts';
import { keySigner } from './signer.ts';

const operatorKey = generatePrivateKey();

const silent: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };

const sequencerOptions = ({ clock }: TestRegistry) => ({
  signer: keySigner(operatorKey),
  leadership: soleLeadership(),
  clock,
  log: silent,
});

function row(record: TestRecord, prev?: string): NewRecord {
  return {
    ...record,
    prev,
    state: 'processing',
    contents: [],
    acceptedAt: 0,
    packageName: prev === undefined ? record.packageName : undefined,
  };
}

/** Puts records into the store as if they had all been accepted before the sequencer had a turn. */
async function insertAll(store: RegistryStore, records: readonly NewRecord[]): Promise<void> {
  await store.transaction((transaction) => transaction.insertRecords(records));
}

async function statuses(registry: TestRegistry, records: readonly TestRecord[]): Promise<RecordStatus[]> {
  return Promise.all(records.map(({ logId, recordId }) => registry.core.recordStatus(logId, recordId)));
}

const indexOf = (status: RecordStatus) =>
  status.state === 'published' ? status.registryIndex : status.state;

describe('the sequencer', () => {
  let registry: TestRegistry;
  let store: RegistryStore;
  beforeEach(async () => {
    store = openMemoryStore();
    registry = await testRegistry({ store, operatorKey });
  });
  afterEach(() => registry.core.close());
  const now = () => registry.clock.now();
  const sequence = async () => {
    await registry.writer.tick();
    await registry.writer.idle();
  };

  it('leaves for the next checkpoint what is too much work for one', async () => {
    const packages = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name, { now }));
    const first = packages.map((each) => each.init());
    const content = digestNamed('same');
    const large = packages.map((each) =>
      each.record(Array.from({ length: 5000 }, (_, i) => releaseEntry(`1.0.${i}`, content))),
    );
    await insertAll(
      store,
      first.map((record) => row(record)),
    );
    await sequence();
    const before = (await registry.core.latestCheckpoint()).sequence;
    await insertAll(
      store,
      large.map((record, i) => row(record, first[i]!.recordId)),
    );
    await sequence();
    expect((await statuses(registry, large)).map(indexOf)).toEqual([4, 5, 6]);
    expect((await registry.core.latestCheckpoint()).sequence).toBe(before + 2);
  });

  it('publishes many records in one checkpoint, in order of arrival, several of one log too', async () => {
    const a = testPackage('test:a', { now });
    const b = testPackage('test:b', { now });
    const records = [a.init(), b.init(), a.release('1.0.0'), a.release('2.0.0'), b.release('1.0.0')];
    await insertAll(store, [
      row(records[0]!),
      row(records[1]!),
      row(records[2]!, records[0]!.recordId),
      row(records[3]!, records[2]!.recordId),
      row(records[4]!, records[1]!.recordId),
    ]);
    await sequence();
    expect((await statuses(registry, records)).map(indexOf)).toEqual([1, 2, 3, 4, 5]);
    expect((await registry.core.latestCheckpoint()).sequence).toBe(1);
    const { packages } = await verifyRegistry(registry.core, { operatorKey: registry.operatorKey });
    expect([...packages.get(a.logId)!.releases.keys()]).toEqual(['1.0.0', '2.0.0']);
  });

  it('rejects what does not fit, alone, and gives it no index', async () => {
    const a = testPackage('test:a', { now });
    const [init, first] = [a.init(), a.release('1.0.0')];
    const again = a.record([releaseEntry('1.0.0')], { follow: false });
    const yank = a.record([yankEntry('9.0.0')], { follow: false });
    const next = a.release('2.0.0');
    await insertAll(store, [
      row(init),
      row(first, init.recordId),
      row(again, first.recordId),
      row(yank, first.recordId),
      row(next, first.recordId),
    ]);
    await sequence();
    const [, , rejected, alsoRejected, published] = await statuses(registry, [
      init,
      first,
      again,
      yank,
      next,
    ]);
    expect(rejected).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('already released'),
    });
    expect(alsoRejected).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('never released'),
    });
    expect(published).toMatchObject({ state: 'published', registryIndex: 3 });
    await verifyRegistry(registry.core, { operatorKey: registry.operatorKey });
  });

  it('signs nothing when everything was rejected', async () => {
    const before = await registry.core.latestCheckpoint();
    const lost = testPackage('test:a', { now }).release('1.0.0');
    await insertAll(store, [row(lost)]);
    await sequence();
    expect((await statuses(registry, [lost]))[0]!.state).toBe('rejected');
    expect(await registry.core.latestCheckpoint()).toEqual(before);
  });

  it('rejects what makes the fold throw, alone', async () => {
    const good = testPackage('test:good', { now }).init();
    const bad = testPackage('test:bad', { now }).init();
    // Not even a record: nothing of the kind is accepted, so something is broken that should be told of.
    const bytes = { ...bad.envelope, contentBytes: Uint8Array.of(255) };
    const absent = { ...bad.envelope, signature: null as never };
    const other = testPackage('test:other', { now }).init();
    await insertAll(store, [row({ ...bad, envelope: bytes }), row(good)]);
    await sequence();
    const [first, second] = await statuses(registry, [bad, good]);
    expect(first!.state).toBe('rejected');
    expect(second!.state).toBe('published');
    await expect(insertAll(store, [row({ ...other, envelope: absent })])).rejects.toThrow();
  });

  it('goes on with more records than one checkpoint takes', async () => {
    const records = Array.from({ length: 600 }, (_, i) =>
      testPackage(`test:p${i}`, { now, key: operatorKey }).init(),
    );
    await insertAll(
      store,
      records.map((record) => row(record)),
    );
    await sequence();
    expect((await statuses(registry, records)).map(indexOf)).toEqual(records.map((_, i) => i + 1));
    expect((await registry.core.latestCheckpoint()).sequence).toBe(2);
    await verifyRegistry(registry.core, { operatorKey: registry.operatorKey });
  });

  it('never signs an earlier time than before, even if the clock is turned back', async () => {
    const { checkpoint } = await registry.core.latestCheckpoint();
    registry.clock.advance(-3_600_000);
    await registry.publish(testPackage('test:a', { now }).init());
    const later = (await registry.core.latestCheckpoint()).checkpoint;
    expect(later.contents.logLength).toBe(2);
    expect(later.contents.timestamp).toBe(checkpoint.contents.timestamp);
  });

  it('says once that its newest checkpoint is ahead of the clock', async () => {
    const said = () => registry.logged.filter((line) => line.includes('ahead of the clock')).length;
    await registry.writer.tick();
    registry.clock.advance(-4 * 60_000);
    await registry.writer.tick();
    expect(said()).toBe(0);
    registry.clock.advance(-2 * 60_000);
    await registry.writer.tick();
    await registry.writer.tick();
    expect(said()).toBe(1);
  });
});

describe('an idle registry', () => {
  it('signs its head again, in place, so that clients can ask for fresh ones', async () => {
    const registry = await testRegistry({ operatorKey, resignInterval: 60_000 });
    const before = await registry.core.latestCheckpoint();
    await registry.writer.tick();
    expect(await registry.core.latestCheckpoint()).toEqual(before);
    registry.clock.advance(59_999);
    await registry.writer.tick();
    expect(await registry.core.latestCheckpoint()).toEqual(before);
    registry.clock.advance(1);
    await registry.writer.tick();
    const after = await registry.core.latestCheckpoint();
    expect(after.sequence).toBe(before.sequence);
    expect(after.checkpoint.contents).toEqual({
      ...before.checkpoint.contents,
      timestamp: before.checkpoint.contents.timestamp + 60,
    });
    expect(await registry.core.checkpointAt(1)).toEqual(after);
    const seen = [before.checkpoint, after.checkpoint];
    await registry.publish(testPackage('test:a', { now: registry.clock.now }).init());
    await verifyRegistry(registry.core, { operatorKey: registry.operatorKey, seen });
    expect((await registry.core.latestCheckpoint()).sequence).toBe(1);
    await registry.core.close();
  });

  it('does not if it is not to', async () => {
    const registry = await testRegistry({ operatorKey, resignInterval: 0 });
    const before = await registry.core.latestCheckpoint();
    registry.clock.advance(24 * 3_600_000);
    await registry.writer.tick();
    expect(await registry.core.latestCheckpoint()).toEqual(before);
    await registry.core.close();
  });

  it('signs an old head when it is opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warg-sequencer-'));
    const file = join(folder, 'registry.sqlite');
    const first = await testRegistry({ operatorKey, store: openSqliteStore(file) });
    await first.core.close();
    first.clock.advance(3_600_000);
    const second = await testRegistry({ operatorKey, store: openSqliteStore(file), clock: first.clock });
    const { checkpoint } = await second.core.latestCheckpoint();
    expect(checkpoint.contents.timestamp).toBe(first.clock.now() / 1000);
    await second.core.close();
    rmSync(folder, { recursive: true });
  });
});

describe('two sequencers on one store', () => {
  it('start over when the other one was faster by a hair, and show nobody what they signed', async () => {
    const inner = openMemoryStore();
    let refusals = 0;
    const signed: StoredCheckpoint[] = [];
    const store: RegistryStore = {
      read: (work) => inner.read(work),
      revision: () => inner.revision(),
      close: () => inner.close(),
      transaction: (work) =>
        inner.transaction((transaction) =>
          work(
            new Proxy(transaction, {
              get(target, name) {
                const value = Reflect.get(target, name);
                if (typeof value !== 'function') return value;
                return (...args: [StoredCheckpoint | undefined, StoredCheckpoint]) => {
                  if (name === 'insertCheckpoint' && refusals > 0) {
                    refusals -= 1;
                    signed.push(args[1]);
                    return Promise.resolve(false);
                  }
                  return Reflect.apply(value, target, args);
                };
              },
            }),
          ),
        ),
    };
    const registry = await testRegistry({ operatorKey, store });
    const seen = [(await registry.core.latestCheckpoint()).checkpoint];
    refusals = 2;
    const record = testPackage('test:a', registry.clock).init();
    expect((await registry.publish(record)).state).toBe('published');
    expect(signed.length).toBe(2);
    await verifyRegistry(registry.core, { operatorKey: registry.operatorKey, seen });
    refusals = 1;
    await ensureOperatorLog(new Sequencer({ ...sequencerOptions(registry), store }), {
      signer: keySigner(operatorKey),
      namespaces: [{ namespace: 'further', state: 'defined' }],
      clock: registry.clock,
      log: silent,
    });
    expect(signed.length).toBe(3);
    expect(await registry.core.namespaceState('further')).toEqual({ state: 'defined' });
    await registry.core.close();
  });

  it('take turns: whoever is late reads the store again, and nothing is signed twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warg-sequencer-'));
    const file = join(folder, 'registry.sqlite');
    const open = () => testRegistry({ operatorKey, store: openSqliteStore(file, { lock: false }) });
    const [left, right] = [await open(), await open()];
    const now = left.clock.now;
    const seen: SignedCheckpoint[] = [];
    const records: TestRecord[] = [];
    for (let round = 0; round < 10; round++) {
      const here = Array.from({ length: 3 }, (_, i) => testPackage(`test:l${round}x${i}`, { now }).init());
      const there = Array.from({ length: 3 }, (_, i) => testPackage(`test:r${round}x${i}`, { now }).init());
      records.push(...here, ...there);
      await Promise.all([
        ...here.map((record) => left.core.submit(record)),
        ...there.map((record) => right.core.submit(record)),
      ]);
      await Promise.all([left.writer.idle(), right.writer.idle()]);
      seen.push(
        (await left.core.latestCheckpoint()).checkpoint,
        (await right.core.latestCheckpoint()).checkpoint,
      );
      left.clock.advance(70_000);
      right.clock.advance(50_000);
      await Promise.all([left.writer.tick(), right.writer.tick()]);
      await Promise.all([left.writer.idle(), right.writer.idle()]);
    }
    // One behind the other, so that each must find itself late.
    for (const [turn, each] of [left, right, left].entries()) {
      const record = testPackage(`test:turn${turn}`, { now }).init();
      records.push(record);
      await each.core.submit(record);
      await each.writer.idle();
    }
    const found = await statuses(right, records);
    expect(found.every(({ state }) => state === 'published')).toBe(true);
    expect(new Set(found.map(indexOf)).size).toBe(records.length);
    for (const { core } of [left, right]) {
      const { leaves } = await verifyRegistry(core, { operatorKey: publicKeyOf(operatorKey), seen });
      expect(leaves.length).toBe(records.length + 1);
    }
    // Both have found themselves late, or the test shows nothing.
    const late = 'debug another sequencer signed a checkpoint; going on behind it';
    expect(left.logged).toContain(late);
    expect(right.logged).toContain(late);
    await left.core.close();
    await right.core.close();
    rmSync(folder, { recursive: true });
  });
});
