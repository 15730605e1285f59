import { digestToBytes, generatePrivateKey } from '@warg/crypto';
import { type LogId, logLeafBytes, mapKeyBytes, OPERATOR_LOG_ID, signCheckpoint } from '@warg/protocol';
import { hashLeaf, verifyLogBundle, verifyMapAbsence } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestNamed, type TestPackage, type TestRecord, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import { Turns } from '../store/turns.ts';
import { Checkpoints } from './checkpoints.ts';
import { fetchLogs, keptPages } from './logs.ts';
import type { LogsQuery } from './registry.ts';

// One registry for all: index 0 is the operator's, then a is 1, 3, 5, 7, 9 and b is 2, 4.
let registry: TestRegistry;
let a: TestPackage;
let b: TestPackage;
const records: TestRecord[] = [];
const operatorKey = generatePrivateKey();

beforeAll(async () => {
  registry = await testRegistry({ operatorKey });
  const now = () => registry.clock.now();
  a = testPackage('test:a', { now });
  b = testPackage('test:b', { now });
  for (const record of [a.init(), b.init(), a.release('1.0.0'), b.release('1.0.0'), a.release('1.1.0')]) {
    records.push(record);
    expect((await registry.publish(record)).state).toBe('published');
    registry.clock.advance(1000);
  }
  // Two at once, so that there is a length that was never signed.
  const c = testPackage('test:c', { now });
  await Promise.all([registry.core.submit(c.init()), registry.core.submit(a.release('1.2.0'))]);
  await registry.writer.idle();
  expect((await registry.core.latestCheckpoint()).checkpoint.contents.logLength).toBe(8);
});
afterAll(() => registry.core.close());

const LENGTH = 8;
const UNSIGNED = 7;
const HUGE = 2n ** 64n - 1n;

describe('checkpoints', () => {
  it('are numbered without gaps, and found by their length', async () => {
    const { sequence } = await registry.core.latestCheckpoint();
    expect(sequence).toBe(6);
    expect((await registry.core.checkpointAt(3)).sequence).toBe(2);
    expect((await registry.core.checkpointAt(LENGTH)).sequence).toBe(6);
    for (const length of [0, UNSIGNED, 9, HUGE]) {
      await expect(registry.core.checkpointAt(length)).rejects.toMatchObject({
        variant: 'CheckpointNotFound',
        id: length,
      });
    }
  });

  it('are verified by root and signature', async () => {
    const { checkpoint } = await registry.core.latestCheckpoint();
    const verify = registry.core.verifyCheckpoint;
    expect(await verify(checkpoint)).toEqual({ checkpoint: 'verified', signature: 'verified' });
    const { contents } = checkpoint;
    const later = signCheckpoint({ ...contents, timestamp: contents.timestamp + 5 }, operatorKey);
    expect(await verify(later)).toEqual({ checkpoint: 'verified', signature: 'verified' });
    const backdated = { ...checkpoint, contents: { ...contents, timestamp: contents.timestamp + 5 } };
    expect(await verify(backdated)).toEqual({ checkpoint: 'verified', signature: 'invalid' });
    const other = signCheckpoint({ ...contents, logRoot: digestNamed('other') }, operatorKey);
    expect(await verify(other)).toEqual({ checkpoint: 'invalid', signature: 'verified' });
    const unsigned = signCheckpoint({ ...contents, logLength: UNSIGNED }, operatorKey);
    expect(await verify(unsigned)).toEqual({ checkpoint: 'invalid', signature: 'verified' });
    const stranger = signCheckpoint(contents, generatePrivateKey());
    expect(await verify(stranger)).toEqual({ checkpoint: 'verified', signature: 'invalid' });
    const garbled = { ...checkpoint, signature: 'ecdsa-p256:AAAA' };
    expect(await verify(garbled)).toEqual({ checkpoint: 'verified', signature: 'invalid' });
  });
});

