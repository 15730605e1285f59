import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { afterEach, expect, it } from 'vitest';
import { releaseEntry, type TestRecord, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';

// What is asked of the store before a record is accepted is old by the time it is sequenced. The policy stands in between.

let registry: TestRegistry;
let meanwhile: (() => Promise<unknown>) | undefined;
const now = () => registry.clock.now();
afterEach(() => registry.core.close());

async function open(): Promise<void> {
  meanwhile = undefined;
  const check = async () => {
    const work = meanwhile;
    meanwhile = undefined;
    await work?.();
  };
  registry = await testRegistry({ recordPolicy: { check } });
}

async function submitted(record: TestRecord) {
  return registry.publish(record).catch((error: { status?: number }) => ({ state: error.status }));
}

it('rejects a record whose key was revoked while it was looked at', async () => {
  await open();
  const pkg = testPackage('test:a', { now });
  const other = generatePrivateKey();
  await registry.publish(
    pkg.init({ type: 'grantFlat', key: publicKeyOf(other), permissions: ['release', 'yank'] }),
  );
  const keyId = keyIdOf(publicKeyOf(other));
  for (const [version, permissions] of [
    ['1.0.0', ['release']],
    ['1.1.0', ['yank']],
  ] as const) {
    const revoke = pkg.record([{ type: 'revokeFlat', keyId, permissions }]);
    // It follows the record that takes the permission, and was asked about before that was there.
    const late = pkg.record([releaseEntry(version)], { key: other, follow: false });
    let state: string | undefined;
    meanwhile = async () => {
      ({ state } = await registry.publish(revoke));
    };
    expect(await submitted(late)).toMatchObject({ state: 'rejected' });
    expect(state).toBe('published');
  }
  expect(await registry.publish(pkg.release('1.0.0'))).toMatchObject({ state: 'published' });
});

it('lets one of two begin a log, whatever both saw before', async () => {
  await open();
  const mine = testPackage('test:b', { now });
  const theirs = testPackage('test:b', { now });
  meanwhile = () => registry.publish(theirs.init());
  expect((await submitted(mine.init())).state).not.toBe('published');
  expect(await registry.publish(theirs.release('1.0.0'))).toMatchObject({ state: 'published' });
  expect((await submitted(mine.release('1.0.0'))).state).not.toBe('published');
});

it('takes a record once that comes twice at the same time', async () => {
  await open();
  const pkg = testPackage('test:c', { now });
  const init = pkg.init();
  meanwhile = () => registry.publish(init);
  expect((await submitted(init)).state).toBe('published');
  const { logLength } = (await registry.core.latestCheckpoint()).checkpoint.contents;
  expect(logLength).toBe(2);
});
