import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../test/publisher.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import { openRegistryCore } from '../registry/open.ts';
import type { RegistryCore } from '../registry/registry.ts';
import type { Operation } from './operations.ts';
import { ThreadWriter } from './thread-writer.ts';

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

  it('says that the store has lost what was signed', async () => {
    await core.submit(testPackage('test:a', { key: operatorKey }).init());
    expect(core.sequences).toBe(true);
    await expect
      .poll(async () => (await core.latestCheckpoint()).checkpoint.contents.logLength, { timeout: 30_000 })
      .toBe(2);
    const database = new DatabaseSync(join(folder, 'registry.sqlite'));
    database.exec('DELETE FROM checkpoint WHERE sequence = (SELECT max(sequence) FROM checkpoint)');
    database.close();
    await core.submit(testPackage('test:b', { key: operatorKey }).init());
    await expect.poll(() => failures.length, { timeout: 30_000 }).toBe(1);
    expect(core.sequences).toBe(false);
    expect(failures.splice(0)).toEqual([expect.objectContaining({ code: 'STORE_ROLLED_BACK' })]);
  });
});

describe('a thread that fails', () => {
  const silent: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };
  const key = { logId: digestNamed('log') as never, recordId: digestNamed('record') as never };
  const operation: Operation = { type: 'contentRejected', record: key, reason: 'none' };

  /** A worker with this for a program, behind a port that is called `port`. */
  const start = (program: string, onFailure: (error: Error) => void = () => {}) => {
    const source = `const { parentPort: port } = require('node:worker_threads');\n${program}`;
    return new ThreadWriter(new Worker(source, { eval: true }), silent, onFailure);
  };

  it('fails everything that waits for it and everything that comes later, and says so once', async () => {
    const failures: Error[] = [];
    const writer = start(
      `port.postMessage({ type: 'ready' }); port.on('message', () => { throw new Error('on purpose'); });`,
      (error) => failures.push(error),
    );
    await writer.ready;
    expect(writer.sequences).toBe(true);
    const attempts = await Promise.allSettled([writer.submit(operation), writer.submit(operation)]);
    const refusal = { code: 'STORE_WRITER_FAILED', message: expect.stringContaining('on purpose') };
    for (const attempt of attempts) expect(attempt).toMatchObject({ status: 'rejected', reason: refusal });
    await expect(writer.submit(operation)).rejects.toMatchObject(refusal);
    expect(writer.sequences).toBe(false);
    await writer.close();
    expect(failures).toEqual([expect.objectContaining(refusal)]);
  });

  it('is noticed when it just ends', async () => {
    const failures: Error[] = [];
    const writer = start(
      `port.postMessage({ type: 'ready' }); port.on('message', () => process.exit(3));`,
      (error) => failures.push(error),
    );
    await writer.ready;
    await expect(writer.submit(operation)).rejects.toMatchObject({
      message: expect.stringContaining('code 3'),
    });
    expect(writer.sequences).toBe(false);
    await writer.close();
    expect(failures.length).toBe(1);
  });

  it('leaves nobody waiting when it ends while it is being closed', async () => {
    const program = `port.postMessage({ type: 'ready' }); port.on('message', ({ type }) => { if (type === 'close') process.exit(0); });`;
    const failures: Error[] = [];
    const writer = start(program, (error) => failures.push(error));
    await writer.ready;
    const waiting = writer.submit(operation);
    const closing = writer.close();
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(writer.submit(operation)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await closing;
    expect(writer.sequences).toBe(false);
    expect(failures).toEqual([]);
  });

  it('is noticed before it is ready', async () => {
    await expect(start(`throw new Error('on purpose');`).ready).rejects.toThrow('on purpose');
    await expect(start('').ready).rejects.toThrow('ended');
  });
});
