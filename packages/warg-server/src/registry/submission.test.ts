import {
  generatePrivateKey,
  keyIdOf,
  type PublicKey,
  publicKeyOf,
  SignaturePrefix,
  sign,
} from '@warg/crypto';
import {
  encodePackageRecord,
  type PackageEntry,
  type PackageRecord,
  packageRecordId,
  type RecordId,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';
import { unauthorized } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  digestNamed,
  initEntry,
  releaseEntry,
  type TestPackage,
  type TestRecord,
  testPackage,
  yankEntry,
} from '../../test/publisher.ts';
import { START, type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await testRegistry({
    namespaces: [
      { namespace: 'test', state: 'defined' },
      { namespace: 'far', state: 'imported', registry: 'registry.example' },
    ],
  });
});
afterEach(() => registry.core.close());

const now = () => registry.clock.now();
const packageNamed = (name: string): TestPackage => testPackage(name, { now });
const submit = (record: TestRecord) => registry.core.submit(record);

/** A record with these bytes, signed as they are. */
function signed(pkg: TestPackage, contentBytes: Uint8Array): TestRecord {
  const envelope = {
    contentBytes,
    keyId: keyIdOf(publicKeyOf(pkg.key)),
    signature: sign(pkg.key, SignaturePrefix.packageRecord, contentBytes),
  };
  return {
    logId: pkg.logId,
    recordId: packageRecordId(contentBytes),
    packageName: pkg.name,
    envelope,
    address: '192.0.2.1',
  };
}

describe('a submission', () => {
  it('is processing at first and published soon', async () => {
    const record = packageNamed('test:a').init();
    expect(await submit(record)).toEqual({ recordId: record.recordId, state: 'processing' });
    await registry.writer.idle();
    expect(await registry.core.recordStatus(record.logId, record.recordId)).toEqual({
      recordId: record.recordId,
      state: 'published',
      registryIndex: 1,
    });
  });

  it('is answered as it stands when it comes again', async () => {
    const pkg = packageNamed('test:a');
    const record = pkg.init();
    const twice = await Promise.all([submit(record), submit(record)]);
    expect(twice.map(({ state }) => state)).toEqual(['processing', 'processing']);
    await registry.writer.idle();
    expect(await submit(record)).toMatchObject({ state: 'published', registryIndex: 1 });
    // Even long after, when a new one with that time would be refused.
    registry.clock.advance(-3_600_000);
    expect(await submit(record)).toMatchObject({ state: 'published' });
    registry.clock.advance(3_600_000);

    const wrong = pkg.record([yankEntry('9.9.9')], { follow: false, time: START });
    const rejected = await registry.publish(wrong);
    expect(rejected.state).toBe('rejected');
    expect(await submit(wrong)).toEqual(rejected);
    expect((await registry.core.latestCheckpoint()).checkpoint.contents.logLength).toBe(2);
  });

  it('does not keep the bytes of its caller', async () => {
    const record = packageNamed('test:a').init();
    const bytes = Uint8Array.from(record.envelope.contentBytes);
    const pending = submit({ ...record, envelope: { ...record.envelope, contentBytes: bytes } });
    bytes.fill(0);
    expect((await pending).recordId).toBe(record.recordId);
  });

  it('names a package that its log is of', async () => {
    const record = packageNamed('test:a').init();
    const badName = submit({ ...record, packageName: 'test:B' as never });
    await expect(badName).rejects.toMatchObject({ status: 400 });
    const other = submit({ ...record, packageName: packageNamed('test:b').name });
    await expect(other).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('derived from `test:b`'),
    });
  });

  it('begins no package whose name is longer than 255 bytes; one that was imported goes on', async () => {
    const named = (length: number) => packageNamed(`test:${'a'.repeat(length)}`.slice(0, length));
    expect((await registry.publish(named(255).init())).state).toBe('published');
    const found = 'at most 255 bytes, found one of 256, which begins with `test:aaa';
    for (const name of [named(256), packageNamed(`far:${'a'.repeat(252)}`)]) {
      const refused = expect.stringContaining(name.name.startsWith('far') ? 'found one of 256' : found);
      await expect(submit(name.init())).rejects.toMatchObject({ status: 400, message: refused });
    }
    await registry.core.close();

    const store = openMemoryStore();
    const operatorKey = generatePrivateKey();
    const permissive = await testRegistry({ store, operatorKey, limits: { nameBytes: 10_000 } });
    const long = testPackage(`test:${'a'.repeat(5000)}`, { now: () => permissive.clock.now() });
    expect((await permissive.publish(long.init())).state).toBe('published');
    await permissive.writer.close();
    registry = await testRegistry({ store, operatorKey });
    expect((await registry.publish(long.release('1.0.0'))).state).toBe('published');
  });

  it('can be decoded', async () => {
    const record = signed(packageNamed('test:a'), Uint8Array.of(1, 2, 3));
    await expect(submit(record)).rejects.toMatchObject({ status: 400, variant: 'Message' });
    const large = signed(packageNamed('test:a'), new Uint8Array(1024 * 1024 + 1));
    await expect(submit(large)).rejects.toMatchObject({ status: 413 });
  });

  it('is of a namespace that is defined here', async () => {
    await expect(submit(packageNamed('none:a').init())).rejects.toMatchObject({
      status: 404,
      variant: 'NamespaceNotDefined',
      id: 'none',
    });
    await expect(submit(packageNamed('far:a').init())).rejects.toMatchObject({
      status: 409,
      variant: 'NamespaceImported',
      id: 'far',
    });
  });

  it('is looked at by the record policy before it is stored', async () => {
    await registry.core.close();
    registry = await testRegistry({
      recordPolicy: {
        check({ packageName, envelope, record }) {
          expect(record.entries.length).toBeGreaterThan(0);
          if (packageName === 'test:secret') throw unauthorized(`not you, ${envelope.keyId}`);
        },
      },
    });
    const record = packageNamed('test:secret').init();
    await expect(submit(record)).rejects.toMatchObject({ status: 401 });
    await expect(registry.core.recordStatus(record.logId, record.recordId)).rejects.toMatchObject({
      variant: 'LogNotFound',
    });
    expect((await registry.publish(packageNamed('test:open').init())).state).toBe('published');
  });
});

