import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import {
  decodeOperatorRecord,
  emptyOperatorState,
  type PublishedEnvelope,
  signOperatorRecord,
  validateOperatorLog,
} from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initEntry, type TestPackage, testPackage } from '../../test/publisher.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { NamespaceDefinition, RegistryCoreOptions, StoreLocation } from './core-options.ts';
import { openRegistryCore } from './open.ts';
import type { RegistryCore } from './registry.ts';

const operatorKey = generatePrivateKey();
const test: NamespaceDefinition = { namespace: 'test', state: 'defined' };

async function operatorLog(core: RegistryCore): Promise<readonly PublishedEnvelope[]> {
  const { checkpoint } = await core.latestCheckpoint();
  const { logLength } = checkpoint.contents;
  const { operator } = await core.fetchLogs({ logLength, limit: 100, packages: [], maxBytes: 1e6 });
  return operator;
}

async function published(core: RegistryCore, logId: string, recordId: string): Promise<void> {
  for (;;) {
    const status = await core.recordStatus(logId, recordId);
    if (status.state === 'published') return;
    expect(status.state).toBe('processing');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(['memory', 'sqlite'] as const)('a registry in a new store (%s)', (type) => {
  let folder: string;
  let store: StoreLocation;
  let core: RegistryCore;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'warg-registry-'));
    store = type === 'memory' ? { type } : { type, file: join(folder, 'deep', 'registry.sqlite') };
    core = await openRegistryCore({
      store,
      operatorKey,
      namespaces: [test, { namespace: 'other', state: 'imported', registry: 'registry.example' }],
      hasContent: async () => true,
    });
  });
  afterEach(async () => {
    await core.close();
    rmSync(folder, { recursive: true });
  });

  it('has one operator record, signed by the operator, and a checkpoint over it', async () => {
    const { checkpoint, sequence, json } = await core.latestCheckpoint();
    expect(checkpoint.contents.logLength).toBe(1);
    expect(sequence).toBe(0);
    expect(JSON.parse(json)).toEqual(checkpoint);
    const [record, ...others] = await operatorLog(core);
    expect(others).toEqual([]);
    expect(record!.registryIndex).toBe(0);
    expect(decodeOperatorRecord(record!.contentBytes).entries).toEqual([
      { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(operatorKey) },
      { type: 'defineNamespace', namespace: 'test' },
      { type: 'importNamespace', namespace: 'other', registry: 'registry.example' },
    ]);
    await verifyRegistry(core, { operatorKey: publicKeyOf(operatorKey) });
    expect(await core.namespaceState('test')).toEqual({ state: 'defined' });
    expect(await core.namespaceState('other')).toEqual({ state: 'imported', registry: 'registry.example' });
    expect(await core.namespaceState('none')).toBeUndefined();
  });

  it('publishes a package and proves it', async () => {
    const pkg = testPackage('test:hello');
    const records = [pkg.init(), pkg.release('1.0.0'), pkg.release('1.1.0')];
    for (const record of records) {
      const status = await core.submit(record);
      expect(status.state).toMatch(/processing|published/);
    }
    for (const { logId, recordId } of records) await published(core, logId, recordId);
    const absent = [testPackage('test:never').logId];
    const { packages, checkpoint } = await verifyRegistry(core, {
      operatorKey: publicKeyOf(operatorKey),
      absent,
    });
    expect(checkpoint.contents.logLength).toBe(4);
    expect([...packages.get(pkg.logId)!.releases.keys()]).toEqual(['1.0.0', '1.1.0']);
    expect(await core.packageNames([pkg.logId])).toEqual([[pkg.logId, 'test:hello']]);
  });

  it('fails calls after it was closed', async () => {
    await core.close();
    await core.close();
    await expect(core.latestCheckpoint()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(core.submit(testPackage('test:late').init())).rejects.toThrow();
  });
});

