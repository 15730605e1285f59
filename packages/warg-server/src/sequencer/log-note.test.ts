import { generatePrivateKey } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { testRegistry } from '../../test/test-registry.ts';
import { checkpointNote } from '../log-note/checkpoint-note.ts';
import { generateLogKey } from '../log-note/log-key.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';

const operatorKey = generatePrivateKey();
const logKey = generateLogKey('registry.test/log');

/** The store goes on when a registry on it ends. */
const kept = (store: RegistryStore): RegistryStore => ({
  read: (work) => store.read(work),
  transaction: (work) => store.transaction(work),
  revision: () => store.revision(),
  close: async () => {},
});

const noteOfHead = async (store: RegistryStore) => {
  const head = await store.read((reads) => reads.latestCheckpoint());
  return checkpointNote(head!, logKey).text;
};

describe('the note of the log', () => {
  it('is that of the newest checkpoint, after each one', async () => {
    const { core, store, clock, publish, writer } = await testRegistry({ operatorKey, logKey });
    expect(await core.logNote()).toBe(await noteOfHead(store));
    await publish(testPackage('test:a', clock).init());
    const note = await core.logNote();
    expect(note).toMatch(/^registry\.test\/log\n2\n/);
    expect(note).toBe(await noteOfHead(store));
    // It has no time, and is the same when the checkpoint is signed again.
    clock.advance(120_000);
    await writer.tick();
    expect(await core.logNote()).toBe(note);
    await core.close();
  });

  it('comes when a registry gets a key, and goes with it', async () => {
    const store = openMemoryStore();
    const open = (key?: typeof logKey) =>
      testRegistry({ store: kept(store), operatorKey, ...(key === undefined ? {} : { logKey: key }) });
    const without = await open();
    expect(await without.core.logNote()).toBeUndefined();
    await without.core.close();

    const withKey = await open(logKey);
    expect(await withKey.core.logNote()).toBe(await noteOfHead(store));
    await withKey.core.close();

    // A note that is not renewed would hide from its readers that the log goes on.
    const again = await open();
    expect(await again.core.logNote()).toBeUndefined();
    await again.core.close();
    await store.close();
  });
});