describe('fetching logs', () => {
  const fetch = (query: Partial<LogsQuery>) =>
    registry.core.fetchLogs({ logLength: LENGTH, limit: 100, packages: [], maxBytes: 1e6, ...query });

  it('gives what there is at a length, in order', async () => {
    const { operator, packages, more } = await fetch({
      packages: [
        [b.logId, null],
        [a.logId, undefined],
      ],
    });
    expect(more).toBe(false);
    expect(operator.map(({ registryIndex }) => registryIndex)).toEqual([0]);
    expect(packages.map(([logId]) => logId)).toEqual([b.logId, a.logId]);
    expect(packages[0]![1].map(({ registryIndex }) => registryIndex)).toEqual([2, 4]);
    const [first] = packages[1]![1];
    expect({ ...first, contentBytes: Uint8Array.from(first!.contentBytes) }).toEqual({
      ...records[0]!.envelope,
      contentBytes: Uint8Array.from(records[0]!.envelope.contentBytes),
      registryIndex: 1,
      fetchToken: records[0]!.recordId,
    });
    const earlier = await fetch({ logLength: 4, packages: [[a.logId, null]] });
    expect(earlier.packages[0]![1].map(({ registryIndex }) => registryIndex)).toEqual([1, 3]);
  });

  it('gives pages, and says whether there is more', async () => {
    const seen: number[] = [];
    let after: string | null = null;
    for (;;) {
      const answer = await fetch({ limit: 1, packages: [[a.logId, after]], operator: await operatorToken() });
      seen.push(...answer.packages[0]![1].map(({ registryIndex }) => registryIndex));
      after = answer.packages[0]![1].at(-1)!.fetchToken;
      if (!answer.more) break;
    }
    expect(seen.length).toBe(4);
    expect(seen).toEqual([...seen].sort((left, right) => left - right));
    const none = await fetch({ packages: [[a.logId, after]], operator: await operatorToken() });
    expect(none).toEqual({ operator: [], packages: [[a.logId, []]], more: false });
  });

  const operatorToken = async () => (await fetch({})).operator[0]!.fetchToken;

  it('stops when the answer is large enough, and gets on all the same', async () => {
    const one = await fetch({
      maxBytes: 1,
      packages: [
        [a.logId, null],
        [b.logId, null],
      ],
    });
    expect(one.operator.length).toBe(1);
    expect(one.packages).toEqual([]);
    expect(one.more).toBe(true);
    const next = await fetch({
      maxBytes: 1,
      operator: await operatorToken(),
      packages: [
        [a.logId, null],
        [b.logId, null],
      ],
    });
    expect(next.packages.map(([, page]) => page.length)).toEqual([1]);
    expect(next.more).toBe(true);
    // A whole registry can be read that way.
    await verifyRegistry(
      { ...registry.core, fetchLogs: (query) => registry.core.fetchLogs({ ...query, maxBytes: 1 }) },
      { operatorKey: registry.operatorKey },
    );
  });

  it('does not find lengths, logs and tokens that are not there', async () => {
    await expect(fetch({ logLength: UNSIGNED })).rejects.toMatchObject({
      variant: 'CheckpointNotFound',
      id: UNSIGNED,
    });
    await expect(fetch({ logLength: HUGE })).rejects.toMatchObject({ id: HUGE });
    const unknown = digestNamed('unknown');
    await expect(fetch({ packages: [[unknown, null]] })).rejects.toMatchObject({
      variant: 'LogNotFound',
      id: unknown,
    });
    await expect(fetch({ packages: [[OPERATOR_LOG_ID, null]] })).rejects.toMatchObject({
      variant: 'LogNotFound',
    });
    // The log is there now, but was not then.
    await expect(fetch({ logLength: 2, packages: [[b.logId, null]] })).rejects.toMatchObject({
      variant: 'LogNotFound',
    });
    const late = records[3]!.recordId;
    await expect(fetch({ logLength: 2, packages: [[b.logId, late]] })).rejects.toMatchObject({
      variant: 'LogNotFound',
    });
    expect((await fetch({ logLength: 3, packages: [[b.logId, late]] })).packages).toEqual([[b.logId, []]]);
    for (const token of [unknown, records[1]!.recordId, 'no token', '']) {
      await expect(fetch({ packages: [[a.logId, token]] })).rejects.toMatchObject({
        variant: 'FetchTokenNotFound',
        id: token,
      });
      await expect(fetch({ operator: token })).rejects.toMatchObject({
        variant: 'FetchTokenNotFound',
        id: token,
      });
    }
  });

  it('reads thousands of logs in one go', async () => {
    const packages = Array.from({ length: 3000 }, (_, i) => [[a, b][i % 2]!.logId, null] as const);
    const answer = await fetch({ packages, maxBytes: 64e6 });
    expect(answer.packages.length).toBe(3000);
    expect(answer.more).toBe(false);
  });

  it('reads many logs for one asker at a time', async () => {
    const { store } = registry;
    const read: LogId[] = [];
    const watched: RegistryStore = Object.assign(Object.create(store), {
      read: <T>(work: (reads: StoreReads) => Promise<T>) =>
        store.read((reads) => {
          const published: StoreReads['published'] = (queries, maxBytes) => {
            read.push(queries[0]!.logId);
            return reads.published(queries, maxBytes);
          };
          const others = ['findRecords', 'lastIndexBelow', 'packageNames'] as const;
          const bound = others.map((name) => [name, reads[name].bind(reads)]);
          return work({ ...reads, ...Object.fromEntries(bound), published });
        }),
    });
    const context = {
      store: watched,
      checkpoints: new Checkpoints(store),
      kept: keptPages(),
      turns: new Turns(),
    };
    const ask = ({ logId }: TestPackage, count: number) =>
      fetchLogs(context, {
        logLength: LENGTH,
        limit: 100,
        packages: Array.from({ length: count }, () => [logId, null] as const),
        maxBytes: 64e6,
      });
    await Promise.all([ask(a, 300), ask(b, 300), ask(a, 300)]);
    const ofPackages = read.filter((logId) => logId !== OPERATOR_LOG_ID);
    expect(ofPackages.length).toBeGreaterThan(6);
    const turns = ofPackages.filter((logId, i) => logId !== ofPackages[i - 1]);
    expect(turns).toEqual([a.logId, b.logId, a.logId]);
  });
});