describe('a registry in a store that is in use', () => {
  let folder: string;
  let file: string;
  let options: RegistryCoreOptions;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'warg-registry-'));
    file = join(folder, 'registry.sqlite');
    options = {
      store: { type: 'sqlite', file },
      operatorKey,
      namespaces: [test],
      hasContent: async () => true,
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function withCore<T>(
    more: Partial<RegistryCoreOptions>,
    work: (core: RegistryCore) => Promise<T>,
  ): Promise<T> {
    const core = await openRegistryCore({ ...options, ...more });
    try {
      return await work(core);
    } finally {
      await core.close();
    }
  }

  it('goes on where it was', async () => {
    const pkg = testPackage('test:hello');
    const before = await withCore({}, async (core) => {
      const { recordId } = await core.submit(pkg.init());
      await published(core, pkg.logId, recordId);
      return (await core.latestCheckpoint()).checkpoint;
    });
    await withCore({}, async (core) => {
      const after = (await core.latestCheckpoint()).checkpoint;
      expect(after.contents.logRoot).toBe(before.contents.logRoot);
      expect((await core.submit(pkg.release('1.0.0'))).state).toMatch(/processing|published/);
    });
    await withCore({}, async (core) => {
      const { packages } = await verifyRegistry(core, {
        operatorKey: publicKeyOf(operatorKey),
        seen: [before],
      });
      expect(packages.get(pkg.logId)!.releases.size).toBe(1);
      expect((await operatorLog(core)).length).toBe(1);
    });
  });

  it('leaves all of itself in the one file', async () => {
    const pkg = testPackage('test:hello');
    await withCore({}, async (core) => {
      const { recordId } = await core.submit(pkg.init());
      await published(core, pkg.logId, recordId);
    });
    const copy = join(folder, 'copy.sqlite');
    cpSync(file, copy);
    await withCore({ store: { type: 'sqlite', file: copy } }, async (core) => {
      expect((await core.latestCheckpoint()).checkpoint.contents.logLength).toBe(2);
    });
  });

  it('takes up records that were accepted and not sequenced', async () => {
    await withCore({}, async () => {});
    const pkg = testPackage('test:hello');
    const record = pkg.init();
    const store = openSqliteStore(file);
    await store.transaction((transaction) =>
      transaction.insertRecords([
        { ...record, prev: undefined, state: 'processing', contents: [], acceptedAt: Date.now() },
      ]),
    );
    await store.close();
    await withCore({}, (core) => published(core, record.logId, record.recordId));
  });

  it('adds namespaces that it does not have to the operator log', async () => {
    await withCore({}, async () => {});
    const imported: NamespaceDefinition = {
      namespace: 'far',
      state: 'imported',
      registry: 'registry.example',
    };
    const further: NamespaceDefinition = { namespace: 'further', state: 'defined' };
    await withCore({ namespaces: [further, test, imported, further] }, async (core) => {
      const log = await operatorLog(core);
      expect(log.length).toBe(2);
      expect([...validateOperatorLog(emptyOperatorState, log).namespaces.keys()]).toEqual([
        'test',
        'further',
        'far',
      ]);
      await verifyRegistry(core, { operatorKey: publicKeyOf(operatorKey) });
    });
    await withCore({ namespaces: [] }, async (core) => {
      expect((await operatorLog(core)).length).toBe(2);
      expect(await core.namespaceState('far')).toEqual({ state: 'imported', registry: 'registry.example' });
    });
  });

  it('refuses a namespace that the operator log says something else of', async () => {
    await withCore({}, async () => {});
    const namespaces: NamespaceDefinition[] = [
      { namespace: 'test', state: 'imported', registry: 'registry.example' },
    ];
    await expect(openRegistryCore({ ...options, namespaces })).rejects.toMatchObject({
      code: 'NAMESPACE_CONFLICT',
    });
    await withCore({}, async (core) => expect((await operatorLog(core)).length).toBe(1));
  });

  it('refuses what is no namespace, and leaves a new store empty', async () => {
    const namespaces: NamespaceDefinition[] = [{ namespace: 'Not A Namespace', state: 'defined' }];
    await expect(openRegistryCore({ ...options, namespaces })).rejects.toMatchObject({
      code: 'OPERATOR_RECORD_REFUSED',
    });
    await withCore({}, async (core) => expect((await operatorLog(core)).length).toBe(1));
  });

  it('refuses the key of another operator', async () => {
    await withCore({}, async () => {});
    const other = openRegistryCore({ ...options, operatorKey: generatePrivateKey() });
    await expect(other).rejects.toMatchObject({
      code: 'OPERATOR_KEY_MISMATCH',
      message: expect.stringContaining('another operator'),
    });
    await withCore({}, async () => {});
  });

  it('refuses a second server on the same file', async () => {
    await withCore({}, async () => {
      await expect(openRegistryCore(options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    });
  });

  it('refuses a store whose checkpoint is not of its log', async () => {
    await withCore({}, async () => {});
    const store = openSqliteStore(file);
    await store.transaction(async (transaction) => {
      const latest = (await transaction.latestCheckpoint())!;
      await transaction.replaceCheckpoint(latest, { ...latest, logRoot: latest.mapRoot });
    });
    await store.close();
    // Which would say before that the signed log is another one.
    rmSync(`${file}.head`);
    await expect(openRegistryCore(options)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  describe('that lost what it had signed', () => {
    let pkg: TestPackage;
    beforeEach(() => {
      pkg = testPackage('test:hello');
    });
    const publishOne = (core: RegistryCore) =>
      core.submit(pkg.init()).then(({ recordId }) => published(core, pkg.logId, recordId));
    const rolledBack = { code: 'STORE_ROLLED_BACK', message: expect.stringContaining('log of 2 records') };
    const copyOf = (name: string) => join(folder, `copy-${name}`);

    it.each([
      ['in a worker', {}],
      ['in this thread', { clock: { now: Date.now } }],
    ])('refuses to sign something else in its place, writing %s', async (_, how) => {
      await withCore(how, async () => {});
      cpSync(file, copyOf('older'));
      await withCore(how, publishOne);
      cpSync(file, copyOf('newer'));

      // An older copy is put back, without what the newer one knows.
      cpSync(copyOf('older'), file);
      await withCore(how, async (core) => {
        expect(core.mode()).toBe('readOnly');
        expect((await core.latestCheckpoint()).checkpoint.contents.logLength).toBe(1);
        await expect(core.submit(pkg.release('1.0.0'))).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
      });
      // The file is gone: a new registry under the old key.
      rmSync(file);
      await expect(openRegistryCore({ ...options, ...how })).rejects.toMatchObject(rolledBack);
      // Nothing was signed by these attempts.
      const left = openSqliteStore(file);
      expect(await left.read((reads) => reads.latestCheckpoint())).toBeUndefined();
      await left.close();

      cpSync(copyOf('newer'), file);
      await withCore(how, async (core) => {
        expect(core.mode()).toBe('readWrite');
        expect((await core.latestCheckpoint()).checkpoint.contents.logLength).toBe(2);
      });
    });

    it('is another store with a log of the same length', async () => {
      await withCore({}, async () => {});
      rmSync(file);
      const { store } = { store: { type: 'sqlite', file: join(folder, 'other.sqlite') } as const };
      await withCore({ store }, async () => {});
      cpSync(store.file, file);
      await expect(openRegistryCore(options)).rejects.toMatchObject({ code: 'STORE_ROLLED_BACK' });
    });

    it('is opened when nobody remembers, or what is remembered cannot be read or is older', async () => {
      await withCore({}, async () => {});
      const note = readFileSync(`${file}.head`);
      await withCore({}, publishOne);
      for (const kept of [undefined, '', '{"logLength":', 'null', '{}', note]) {
        rmSync(`${file}.head`);
        if (kept !== undefined) writeFileSync(`${file}.head`, kept);
        await withCore({}, async () => {});
        // Noted again.
        expect(JSON.parse(readFileSync(`${file}.head`, 'utf8'))).toMatchObject({ logLength: 2 });
      }
      await withCore({}, async (core) => {
        const { recordId } = await core.submit(pkg.release('1.0.0'));
        await published(core, pkg.logId, recordId);
      });
      expect(JSON.parse(readFileSync(`${file}.head`, 'utf8'))).toMatchObject({ logLength: 3 });
    });
  });

  it('takes no operator record through the door of packages', async () => {
    await withCore({}, async (core) => {
      const [first] = await operatorLog(core);
      const envelope = signOperatorRecord(
        { prev: first!.fetchToken as never, time: { seconds: 1n, nanos: 0 }, entries: [] },
        operatorKey,
      );
      const { logId } = testPackage('test:hello');
      await expect(
        core.submit({ logId, packageName: 'test:hello', envelope, address: '' }),
      ).rejects.toMatchObject({
        status: 422,
      });
      const record = testPackage('test:hello', { key: operatorKey }).record([initEntry(operatorKey)]);
      const operatorLogId = (await core.ledgerRecords(0, 1)).subarray(0, 32);
      await expect(
        core.submit({ ...record, logId: `sha256:${Buffer.from(operatorLogId).toString('hex')}` }),
      ).rejects.toMatchObject({ status: 400 });
    });
  });
});