describe('the signature of a submission', () => {
  it('is that of the key that begins the log', async () => {
    const pkg = packageNamed('test:a');
    const record = pkg.init();
    const flipped = signed(packageNamed('test:a'), record.envelope.contentBytes);
    // The init key is the publisher's, the signer somebody else.
    await expect(submit(flipped)).rejects.toMatchObject({ status: 401, variant: 'Unauthorized' });
    const forged = { ...flipped.envelope, keyId: record.envelope.keyId };
    await expect(submit({ ...record, envelope: forged })).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining('verification failed'),
    });
    const renamed = { ...record.envelope, keyId: flipped.envelope.keyId };
    await expect(submit({ ...record, envelope: renamed })).rejects.toMatchObject({
      message: expect.stringContaining('unknown key id'),
    });
    // None of this stands in the way of the real one.
    expect((await registry.publish(record)).state).toBe('published');
  });

  it('is that of a key that the log knows', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const stranger = generatePrivateKey();
    const attempts = [
      pkg.record([releaseEntry('1.0.0')], { key: stranger, follow: false }),
      pkg.record([initEntry(stranger)], { key: stranger, follow: false, prev: undefined }),
      pkg.record([{ type: 'grantFlat', key: publicKeyOf(stranger), permissions: [] }], {
        key: stranger,
        follow: false,
      }),
      packageNamed('test:b').release('1.0.0'),
    ];
    for (const attempt of attempts) {
      await expect(submit(attempt)).rejects.toMatchObject({ status: 401, variant: 'Unauthorized' });
    }
  });

  it('may be that of a key that a record before brings, which is still processing', async () => {
    const pkg = packageNamed('test:a');
    const helper = generatePrivateKey();
    const init = pkg.init();
    // The writer is not told, so nothing is sequenced until the next record comes.
    await registry.store.transaction((transaction) =>
      transaction.insertRecords([
        { ...init, prev: undefined, state: 'processing', contents: [], acceptedAt: now() },
      ]),
    );
    const records = [
      pkg.record([{ type: 'grantFlat', key: publicKeyOf(helper), permissions: ['release'] }]),
      pkg.record([releaseEntry('1.0.0')], { key: helper }),
      pkg.record([{ type: 'revokeFlat', keyId: keyIdOf(publicKeyOf(helper)), permissions: ['release'] }]),
    ];
    for (const record of records) expect((await submit(record)).state).toBe('processing');
    await registry.writer.idle();
    for (const { logId, recordId } of [init, ...records]) {
      expect((await registry.core.recordStatus(logId, recordId)).state).toBe('published');
    }
    const late = pkg.record([releaseEntry('2.0.0')], { key: helper, follow: false });
    await expect(submit(late)).rejects.toMatchObject({ status: 422, variant: 'Rejection' });
  });
});

