import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../test/publisher.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import { openRegistryCore } from '../registry/open.ts';
import type { RegistryCore } from '../registry/registry.ts';

const operatorKey = generatePrivateKey();

describe('a writer in a thread', () => {
  let folder: string;
  let core: RegistryCore;
  const failures: Error[] = [];
  const open = () =>
    openRegistryCore({
      store: { type: 'sqlite', file: join(folder, 'registry.sqlite') },
      operatorKey,
      namespaces: [{ namespace: 'test', state: 'defined' }],
      hasContent: async (digest) => digest === digestNamed('known'),
      onFailure: (error) => failures.push(error),
    });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'warg-thread-'));
    failures.length = 0;
    core = await open();
  });
  afterEach(async () => {
    await core.close();
    rmSync(folder, { recursive: true });
    expect(failures).toEqual([]);
  });

  it('writes many records that come at once, and shows what it said as soon as it said so', async () => {
    const packages = Array.from({ length: 200 }, (_, i) => testPackage(`test:p${i}`, { key: operatorKey }));
    const records = packages.map((pkg, i) =>
      i % 2 === 0 ? pkg.init() : pkg.init(releaseEntry('1.0.0', digestNamed('missing'))),
    );
    await Promise.all(
      records.map(async (record, i) => {
        const { state } = await core.submit(record);
        expect(state).toBe(i % 2 === 0 ? 'processing' : 'sourcing');
        const { logId, recordId } = record;
        expect((await core.recordStatus(logId, recordId)).state).toMatch(
          i % 2 === 0 ? /processing|published/ : /sourcing/,
        );
        if (i % 2 === 0) return;
        const stored = await core.contentStored({ logId, recordId, digest: digestNamed('missing') });
        expect(stored.state).toBe('processing');
        expect((await core.recordStatus(logId, recordId)).state).not.toBe('sourcing');
      }),
    );
    // Closing finishes what was accepted.
    await core.close();
    core = await open();
    const { leaves } = await verifyRegistry(core, { operatorKey: publicKeyOf(operatorKey) });
    expect(leaves.length).toBe(201);
    // What is published is never ahead of the newest checkpoint.
    const { checkpoint } = await core.latestCheckpoint();
    expect(checkpoint.contents.logLength).toBe(201);
  });

  it('passes on what it refuses', async () => {
    const pkg = testPackage('test:a');
    const first = pkg.init(releaseEntry('1.0.0', digestNamed('known')));
    const [one, two] = await Promise.allSettled([
      core.submit(first),
      core.submit(testPackage('test:a').init(releaseEntry('1.0.0', digestNamed('known')))),
    ]);
    expect(one).toMatchObject({ status: 'fulfilled', value: { state: 'processing' } });
    expect(two).toMatchObject({ status: 'rejected', reason: { status: 409, id: first.recordId } });
    const unknown = { logId: pkg.logId, recordId: digestNamed('none'), digest: digestNamed('known') };
    await expect(core.contentStored(unknown)).rejects.toMatchObject({ variant: 'RecordNotFound' });
  });

  it('never says published of a record that the newest checkpoint does not have', async () => {
    for (let i = 0; i < 20; i++) {
      const record = testPackage(`test:p${i}`, { key: operatorKey }).init();
      await core.submit(record);
      for (;;) {
        const status = await core.recordStatus(record.logId, record.recordId);
        if (status.state !== 'published') continue;
        const { checkpoint } = await core.latestCheckpoint();
        expect(checkpoint.contents.logLength).toBeGreaterThan(status.registryIndex);
        break;
      }
    }
  });
});
