import assert from 'node:assert/strict';
import type { RegistryStore } from '../registry-store.ts';
import type { LogPart, ReleaseRow } from '../rows.ts';
import { digestNamed, logIdOf, logPart, newRecord, recordIdOf } from './fixtures.ts';
import type { StoreTest } from './store-suite.ts';

async function save(store: RegistryStore, ...parts: LogPart[]): Promise<void> {
  await store.transaction((transaction) => transaction.saveLogParts(parts));
}

const release: ReleaseRow = {
  version: '1.0.0-rc.1+build',
  recordId: recordIdOf('release'),
  by: 'releaser',
  time: { seconds: 5n, nanos: 999_999_999 },
  content: 'sha256:abcd',
  yanked: undefined,
};

export function logTests(test: StoreTest): void {
  test('are empty at first', async ({ reader }) => {
    const logId = logIdOf('a');
    await reader.read(async (reads) => {
      const [part] = await reads.logParts([{ logId, keyIds: ['k'], versions: ['1.0.0'], namespaces: ['n'] }]);
      assert.deepEqual(part, {
        logId,
        packageName: undefined,
        algorithm: undefined,
        head: undefined,
        keys: [],
        releases: [],
        namespaces: [],
      });
      assert.deepEqual(await reads.packageNames([logId]), [undefined]);
      assert.deepEqual(await reads.keys([{ logId, keyId: 'k' }]), [undefined]);
      assert.deepEqual(await reads.namespaces(['n']), [undefined]);
    });
  });

  test('are known to a submission as far as it asks', async ({ store, reader }) => {
    const key = { keyId: 'k', publicKey: 'the key', permissions: ['release', 'yank'] };
    const of = { logId: logIdOf('a'), recordId: recordIdOf('first'), keyId: 'k', namespace: 'n' };
    const facts = () => reader.read((reads) => reads.submissionFacts(of));
    const nothing = {
      hasRecord: false,
      hasWithdrawals: false,
      packageName: undefined,
      namespace: undefined,
      key: undefined,
    };
    assert.deepEqual(await facts(), nothing);

    const part = logPart('a', { keys: [key] });
    const record = newRecord('a', 'first', { state: 'sourcing' });
    await save(store, part, { ...logPart('o'), namespaces: [{ namespace: 'n', registry: 'other.example' }] });
    await store.transaction(async (transaction) => {
      await transaction.insertRecords([record]);
      const withdrawn = { digest: digestNamed('bad'), reason: 'order 7', since: 1000 };
      await transaction.withdrawContent(withdrawn);
    });
    assert.deepEqual(await facts(), {
      hasRecord: true,
      hasWithdrawals: true,
      packageName: part.packageName,
      namespace: { namespace: 'n', registry: 'other.example' },
      key,
    });
    const other = await reader.read((reads) =>
      reads.submissionFacts({
        logId: logIdOf('b'),
        recordId: recordIdOf('first'),
        keyId: 'k',
        namespace: 'm',
      }),
    );
    assert.deepEqual(other, { ...nothing, hasWithdrawals: true });
  });

  test('are found in the order of their ids, and whole', async ({ store, reader }) => {
    const keys = ['k1', 'k2'].map((keyId) => ({
      keyId,
      publicKey: `key ${keyId}`,
      permissions: ['release'],
    }));
    const releases = ['1.0.0', '2.0.0'].map((version) => ({ ...release, version }));
    const names = ['a', 'b', 'c'];
    await save(
      store,
      ...names.map((name) => logPart(name, { keys, releases: name === 'b' ? releases : [] })),
    );
    const ids = names.map((name) => logIdOf(name)).sort();
    await reader.read(async (reads) => {
      assert.deepEqual(await reads.logIds(undefined, 10), ids);
      assert.deepEqual(await reads.logIds(undefined, 2), ids.slice(0, 2));
      assert.deepEqual(await reads.logIds(ids[0], 2), ids.slice(1));
      assert.deepEqual(await reads.logIds(ids[2], 2), []);
      const whole = await reads.wholeLog(logIdOf('b'));
      assert.deepEqual(whole.keys.map(({ keyId }) => keyId).sort(), ['k1', 'k2']);
      assert.deepEqual(whole.releases.map(({ version }) => version).sort(), ['1.0.0', '2.0.0']);
      assert.equal((await reads.wholeLog(logIdOf('nobody'))).head, undefined);
    });
  });

  test('give back those rows that are asked for', async ({ store, reader }) => {
    const keys = ['k1', 'k2', 'k3'].map((keyId) => ({
      keyId,
      publicKey: `key ${keyId}`,
      permissions: ['release'],
    }));
    const releases = ['1.0.0', '2.0.0'].map((version) => ({ ...release, version }));
    const namespaces = [
      { namespace: 'here', registry: undefined },
      { namespace: 'there', registry: 'registry.example' },
    ];
    await save(store, logPart('a', { keys, releases, namespaces }), logPart('b'));
    await reader.read(async (reads) => {
      const [part, other] = await reads.logParts([
        {
          logId: logIdOf('a'),
          keyIds: ['k3', 'k1', 'no'],
          versions: ['2.0.0', '3.0.0'],
          namespaces: ['there', 'no'],
        },
        { logId: logIdOf('b'), keyIds: ['k1'], versions: ['1.0.0'], namespaces: [] },
      ]);
      assert.deepEqual(part, {
        ...logPart('a'),
        keys: [keys[2], keys[0]],
        releases: [releases[1]],
        namespaces: [namespaces[1]],
      });
      assert.deepEqual(other, logPart('b'));
      assert.deepEqual(await reads.packageNames([logIdOf('b'), logIdOf('c'), logIdOf('a')]), [
        'test:b',
        undefined,
        'test:a',
      ]);
      assert.deepEqual(await reads.namespaces(['here', 'no', 'there']), [
        namespaces[0],
        undefined,
        namespaces[1],
      ]);
      assert.deepEqual(await reads.keys([{ logId: logIdOf('a'), keyId: 'k2' }]), [keys[1]]);
    });
  });

  test('change row by row', async ({ store, reader }) => {
    const key = { keyId: 'k', publicKey: 'key', permissions: ['release', 'yank'] };
    const other = { ...key, keyId: 'other' };
    await save(store, logPart('a', { keys: [key, other], releases: [release] }));
    const yanked: ReleaseRow = {
      ...release,
      content: undefined,
      yanked: { by: 'yanker', time: { seconds: -3n, nanos: 0 } },
    };
    const head = { recordId: recordIdOf('next'), time: { seconds: 9n, nanos: 0 } };
    await save(store, logPart('a', { head, keys: [{ ...key, permissions: [] }], releases: [yanked] }));
    const query = {
      logId: logIdOf('a'),
      keyIds: ['k', 'other'],
      versions: [release.version],
      namespaces: [],
    };
    const [part] = await reader.read((reads) => reads.logParts([query]));
    assert.deepEqual(
      part,
      logPart('a', { head, keys: [{ ...key, permissions: [] }, other], releases: [yanked] }),
    );
  });

  test('keep versions and namespaces of any length, as other registries have them', async ({
    store,
    reader,
  }) => {
    // Nothing of it can be compressed, or an index would hold more of it.
    const noise = (seed: string) =>
      Array.from({ length: 300 }, (_, i) => digestNamed(`${seed}${i}`).slice('sha256:'.length)).join('');
    const versions = [254, 255, 256, 3000, 20_000].map((length) => `1.0.0-${noise('v')}`.slice(0, length));
    const long = versions.at(-1)!;
    const releases = [...versions, `${long}x`].map((version) => ({ ...release, version }));
    const namespaces = [
      { namespace: noise('n'), registry: undefined },
      { namespace: `${noise('n')}é`, registry: 'registry.example' },
    ];
    await save(store, logPart('a', { releases, namespaces }));
    const query = {
      logId: logIdOf('a'),
      keyIds: [],
      versions: [...releases.map(({ version }) => version), `${long}y`],
      namespaces: namespaces.map(({ namespace }) => namespace),
    };
    const key = { logId: logIdOf('a'), recordId: recordIdOf('a'), keyId: 'k' };
    await reader.read(async (reads) => {
      const [part] = await reads.logParts([query]);
      assert.deepEqual(part!.releases, releases);
      assert.deepEqual(part!.namespaces, namespaces);
      assert.deepEqual(
        (await reads.wholeLog(logIdOf('a'))).releases.map(({ version }) => version).sort(),
        query.versions.slice(0, -1).sort(),
      );
      for (const row of namespaces) {
        const facts = await reads.submissionFacts({ ...key, namespace: row.namespace });
        assert.deepEqual(facts.namespace, row);
      }
    });
    const yanked = { ...releases[4]!, content: undefined, yanked: { by: 'y', time: release.time } };
    await save(store, logPart('a', { releases: [yanked] }));
    const [part] = await reader.read((reads) => reads.logParts([query]));
    assert.deepEqual(part!.releases, releases.with(4, yanked));
  });

  test('keep times of 64 bits', async ({ store, reader }) => {
    for (const seconds of [2n ** 63n - 1n, -(2n ** 63n) + 1n, 0n]) {
      const time = { seconds, nanos: 1 };
      const head = { recordId: recordIdOf('x'), time };
      await save(store, logPart('a', { head, releases: [{ ...release, time, yanked: { by: 'y', time } }] }));
      const query = { logId: logIdOf('a'), keyIds: [], versions: [release.version], namespaces: [] };
      const [part] = await reader.read((reads) => reads.logParts([query]));
      assert.deepEqual(part!.head!.time, time);
      assert.deepEqual(part!.releases[0]!.time, time);
      assert.deepEqual(part!.releases[0]!.yanked!.time, time);
    }
  });
}
