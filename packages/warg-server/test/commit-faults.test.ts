import { encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContentStore } from '../src/content/content-store.ts';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { openMemoryStore } from '../src/store/sqlite/sqlite-store.ts';
import { type FaultyStore, faultyStore, InjectedFault } from './faulty-store.ts';
import { digestNamed, testPackage } from './publisher.ts';
import { type Body, openRegistry } from './registry-caller.ts';
import { type TestRegistry, testRegistry } from './test-registry.ts';
import { verifyRegistry } from './verify-registry.ts';

/*
 * What becomes of a publish if one step of it fails, or succeeds and nobody is told so. The steps are those of a commit: the
 * record goes into the store, its content into the content store, the store gets the checkpoint, and the other processes are
 * notified (that one needs PostgreSQL: `many-processes.test.ts` has it). `faults.test.ts` breaks every single call; this is
 * the table that one can read.
 */

const operatorKey = generatePrivateKey();
const expected = { operatorKey: publicKeyOf(operatorKey) };

describe('a step of a publish that fails', () => {
  let store: FaultyStore;
  let registry: TestRegistry;
  beforeEach(async () => {
    store = faultyStore(openMemoryStore());
    registry = await testRegistry({ store, operatorKey });
    await registry.publish(testPackage('test:before', registry.clock).init());
  });
  afterEach(() => registry.core.close());

  it('store × fails: the publisher is told, nothing is kept, and the same record is taken when it is sent again', async () => {
    const record = testPackage('test:a', registry.clock).init();
    store.arm({ type: 'commit', number: 1 });
    await expect(registry.core.submit(record)).rejects.toThrow(InjectedFault);
    await expect(registry.core.recordStatus(record.logId, record.recordId)).rejects.toMatchObject({
      status: 404,
    });
    expect((await registry.publish(record)).state).toBe('published');
    await verifyRegistry(registry.core, expected);
  });

  it('store × fails but persisted: the publisher is told that it failed, and sent again it is taken once', async () => {
    const record = testPackage('test:a', registry.clock).init();
    store.arm({ type: 'answer', number: 1 });
    await expect(registry.core.submit(record)).rejects.toThrow(InjectedFault);
    expect(['processing', 'published']).toContain(
      (await registry.core.recordStatus(record.logId, record.recordId)).state,
    );
    expect((await registry.publish(record)).state).toBe('published');
    const { leaves } = await verifyRegistry(registry.core, expected);
    expect(leaves.filter((leaf) => leaf.endsWith(record.recordId)).length).toBe(1);
  });

  it.each([
    [
      'fails: nobody sees a checkpoint of it, the record stays processing, and the next pass publishes it',
      'commit',
    ],
    [
      'fails but persisted: the sequencer reads again what it signed and goes on behind it, signing nothing twice',
      'answer',
    ],
  ] as const)('checkpoint × %s', async (_, type) => {
    const { core, writer, clock } = registry;
    const before = (await core.latestCheckpoint()).checkpoint;
    const record = testPackage('test:a', clock).init();
    // The first transaction takes the record, the second one signs.
    store.arm({ type, number: 2 });
    await core.submit(record);
    await writer.idle();
    expect(store.fired).toBe(true);
    const between = (await core.latestCheckpoint()).checkpoint;
    const { state } = await core.recordStatus(record.logId, record.recordId);
    if (type === 'commit') {
      expect(between).toEqual(before);
      expect(state).toBe('processing');
    } else {
      expect(between.contents.logLength).toBe(before.contents.logLength + 1);
      expect(state).toBe('published');
    }
    await writer.tick();
    expect((await registry.publish(testPackage('test:b', clock).init())).state).toBe('published');
    expect((await core.recordStatus(record.logId, record.recordId)).state).toBe('published');
    const { leaves } = await verifyRegistry(core, { ...expected, seen: [before, between] });
    expect(leaves.length).toBe(4);
  });
});

describe('a content store that fails', () => {
  /** Breaks the first write: before anything is kept, or behind it. */
  function faultyContent(type: 'fails' | 'persists'): ContentStore {
    const inner = memoryContentStore();
    let isArmed = true;
    return {
      ...inner,
      size: (digest) => inner.size(digest),
      read: (digest, range) => inner.read(digest, range),
      close: () => inner.close(),
      async write(digest, body, maxBytes) {
        const breaks = isArmed;
        isArmed = false;
        if (breaks && type === 'fails') throw new InjectedFault('an injected fault');
        const size = await inner.write(digest, body, maxBytes);
        if (breaks) throw new InjectedFault('an injected fault');
        return size;
      },
    };
  }

  it.each([
    [
      'fails: the uploader is told, nothing is offered, the record waits on, and the same upload is taken',
      'fails',
    ],
    [
      'fails but persisted: the uploader is told that it failed, and the same upload is taken again',
      'persists',
    ],
  ] as const)('content × %s', async (_, type) => {
    const { call, close } = await openRegistry({ operatorKey, content: faultyContent(type) });
    const pkg = testPackage('test:a');
    await call.settle(pkg.init());
    const digest = digestNamed('content');
    const record = pkg.release('1.0.0', digest);
    expect((await call.settle(record)).state).toBe('sourcing');
    const bytes = encodeUtf8('content') as Body;
    expect((await call.upload(record, digest, bytes)).status).toBe(500);
    const { state } = (await call.get(paths.record(record.logId, record.recordId))).json();
    expect(state).toBe('sourcing');
    expect((await call.get(`content/${digest.replace(':', '-')}`)).status).toBe(404);
    expect((await call.upload(record, digest, bytes)).status).toBe(201);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
    expect((await call.get(`content/${digest.replace(':', '-')}`)).text).toBe('content');
    await close();
  });
});