describe('the policy of the registry', () => {
  const refused = { status: 422, variant: 'Rejection' };

  it('refuses a record without entries', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    await expect(submit(pkg.record([]))).rejects.toMatchObject(refused);
    await expect(submit(packageNamed('test:b').record([]))).rejects.toMatchObject(refused);
  });

  it('refuses times before the epoch and far ahead', async () => {
    const at = (time: number) =>
      submit(packageNamed(`test:t${Math.abs(time)}`).record([initEntry(key)], { key, time }));
    const key = generatePrivateKey();
    await expect(at(-1)).rejects.toMatchObject(refused);
    await expect(at(START + 5 * 60_000 + 1)).rejects.toMatchObject(refused);
    expect((await at(START + 5 * 60_000)).state).toBe('processing');
    expect((await at(0)).state).toBe('processing');
  });

  it('refuses more contents than the answer to the record could name', async () => {
    const pkg = packageNamed('test:a');
    const releases = (count: number) => Array.from({ length: count }, (_, i) => releaseEntry(`1.0.${i}`));
    await registry.publish(pkg.init());
    await expect(submit(pkg.record(releases(1001), { follow: false }))).rejects.toMatchObject(refused);
    expect((await submit(pkg.record(releases(1000)))).state).toBe('processing');
    // Releases of one content are one content.
    const same = Array.from({ length: 1500 }, (_, i) => releaseEntry(`2.0.${i}`, digestNamed('same')));
    expect((await submit(pkg.record(same))).state).toBe('processing');
  });

  it('refuses more keys and more entries than are worth reading, before it reads them', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const grant = { type: 'grantFlat', key: publicKeyOf(pkg.key), permissions: [] } as const;
    await expect(submit(pkg.record(Array(257).fill(grant), { follow: false }))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('at most 256 entries with keys in one record, found 257'),
    });
    await expect(
      submit(pkg.record(Array(20_001).fill(yankEntry('1.0.0')), { follow: false })),
    ).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('at most 20000 entries, found more'),
    });
    expect((await registry.publish(pkg.record(Array(256).fill(grant)))).state).toBe('published');
  });

  it('reads no more of a record than who signed it, until that is somebody who may have', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const broken = { type: 'grantFlat', key: 'ecdsa-p256:AAAA' as PublicKey, permissions: [] } as const;
    const bytes = (prev: RecordId | undefined, ...entries: PackageEntry[]) =>
      encodePackageRecord({ version: 0, prev, time: timestampFromMillis(now()), entries });
    const stranger = packageNamed('test:a');
    const unknown = { status: 401, message: expect.stringContaining('unknown key id') };
    const { recordId } = pkg.release('1.0.0');
    await expect(submit(signed(stranger, bytes(recordId, broken)))).rejects.toMatchObject(unknown);
    await expect(submit(signed(pkg, bytes(recordId, broken)))).rejects.toMatchObject({ status: 400 });
    const other = packageNamed('test:b');
    const begins = bytes(undefined, initEntry(stranger.key), broken);
    await expect(submit(signed(other, begins))).rejects.toMatchObject(unknown);
    const nowhere = signed(packageNamed('none:a'), Uint8Array.of(1, 2, 3));
    await expect(submit(nowhere)).rejects.toMatchObject({ status: 404, variant: 'NamespaceNotDefined' });
  });

  it('refuses hashes of other lengths where a SHA-256 is meant', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const short = 'sha256:abcd' as never;
    await expect(submit(pkg.record([releaseEntry('1.0.0', short)]))).rejects.toMatchObject(refused);
    await expect(submit(pkg.record([releaseEntry('1.0.0')], { prev: short }))).rejects.toMatchObject(refused);
  });

  it('refuses numbers that decoders cut off to 32 bits, and nothing else that is unusual', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const record: PackageRecord = {
      prev: (await headOf(pkg)) as never,
      version: 0,
      time: { seconds: BigInt(START) / 1000n, nanos: 7 },
      entries: [{ type: 'grantFlat', key: publicKeyOf(generatePrivateKey()), permissions: ['release'] }],
    };
    const plain = encodePackageRecord(record);
    // `version` as 2^32: 5 bytes that read as 0. Appended, because a later field of the same number wins.
    const wideVersion = Uint8Array.of(...plain, 0x10, 0x80, 0x80, 0x80, 0x80, 0x10);
    await expect(submit(signed(pkg, wideVersion))).rejects.toMatchObject(refused);
    // Nanoseconds as 2^32 + 7 in a second `time`, which is merged into the first.
    const wideNanos = Uint8Array.of(...plain, 0x1a, 0x06, 0x10, 0x87, 0x80, 0x80, 0x80, 0x10);
    await expect(submit(signed(pkg, wideNanos))).rejects.toMatchObject(refused);
    // A permission of 2^32 + 1 that is read as 1, instead of the packed one with which the record ends.
    expect([...plain.subarray(-3)]).toEqual([0x12, 0x01, 0x01]);
    const grown = [...plain.subarray(0, -2), 0x05, 0x81, 0x80, 0x80, 0x80, 0x10];
    const entryAt = plain.lastIndexOf(0x22);
    // The lengths of the entry and of the grant in it.
    grown[entryAt + 1]! += 4;
    grown[entryAt + 3]! += 4;
    await expect(submit(signed(pkg, Uint8Array.from(grown)))).rejects.toMatchObject(refused);
    // An unknown field, a number written longer than it need be, a group: odd, but everybody reads them alike.
    const odd = Uint8Array.of(
      ...plain,
      0x10,
      0x80,
      0x00,
      0x98,
      0x06,
      0x01,
      0xa3,
      0x06,
      0x08,
      0x01,
      0xa4,
      0x06,
    );
    expect((await registry.publish(signed(pkg, odd))).state).toBe('published');
  });

  async function headOf(pkg: TestPackage): Promise<string> {
    const { checkpoint } = await registry.core.latestCheckpoint();
    const { packages } = await registry.core.fetchLogs({
      logLength: checkpoint.contents.logLength,
      limit: 10,
      packages: [[pkg.logId, null]],
      maxBytes: 1e6,
    });
    return packages[0]![1].at(-1)!.fetchToken;
  }

  it('refuses signers that lost every permission', async () => {
    const pkg = packageNamed('test:a');
    const other = generatePrivateKey();
    await registry.publish(
      pkg.init({ type: 'grantFlat', key: publicKeyOf(other), permissions: ['release', 'yank'] }),
    );
    const keyId = keyIdOf(publicKeyOf(pkg.key));
    await registry.publish(
      pkg.record([{ type: 'revokeFlat', keyId, permissions: ['release', 'yank'] }], { key: other }),
    );
    await expect(submit(pkg.release('1.0.0'))).rejects.toMatchObject(refused);
  });
});

