import { afterEach, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, type TestRecord, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, type TestRegistryOptions, testRegistry } from '../../test/test-registry.ts';

let registry: TestRegistry;
afterEach(() => registry.core.close());

const open = async (options: TestRegistryOptions = {}) => {
  registry = await testRegistry({ hasAllContent: false, ...options });
};

const packageNamed = (name: string) => testPackage(name, { now: () => registry.clock.now() });
const submit = (record: TestRecord, address = '192.0.2.1') => registry.core.submit({ ...record, address });
const stateOf = async ({ logId, recordId }: TestRecord) =>
  (await registry.core.recordStatus(logId, recordId)).state;
const upload = ({ logId, recordId }: TestRecord, digest: string) => ({ logId, recordId, digest });

/** The first record of a new package, with a release whose content is missing. */
function starting(name: string, content = `content of ${name}`): TestRecord {
  return packageNamed(name).init(releaseEntry('1.0.0', digestNamed(content)));
}

const HOUR = 3_600_000;

describe('a record whose content is missing', () => {
  it('waits for all of it, and is processing once the last is stored', async () => {
    await open();
    const [x, y, z] = ['x', 'y', 'z'].map(digestNamed) as [never, never, never];
    registry.contents.add(y);
    const record = packageNamed('test:a').init(
      releaseEntry('1.0.0', x),
      releaseEntry('1.1.0', y),
      releaseEntry('1.2.0', z),
      releaseEntry('1.3.0', x),
    );
    expect(await submit(record)).toEqual({
      recordId: record.recordId,
      state: 'sourcing',
      missingContent: [x, z],
    });
    expect(await submit(record)).toMatchObject({ missingContent: [x, z] });
    await registry.core.expectContent(upload(record, z));
    expect(await registry.core.contentStored(upload(record, z))).toMatchObject({ missingContent: [x] });
    expect(await registry.core.recordStatus(record.logId, record.recordId)).toMatchObject({
      missingContent: [x],
    });
    // The same again changes nothing, and may be uploaded again while the record waits.
    await registry.core.expectContent(upload(record, z));
    expect(await registry.core.contentStored(upload(record, z))).toMatchObject({ missingContent: [x] });

    expect(await registry.core.contentStored(upload(record, x))).toMatchObject({ state: 'processing' });
    expect(await stateOf(record)).not.toBe('sourcing');
    await registry.writer.idle();
    expect(await stateOf(record)).toBe('published');
    expect(await registry.core.contentStored(upload(record, x))).toMatchObject({ state: 'published' });
    await expect(registry.core.expectContent(upload(record, x))).rejects.toMatchObject({ status: 405 });
    for (const digest of [x, y, z]) expect(await registry.core.isContentReferenced(digest)).toBe(true);
    expect(await registry.core.isContentReferenced(digestNamed('none'))).toBe(false);
  });

  it('waits alone: another that needs the same content waits on', async () => {
    await open();
    const [first, second] = [starting('test:a', 'same'), starting('test:b', 'same')];
    await submit(first);
    await submit(second);
    await registry.core.contentStored(upload(first, digestNamed('same')));
    expect(await stateOf(second)).toBe('sourcing');
    expect(await registry.core.isContentReferenced(digestNamed('none'))).toBe(false);
  });

  it('takes no content that it does not name', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    const other = registry.core.expectContent(upload(record, digestNamed('other')));
    await expect(other).rejects.toMatchObject({ status: 400 });
    await registry.core.contentStored(upload(record, digestNamed('other')));
    expect(await stateOf(record)).toBe('sourcing');
    const unknown = { logId: record.logId, recordId: digestNamed('unknown'), digest: digestNamed('other') };
    for (const attempt of [registry.core.expectContent(unknown), registry.core.contentStored(unknown)]) {
      await expect(attempt).rejects.toMatchObject({ variant: 'RecordNotFound' });
    }
    const nowhere = { ...unknown, logId: digestNamed('nowhere') };
    await expect(registry.core.contentStored(nowhere)).rejects.toMatchObject({ variant: 'LogNotFound' });
  });

  it('is rejected when its content is', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    const digest = digestNamed('content of test:a');
    expect(await registry.core.contentRejected(upload(record, digest), 'it is no component')).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('it is no component'),
    });
    expect(await submit(record)).toMatchObject({ state: 'rejected' });
    const again = registry.core.contentRejected(upload(record, digest), 'again');
    await expect(again).rejects.toMatchObject({ status: 405 });
    await expect(registry.core.expectContent(upload(record, digest))).rejects.toMatchObject({ status: 405 });
  });

  it('does not hold the name: somebody else may start the same package', async () => {
    await open();
    const squatter = starting('test:a');
    await submit(squatter);
    const owner = packageNamed('test:a').init();
    expect((await registry.publish(owner)).state).toBe('published');
    // Whoever comes second is told by the state machine.
    await registry.core.contentStored(upload(squatter, digestNamed('content of test:a')));
    await registry.writer.idle();
    expect(await stateOf(squatter)).toBe('rejected');
  });

  it('has no name to give before it is published', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    await expect(registry.core.packageNames([record.logId])).rejects.toMatchObject({
      variant: 'LogNotFound',
    });
  });
});

