import { type Digest, digestOf, encodeUtf8 } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  initEntry,
  releaseEntry,
  type TestPackage,
  type TestRecord,
  testPackage,
} from '../../test/publisher.ts';
import { START, type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import type { ContentStore } from '../content/content-store.ts';
import { memoryContentStore } from '../content/memory-content.ts';
import { chunksOf } from '../content/testing/content-streams.ts';
import { collectGarbage, type GarbageOptions } from './collect-garbage.ts';

const hour = 3_600_000;
let content: ContentStore;
let registry: TestRegistry;
let pkg: TestPackage;

beforeEach(async () => {
  content = memoryContentStore();
  registry = await testRegistry({ hasContent: async (digest) => (await content.size(digest)) !== undefined });
  pkg = testPackage('test:hello', { now: () => START });
  await registry.publish(pkg.init());
});
afterEach(() => registry.core.close());

async function stored(name: string): Promise<Digest> {
  const bytes = encodeUtf8(name);
  await content.write(digestOf(bytes), chunksOf(bytes, 100), 1000);
  return digestOf(bytes);
}

const collect = (options: Partial<GarbageOptions> = {}) =>
  collectGarbage({
    store: registry.store,
    content,
    actor: 'root@host',
    minAge: 24 * hour,
    // The contents are of the real time.
    now: () => Date.now() + 25 * hour,
    ...options,
  });

const isThere = async (digest: Digest) => (await content.size(digest)) !== undefined;
const upload = (record: TestRecord, digest: Digest) => ({ ...record, digest });

describe('collectGarbage', () => {
  it('removes what no record names, and says how much', async () => {
    const [published, garbage] = [await stored('published'), await stored('garbage')];
    await registry.publish(pkg.record([releaseEntry('1.0.0', published)]));
    const summary = await collect();
    expect(summary).toEqual({ contents: 2, bytes: 16, named: 1, young: 0, removed: 1, removedBytes: 7 });
    expect(await isThere(published)).toBe(true);
    expect(await isThere(garbage)).toBe(false);
    const [noted] = await registry.store.read((reads) => reads.audit({ since: 0, limit: 1 }));
    expect(noted).toMatchObject({
      actor: 'root@host',
      action: 'content.gc',
      details: { removed: 1, bytes: 7 },
    });
  });

  it('removes nothing when it is only asked, and says what it would', async () => {
    const garbage = await stored('garbage');
    expect(await collect({ dryRun: true })).toMatchObject({ removed: 1, removedBytes: 7 });
    expect(await isThere(garbage)).toBe(true);
    expect(await registry.store.read((reads) => reads.audit({ since: 0, limit: 1 }))).toEqual([]);
  });

  it('leaves what is younger than the limit, or of unknown age', async () => {
    const garbage = await stored('garbage');
    expect(await collect({ now: () => Date.now() + 23 * hour })).toMatchObject({ young: 1, removed: 0 });
    const ageless = {
      ...content,
      list: async function* () {
        for await (const each of content.list()) yield { ...each, storedAt: undefined };
      },
    };
    expect(await collect({ content: ageless })).toMatchObject({ young: 1, removed: 0 });
    expect(await isThere(garbage)).toBe(true);
  });

  it('leaves what waiting records name, and takes it once these have expired or were rejected', async () => {
    const [first, second] = [await stored('first'), await stored('second')];
    const missing = digestOf(encodeUtf8('missing'));
    const other = testPackage('test:other', { now: () => START });
    await registry.core.submit(pkg.record([releaseEntry('1.0.0', first), releaseEntry('1.1.0', missing)]));
    const rejected = other.record([
      initEntry(other.key),
      releaseEntry('1.0.0', second),
      releaseEntry('1.1.0', missing),
    ]);
    await registry.core.submit(rejected);
    expect(await collect()).toMatchObject({ named: 2, removed: 0 });
    await registry.core.contentRejected(upload(rejected, second), 'on purpose');
    expect(await collect()).toMatchObject({ named: 1, removed: 1 });
    registry.clock.advance(25 * hour);
    await registry.writer.tick();
    expect(await collect()).toMatchObject({ named: 0, removed: 1 });
  });

  it('removes more than one batch', async () => {
    for (let i = 0; i < 250; i++) await stored(`garbage ${i}`);
    expect(await collect()).toMatchObject({ contents: 250, removed: 250 });
    for await (const each of content.list()) throw new Error(`${each.digest} is there`);
  });

  /** A store in which something happens when a content is about to be removed. */
  function disturbed(before: () => Promise<void>, after: () => Promise<void> = async () => {}): ContentStore {
    return {
      ...content,
      remove: async (digest) => {
        await before();
        await content.remove(digest);
        await after();
      },
    };
  }

  it('has a record wait that names a content in the middle of its removal', async () => {
    const garbage = await stored('garbage');
    const record = pkg.record([releaseEntry('1.0.0', garbage)]);
    let state: unknown;
    await collect({
      now: () => registry.clock.now(),
      minAge: -1e15,
      content: disturbed(async () => {
        // It is still there, and is going.
        state = await registry.core.submit(record);
      }),
    });
    expect(state).toMatchObject({ state: 'sourcing', missingContent: [garbage] });
    await stored('garbage');
    expect(await registry.core.contentStored(upload(record, garbage))).toMatchObject({ state: 'processing' });
    await registry.writer.idle();
    expect(await registry.core.recordStatus(record.logId, record.recordId)).toMatchObject({
      state: 'published',
    });
  });

  it('does not believe that a content is there which was seen before its removal', async () => {
    const garbage = await stored('garbage');
    let go: () => void = () => {};
    const removed = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = await testRegistry({
      store: registry.store,
      operatorKey: registry.privateKey,
      clock: registry.clock,
      hasContent: async (digest) => {
        const found = await isThere(digest);
        await removed;
        return found;
      },
    });
    const submitting = slow.core.submit(pkg.record([releaseEntry('1.0.0', garbage)]));
    await collect({ now: () => registry.clock.now(), minAge: -1e15 });
    go();
    expect(await submitting).toMatchObject({ state: 'sourcing', missingContent: [garbage] });
    await slow.writer.close();
  });

  it('does not count an upload that ends in the middle of a removal, unless its content is there afterwards', async () => {
    const garbage = await stored('garbage');
    const record = pkg.record([releaseEntry('1.0.0', garbage)]);
    const refusals: unknown[] = [];
    const told = (): Promise<unknown> =>
      registry.core.contentStored(upload(record, garbage)).catch((error) => refusals.push(error.status));
    await collect({
      now: () => registry.clock.now(),
      minAge: -1e15,
      content: disturbed(
        async () => {
          await registry.core.submit(record);
          // A store that leaves alone what it has already; and then it goes.
          await stored('garbage');
          await told();
        },
        async () => void (await told()),
      ),
    });
    await told();
    expect(refusals).toEqual([503, 503, 503]);
    await stored('garbage');
    expect(await registry.core.contentStored(upload(record, garbage))).toMatchObject({ state: 'processing' });
  });

  it('leaves what a record came to name since it was asked', async () => {
    const garbage = await stored('garbage');
    const store = {
      ...registry.store,
      read: registry.store.read.bind(registry.store),
      transaction: async (work: Parameters<typeof registry.store.transaction>[0]) => {
        await registry.core.submit(pkg.record([releaseEntry('1.0.0', garbage)]));
        return await registry.store.transaction(work);
      },
    } as typeof registry.store;
    expect(await collect({ store })).toMatchObject({ named: 1, removed: 0 });
    expect(await isThere(garbage)).toBe(true);
  });

  it('notes what it removed until a failure', async () => {
    for (let i = 0; i < 150; i++) await stored(`garbage ${i}`);
    let count = 0;
    const failing = disturbed(async () => {
      if (++count > 120) throw new Error('the store is away');
    });
    await expect(collect({ content: failing })).rejects.toThrow('the store is away');
    const [noted] = await registry.store.read((reads) => reads.audit({ since: 0, limit: 1 }));
    expect(noted).toMatchObject({ action: 'content.gc', details: { removed: 120 } });
    expect(await collect({ now: () => Date.now() + 26 * hour })).toMatchObject({ removed: 30 });
  });
});