describe('two records behind the same one', () => {
  it('conflict while the first is processing', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const first = pkg.record([releaseEntry('1.0.0')], { follow: false });
    const second = pkg.record([releaseEntry('2.0.0')], { follow: false });
    const [one, two] = await Promise.allSettled([submit(first), submit(second)]);
    expect(one).toMatchObject({ status: 'fulfilled', value: { state: 'processing' } });
    expect(two).toMatchObject({
      status: 'rejected',
      reason: { status: 409, variant: 'ConflictPendingPublish', id: first.recordId },
    });
    await registry.writer.idle();
    // Nothing of the second was kept; sent now, it is late and the state machine says so.
    expect((await registry.publish(second)).state).toBe('rejected');
  });

  it('conflict as first records too', async () => {
    const [mine, yours] = [packageNamed('test:a'), packageNamed('test:a')];
    const [one, two] = await Promise.allSettled([submit(mine.init()), submit(yours.init())]);
    expect(one.status).toBe('fulfilled');
    expect(two).toMatchObject({ reason: { status: 409, variant: 'ConflictPendingPublish' } });
    await registry.writer.idle();
    await expect(submit(yours.record([initEntry(yours.key)], { prev: undefined }))).rejects.toMatchObject({
      status: 401,
    });
  });

  it('do not conflict in different logs, although their bytes are the same', async () => {
    const key = generatePrivateKey();
    const records = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name, { key, now }).init());
    expect(new Set(records.map(({ recordId }) => recordId)).size).toBe(1);
    await Promise.all(records.map(submit));
    await registry.writer.idle();
    const indices = await Promise.all(
      records.map(({ logId, recordId }) => registry.core.recordStatus(logId, recordId)),
    );
    expect(indices.map((status) => 'registryIndex' in status && status.registryIndex)).toEqual([1, 2, 3]);
  });
});