describe('records that wait for content', () => {
  it('expire after a day, and may then start over', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    registry.clock.advance(24 * HOUR);
    await registry.writer.tick();
    expect(await stateOf(record)).toBe('sourcing');
    registry.clock.advance(1);
    await registry.writer.tick();
    expect(await registry.core.recordStatus(record.logId, record.recordId)).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('24 hours'),
    });
    const digest = digestNamed('content of test:a');
    await expect(registry.core.expectContent(upload(record, digest))).rejects.toMatchObject({ status: 405 });
    expect((await submit(record)).state).toBe('sourcing');
    expect((await registry.core.contentStored(upload(record, digest))).state).toBe('processing');
    await registry.writer.idle();
    expect(await stateOf(record)).toBe('published');
  });

  it('are forgotten a week after they expired', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    registry.clock.advance(24 * HOUR + 1);
    await registry.writer.tick();
    registry.clock.advance(7 * 24 * HOUR + 1);
    await registry.writer.tick();
    await expect(stateOf(record)).rejects.toMatchObject({ variant: 'LogNotFound' });
  });

  it('do not expire once they are processing or published', async () => {
    await open();
    const record = starting('test:a');
    await submit(record);
    await registry.core.contentStored(upload(record, digestNamed('content of test:a')));
    await registry.writer.idle();
    registry.clock.advance(48 * HOUR);
    await registry.writer.tick();
    expect(await stateOf(record)).toBe('published');
  });

  it('are capped by address', async () => {
    await open({ limits: { sourcingPerAddress: 2 } });
    const records = ['test:a', 'test:b', 'test:c', 'test:d'].map((name) => starting(name));
    const attempts = await Promise.allSettled(records.slice(0, 3).map((record) => submit(record, 'x')));
    expect(attempts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(attempts[2]).toMatchObject({
      reason: { status: 429, message: expect.stringContaining('address') },
    });
    await expect(submit(records[3]!, 'x')).rejects.toMatchObject({ status: 429 });
    // What is there already is answered, what has its content is taken, and others are not concerned.
    expect((await submit(records[0]!, 'x')).state).toBe('sourcing');
    expect((await submit(packageNamed('test:e').init(), 'x')).state).toBe('processing');
    expect((await submit(records[3]!, 'y')).state).toBe('sourcing');
    await registry.core.contentStored(upload(records[0]!, digestNamed('content of test:a')));
    expect((await submit(records[2]!, 'x')).state).toBe('sourcing');
  });

  it('are capped by log, where whoever has most gives way to others with the oldest', async () => {
    await open({ limits: { sourcingPerLog: 3 } });
    const squatters = [1, 2, 3].map((n) => starting('test:a', `squatter ${n}`));
    for (const record of squatters) await submit(record, 'squatter');
    await expect(submit(starting('test:a', 'squatter 4'), 'squatter')).rejects.toMatchObject({
      status: 429,
      message: expect.stringContaining('log'),
    });
    const owner = starting('test:a', 'owner');
    expect((await submit(owner, 'owner')).state).toBe('sourcing');
    expect(await Promise.all(squatters.map(stateOf))).toEqual(['rejected', 'sourcing', 'sourcing']);
    // One who has fewer is not displaced by one who has more.
    await expect(submit(starting('test:a', 'squatter 5'), 'squatter')).rejects.toMatchObject({ status: 429 });
    expect(await stateOf(owner)).toBe('sourcing');
    // A displaced record may come back while there is room.
    await registry.core.contentRejected(upload(owner, digestNamed('owner')), 'on purpose');
    expect((await submit(squatters[0]!, 'squatter')).state).toBe('sourcing');
  });

  it('are counted within one transaction too', async () => {
    await open({ limits: { sourcingPerLog: 2 } });
    const records = [1, 2, 3].map((n) => starting('test:a', `content ${n}`));
    const attempts = await Promise.allSettled(records.map((record) => submit(record, 'x')));
    expect(attempts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const others = [4, 5, 6].map((n) => starting('test:a', `content ${n}`));
    const later = await Promise.allSettled(others.map((record, i) => submit(record, `y${i}`)));
    // The first of them takes the place of the oldest; that address has not more than the others then.
    expect(later.map(({ status }) => status)[0]).toBe('fulfilled');
    const states = await Promise.all(records.slice(0, 2).map(stateOf));
    expect(states[0]).toBe('rejected');
  });
});
