import { generatePrivateKey } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { testRegistry } from '../../test/test-registry.ts';
import { checkpointNote } from '../log-note/checkpoint-note.ts';
import { generateLogKey } from '../log-note/log-key.ts';
import { DEFAULT_LIMITS } from '../registry/open.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';
import type { Leadership } from './leadership.ts';
import { keySigner } from './signer.ts';
import { startWriter } from './start-writer.ts';

const operatorKey = generatePrivateKey();
const logKey = generateLogKey('registry.test/log');
const silent = { debug() {}, info() {}, warn() {}, error() {} };

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

  it('is left alone by a process that does not sequence, until it does', async () => {
    const { store, core, clock } = await testRegistry({ operatorKey, logKey });
    const note = await core.logNote();
    let current: 'always' | undefined;
    const leadership: Leadership = {
      get current() {
        return current;
      },
      onGained: () => {},
      stepDown: async () => false,
      close: async () => {},
    };
    const standby = await startWriter({
      store,
      signer: keySigner(operatorKey),
      leadership,
      namespaces: [],
      clock,
      limits: DEFAULT_LIMITS,
      resignInterval: 0,
      log: silent,
    });
    const noteInStore = async () => (await store.read((reads) => reads.logNote()))?.text;
    expect(await noteInStore()).toBe(note);
    current = 'always';
    leadership.onGained();
    await expect.poll(noteInStore, { timeout: 10_000 }).toBeUndefined();
    await standby.close();
    await core.close();
  });
});
