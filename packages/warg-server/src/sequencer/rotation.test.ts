import { generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { OPERATOR_PERMISSIONS } from '@warg/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';
import { addKey, defineNamespaces, type OperatorChange, revokeKey } from '../operator/changes.ts';
import { readOperatorLog } from '../operator/operator-state.ts';
import { submitOperatorRecord } from '../operator/submit-record.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';
import { soleLeadership } from './leadership.ts';
import { Sequencer } from './sequencer.ts';
import { keySigner } from './signer.ts';

const silent: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };
const oldKey = generatePrivateKey();
const newKey = generatePrivateKey();
const idOf = (key: PrivateKey) => keyIdOf(publicKeyOf(key));

let registry: TestRegistry;
let store: RegistryStore;
beforeEach(async () => {
  store = openMemoryStore();
  registry = await testRegistry({ store, operatorKey: oldKey });
});
afterEach(() => registry.core.close());

const now = () => registry.clock.now();

/** Leaves a record of the operator log to the sequencer, and returns what became of it. */
async function change(what: OperatorChange, key = oldKey, signer?: string) {
  const record = await store.transaction((transaction) =>
    submitOperatorRecord(transaction, { change: what, key, actor: 'test', now: now(), signer }),
  );
  await registry.writer.tick();
  await registry.writer.idle();
  const [stored] = await store.read((reads) => reads.findRecords([record]));
  return { state: stored!.state, reason: stored!.reason };
}

async function signerNow(): Promise<string> {
  return (await registry.core.latestCheckpoint()).checkpoint.keyId;
}

describe('a rotation of the operator key', () => {
  const pkg = testPackage('test:a', { now });

  it('goes from the old key to the new one, with packages in between, and everything verifies at each step', async () => {
    const seen = [(await registry.core.latestCheckpoint()).checkpoint];
    const step = async () => {
      const { checkpoint } = await verifyRegistry(registry.core, { operatorKey: publicKeyOf(oldKey), seen });
      seen.push(checkpoint);
    };
    await registry.publish(pkg.init());
    await step();
    expect(await change(addKey(publicKeyOf(newKey), OPERATOR_PERMISSIONS))).toMatchObject({
      state: 'published',
    });
    await registry.publish(pkg.release('1.0.0'));
    await step();
    await registry.writer.useSigner(keySigner(newKey));
    expect(await signerNow()).toBe(idOf(newKey));
    await step();
    await registry.publish(pkg.release('2.0.0'));
    await step();
    expect(await change(revokeKey(idOf(oldKey)), newKey)).toMatchObject({ state: 'published' });
    await step();
    await registry.publish(pkg.release('3.0.0'));
    await step();
    expect(await signerNow()).toBe(idOf(newKey));
    // What the old key signed is still known as signed by who might.
    for (const checkpoint of seen) {
      expect(await registry.core.verifyCheckpoint(checkpoint)).toEqual({
        checkpoint: 'verified',
        signature: 'verified',
      });
    }
  });

  it('is not to a key that the operator log does not let sign, and the old one stays', async () => {
    const stranger = registry.writer.useSigner(keySigner(newKey));
    await expect(stranger).rejects.toMatchObject({ code: 'OPERATOR_KEY_MISMATCH' });
    await change(addKey(publicKeyOf(newKey), ['defineNamespace']));
    const helper = registry.writer.useSigner(keySigner(newKey));
    await expect(helper).rejects.toMatchObject({ code: 'OPERATOR_KEY_MISMATCH' });
    await registry.publish(testPackage('test:b', { now }).init());
    expect(await signerNow()).toBe(idOf(oldKey));
  });

  it('never takes the permission to sign from the key that signs', async () => {
    await change(addKey(publicKeyOf(newKey), OPERATOR_PERMISSIONS));
    // Whoever makes the record is told first …
    await expect(change(revokeKey(idOf(oldKey)), newKey)).rejects.toMatchObject({
      code: 'OPERATOR_KEY_IN_USE',
    });
    // … and the sequencer does not depend on that. What comes behind it is not touched.
    const refused = await change(revokeKey(idOf(oldKey)), newKey, idOf(newKey));
    expect(refused).toEqual({ state: 'rejected', reason: expect.stringContaining('sign with another key') });
    expect(await change(defineNamespaces(['later']), newKey)).toMatchObject({ state: 'published' });
    await verifyRegistry(registry.core, { operatorKey: publicKeyOf(oldKey) });
    expect(await signerNow()).toBe(idOf(oldKey));
  });

  it('ends what another process signs with the old key', async () => {
    const { clock } = registry;
    const leadership = soleLeadership();
    const other = new Sequencer({ store, signer: keySigner(oldKey), clock, log: silent, leadership });
    await other.pass();
    await change(addKey(publicKeyOf(newKey), OPERATOR_PERMISSIONS));
    await registry.writer.useSigner(keySigner(newKey));
    await change(revokeKey(idOf(oldKey)), newKey);
    registry.clock.advance(120_000);
    await expect(other.resign()).rejects.toMatchObject({ code: 'OPERATOR_KEY_MISMATCH' });
    await expect(other.pass()).rejects.toMatchObject({ code: 'OPERATOR_KEY_MISMATCH' });
    expect(await signerNow()).toBe(idOf(newKey));
    await other.useSigner(keySigner(newKey));
    await other.pass();
  });
});