describe('names', () => {
  it('are given for published packages', async () => {
    expect(await registry.core.packageNames([b.logId, a.logId, b.logId])).toEqual([
      [b.logId, 'test:b'],
      [a.logId, 'test:a'],
    ]);
    expect(await registry.core.packageNames([])).toEqual([]);
    for (const id of [digestNamed('unknown'), OPERATOR_LOG_ID, 'no']) {
      await expect(registry.core.packageNames([a.logId, id])).rejects.toMatchObject({
        variant: 'LogNotFound',
        id,
      });
    }
  });
});

describe('the ledger', () => {
  it('has 64 bytes a record', async () => {
    expect((await registry.core.ledgerRecords(0, 1000)).length).toBe(LENGTH * 64);
    expect((await registry.core.ledgerRecords(6, 1)).length).toBe(64);
    expect((await registry.core.ledgerRecords(LENGTH, 10)).length).toBe(0);
    expect((await registry.core.ledgerRecords(HUGE, 10)).length).toBe(0);
  });
});

describe('proofs', () => {
  it('hold at every signed length, also while the log grows', async () => {
    const seen = await Promise.all([1, 2, 3, 4, 5, 6, 8].map((length) => registry.core.checkpointAt(length)));
    await verifyRegistry(registry.core, {
      operatorKey: registry.operatorKey,
      seen: seen.map(({ checkpoint }) => checkpoint),
      absent: [testPackage('test:none').logId, testPackage('none:none').logId],
      limit: 2,
    });
    // An older checkpoint proves what was its head then, and that b was not there.
    const { contents } = seen[1]!.checkpoint;
    const bundles = await registry.core.proveInclusion(2, [1, 0]);
    verifyLogBundle(bundles.log, {
      length: 2,
      root: digestToBytes(contents.logRoot),
      leaves: [
        { index: 1, hash: hashLeaf(logLeafBytes(records[0]!)) },
        { index: 0, hash: hashLeaf(logLeafBytes(await operatorLeaf())) },
      ],
    });
    verifyMapAbsence(await registry.core.proveAbsence(2, [b.logId]), {
      root: digestToBytes(contents.mapRoot),
      keys: [mapKeyBytes(b.logId)],
    });
  });

  async function operatorLeaf() {
    const { operator } = await registry.core.fetchLogs({
      logLength: 1,
      limit: 1,
      packages: [],
      maxBytes: 1e6,
    });
    return { logId: OPERATOR_LOG_ID, recordId: operator[0]!.fetchToken as never };
  }

  it('of inclusion are given for heads alone', async () => {
    const prove = registry.core.proveInclusion;
    await expect(prove(LENGTH, [4, 1])).rejects.toMatchObject({ status: 422, variant: 'IncorrectProof' });
    const error = await prove(LENGTH, [4, 1]).catch((caught) => caught);
    const { contents } = (await registry.core.latestCheckpoint()).checkpoint;
    expect(error.case.root).toBe(contents.mapRoot);
    expect(error.case.found).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(error.case.found).not.toBe(contents.mapRoot);
    await expect(prove(LENGTH, [])).rejects.toMatchObject({ status: 422, variant: 'BundleFailure' });
    await expect(prove(UNSIGNED, [0])).rejects.toMatchObject({ status: 404, variant: 'CheckpointNotFound' });
    await expect(prove(HUGE, [0])).rejects.toMatchObject({ status: 404, id: HUGE });
    await expect(prove(2, [2])).rejects.toMatchObject({ status: 404, variant: 'LeafNotFound', id: 2 });
    await expect(prove(LENGTH, [0, HUGE])).rejects.toMatchObject({
      status: 404,
      variant: 'LeafNotFound',
      id: HUGE,
    });
  });

  it('of consistency are given between any two lengths from 1 on', async () => {
    const prove = registry.core.proveConsistency;
    for (let to = 1; to <= LENGTH; to++) {
      for (let from = 1; from <= to; from++) expect((await prove(from, to)).length).toBeGreaterThan(0);
    }
    await expect(prove(0, LENGTH)).rejects.toMatchObject({ status: 422, variant: 'BundleFailure' });
    await expect(prove(0n, LENGTH)).rejects.toMatchObject({ status: 422 });
    await expect(prove(5, 4)).rejects.toMatchObject({ status: 422, variant: 'BundleFailure' });
    await expect(prove(HUGE, 4)).rejects.toMatchObject({ status: 422 });
    await expect(prove(1, LENGTH + 1)).rejects.toMatchObject({ status: 404, variant: 'CheckpointNotFound' });
    await expect(prove(1, HUGE)).rejects.toMatchObject({ status: 404, id: HUGE });
  });

  it('of absence are given for what is absent', async () => {
    const none = testPackage('test:none').logId;
    const prove = registry.core.proveAbsence;
    for (const present of [a.logId, OPERATOR_LOG_ID]) {
      await expect(prove(LENGTH, [none, present])).rejects.toMatchObject({
        status: 422,
        variant: 'BundleFailure',
      });
    }
    await expect(prove(LENGTH, [])).rejects.toMatchObject({ status: 422 });
    await expect(prove(LENGTH, ['sha256:ab'])).rejects.toMatchObject({ status: 422 });
    await expect(prove(UNSIGNED, [none])).rejects.toMatchObject({
      status: 404,
      variant: 'CheckpointNotFound',
    });
  });
});

it('gives each name once, and no more of them than an answer holds', async () => {
  const registry = await testRegistry({ limits: { nameBytes: 1024 * 1024 } });
  const packages = ['a', 'b', 'c'].map((letter) =>
    testPackage(`test:${letter.repeat(500_000)}`, { now: () => registry.clock.now() }),
  );
  for (const each of packages) await registry.publish(each.init());
  const [first, second, third] = packages.map(({ logId }) => logId) as [LogId, LogId, LogId];
  // A thousand copies of it would fill the memory.
  const thousand = await registry.core.packageNames(Array(1000).fill(first));
  expect(thousand.map(([logId]) => logId)).toEqual([first]);
  const three = await registry.core.packageNames([first, second, first, third]);
  expect(three.map(([logId]) => logId)).toEqual([first, second]);
  await registry.core.close();
});
