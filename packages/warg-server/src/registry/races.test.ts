import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import { openSqliteReader, openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createCore } from './core.ts';
import { DEFAULT_LIMITS } from './open.ts';
import type { RegistryCore } from './registry.ts';

// Questions on a connection of their own see whatever was committed last: between two of them the writer may have
// been at work. Here it always is.

let folder: string;
let registry: TestRegistry;
let reader: RegistryStore;
/** What happens before a question of this name is answered. */
let before: Partial<Record<keyof StoreReads, () => Promise<void>>>;
let core: RegistryCore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'warg-races-'));
  const file = join(folder, 'registry.sqlite');
  registry = await testRegistry({ store: openSqliteStore(file), hasAllContent: false });
  reader = openSqliteReader(file);
  before = {};
  const racing: RegistryStore = {
    ...{ transaction: reader.transaction, revision: () => reader.revision(), close: () => reader.close() },
    read: (work) =>
      reader.read((reads) =>
        work(
          new Proxy(reads, {
            get(target, name) {
              const value = Reflect.get(target, name);
              if (typeof value !== 'function') return value;
              return async (...args: unknown[]) => {
                const act = before[name as keyof StoreReads];
                delete before[name as keyof StoreReads];
                await act?.();
                return Reflect.apply(value, target, args);
              };
            },
          }),
        ),
      ),
  };
  const { writer, clock } = registry;
  const hasContent = async () => false;
  core = createCore(
    { store: racing, writer, clock, hasContent, recordPolicy: undefined, limits: DEFAULT_LIMITS },
    async () => {},
  );
});
afterEach(async () => {
  await reader.close();
  await registry.core.close();
  rmSync(folder, { recursive: true });
});

describe('between two questions', () => {
  it('the record that brings a key may be published, and the key is known all the same', async () => {
    const pkg = testPackage('test:a', registry.clock);
    const init = pkg.init();
    await registry.store.transaction((transaction) =>
      transaction.insertRecords([
        { ...init, prev: undefined, state: 'processing', contents: [], acceptedAt: 0 },
      ]),
    );
    before.processingOf = async () => {
      await registry.writer.tick();
      await registry.writer.idle();
      expect((await registry.core.recordStatus(init.logId, init.recordId)).state).toBe('published');
    };
    expect((await core.submit(pkg.release('1.0.0'))).state).toBe('sourcing');
    expect(before.processingOf).toBeUndefined();
  });

  it('the last content may be stored, and the record does not read as waiting for nothing', async () => {
    const content = digestNamed('content');
    const record = testPackage('test:a', registry.clock).init(releaseEntry('1.0.0', content));
    const { logId, recordId } = record;
    const store = () => registry.core.contentStored({ logId, recordId, digest: content }).then(() => {});
    await core.submit(record);
    before.contentsOf = store;
    expect((await core.recordStatus(logId, recordId)).state).toBe('processing');
    expect(before.contentsOf).toBeUndefined();
  });

  it('the registry may give up fetching a content, and nobody is asked to upload it', async () => {
    const content = digestNamed('content');
    const record = testPackage('test:a', registry.clock).init(releaseEntry('1.0.0', content));
    const { logId, recordId } = record;
    const sources = new Map([[content, ['https://a.example/file']]]);
    expect((await core.submit({ ...record, sources })).state).toBe('processing');
    before.contentsOf = async () => {
      await registry.core.sourcesFailed({ logId, recordId, digest: content });
    };
    expect((await core.recordStatus(logId, recordId)).state).toBe('rejected');
    expect(before.contentsOf).toBeUndefined();
  });

  it('somebody else may begin the package, and the second is told so', async () => {
    const owner = testPackage('test:a', registry.clock);
    const record = testPackage('test:a', registry.clock).init();
    before.submissionFacts = async () => {
      await registry.publish(owner.init());
    };
    await expect(core.submit(record)).rejects.toMatchObject({ status: 401 });
    expect((await registry.core.packageNames([owner.logId]))[0]![1]).toBe('test:a');
  });

  it('the same record may be published, and is not published twice', async () => {
    const record = testPackage('test:a', registry.clock).init();
    before.submissionFacts = async () => {
      await registry.publish(record);
    };
    expect(await core.submit(record)).toMatchObject({ state: 'published', registryIndex: 1 });
    expect(before.submissionFacts).toBeUndefined();
    expect(await core.submit(record)).toMatchObject({ state: 'published', registryIndex: 1 });
  });
});