describe('the status of a record', () => {
  it('is not found for what nobody submitted', async () => {
    const pkg = packageNamed('test:a');
    const record = pkg.init();
    const status = (logId: string, recordId: string) => registry.core.recordStatus(logId, recordId);
    await expect(status(pkg.logId, record.recordId)).rejects.toMatchObject({
      variant: 'LogNotFound',
      id: pkg.logId,
    });
    await registry.publish(record);
    const other = digestNamed('other');
    await expect(status(pkg.logId, other)).rejects.toMatchObject({ variant: 'RecordNotFound', id: other });
    await expect(status('sha256:ab', other)).rejects.toMatchObject({ status: 404 });
    await expect(status(pkg.logId, 'no')).rejects.toMatchObject({ status: 404 });
    const operatorLogId = (await registry.core.ledgerRecords(0, 1)).subarray(0, 32);
    await expect(status(`sha256:${Buffer.from(operatorLogId).toString('hex')}`, other)).rejects.toMatchObject(
      {
        variant: 'RecordNotFound',
      },
    );
  });
});

describe('an unknown predecessor', () => {
  it('makes a record rejected, with the reason', async () => {
    const pkg = packageNamed('test:a');
    await registry.publish(pkg.init());
    const envelope = signPackageRecord(
      {
        prev: digestNamed('nothing') as never,
        time: { seconds: BigInt(START) / 1000n, nanos: 0 },
        entries: [releaseEntry('1.0.0')],
      },
      pkg.key,
    );
    const status = await registry.publish({
      ...pkg.release('1.0.0'),
      envelope,
      recordId: packageRecordId(envelope.contentBytes),
    });
    expect(status).toMatchObject({ state: 'rejected', reason: expect.stringContaining('prev') });
  });
});