describe('a change of the operator log', () => {
  it('does not revoke the last key that may sign', async () => {
    await change(addKey(publicKeyOf(newKey), ['defineNamespace', 'importNamespace']));
    const attempt = change(revokeKey(idOf(oldKey)));
    await expect(attempt).rejects.toThrow(/the last one that may sign checkpoints/);
    expect(await change(revokeKey(idOf(oldKey), ['importNamespace']))).toMatchObject({ state: 'published' });
  });

  it('that makes no sense is not even stored', async () => {
    const { length } = await store.read((reads) => readOperatorLog(reads));
    await change(addKey(publicKeyOf(newKey), ['defineNamespace']));
    const refusals: readonly (readonly [OperatorChange, RegExp, PrivateKey?])[] = [
      [defineNamespaces(['test']), /for ever that the namespace test is defined here/],
      [addKey(publicKeyOf(newKey), ['defineNamespace']), /has these permissions already/],
      [revokeKey(idOf(newKey), ['commit']), /no permission commit to revoke/],
      [revokeKey(idOf(generatePrivateKey())), /knows no key/],
      [addKey(publicKeyOf(generatePrivateKey()), ['commit']), /does not allow it/, newKey],
      [defineNamespaces(['other']), /does not allow it/, generatePrivateKey()],
    ];
    for (const [what, message, key] of refusals) await expect(change(what, key)).rejects.toThrow(message);
    expect((await store.read((reads) => readOperatorLog(reads))).length).toBe(length + 1);
    const audit = await store.read((reads) => reads.audit({ since: 0, limit: 10 }));
    expect(audit).toMatchObject([
      {
        actor: 'test',
        action: 'operator.add-key',
        details: { signedBy: idOf(oldKey), entries: [{ type: 'grantFlat', keyId: idOf(newKey) }] },
      },
    ]);
  });

  it('waits behind others that were not sequenced yet', async () => {
    const submit = (what: OperatorChange) =>
      store.transaction((transaction) =>
        submitOperatorRecord(transaction, { change: what, key: oldKey, actor: 'test', now: now() }),
      );
    const records = [await submit(defineNamespaces(['one'])), await submit(defineNamespaces(['two']))];
    await expect(submit(defineNamespaces(['one']))).rejects.toThrow(/for ever/);
    await registry.writer.look();
    await registry.writer.idle();
    const found = await store.read((reads) => reads.findRecords(records));
    expect(found.map((record) => record?.state)).toEqual(['published', 'published']);
  });
});
