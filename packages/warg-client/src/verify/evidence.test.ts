// Evidence is shown to people who believe nobody: everything in it is the word of whoever made the file.

import { generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  type Envelope,
  OPERATOR_LOG_ID,
  type OperatorEntry,
  operatorRecordId,
  type SignedCheckpoint,
  signCheckpoint,
  signOperatorRecord,
  timestampFromMillis,
} from '@warg/protocol';
import { describe, expect, it } from 'vitest';
import { forkAt, type TestRegistry, testRegistry } from '../../test/registry/test-registry.ts';
import { type Evidence, encodeEvidence, parseEvidence, verifyEvidence } from './evidence.ts';

const victim = generatePrivateKey();
const victimKey = publicKeyOf(victim);
const attacker = generatePrivateKey();
const refused = expect.objectContaining({ code: 'EVIDENCE_INVALID' });

const recordsOf = (registry: TestRegistry): readonly Envelope[] => registry.logs.get(OPERATOR_LOG_ID)!;
const otherState = (checkpoint: SignedCheckpoint, key: PrivateKey) =>
  signCheckpoint({ ...checkpoint.contents, mapRoot: checkpoint.contents.logRoot }, key);

function fork(first: SignedCheckpoint, key: PrivateKey, operatorRecords: readonly Envelope[]): Evidence {
  return {
    format: 'warg-evidence-1',
    registry: 'https://registry.example',
    kind: 'fork',
    first,
    second: otherState(first, key),
    operatorRecords,
  };
}

/** A registry whose operator log has these further records. */
async function registryOf(
  operatorKey: PrivateKey,
  ...records: readonly (readonly [PrivateKey, OperatorEntry])[]
): Promise<TestRegistry> {
  const registry = await testRegistry({ operatorKey });
  for (const [key, entry] of records) await registry.appendOperator([entry], key);
  await registry.sign();
  return registry;
}

const grant = (key: PrivateKey, ...permissions: ('commit' | 'defineNamespace')[]): OperatorEntry => ({
  type: 'grantFlat',
  key: publicKeyOf(key),
  permissions,
});
const define = (namespace: string): OperatorEntry => ({ type: 'defineNamespace', namespace });

describe('evidence is refused', () => {
  it('with a record behind the log that names the pinned key as its signer', async () => {
    const registry = await registryOf(attacker);
    const records = recordsOf(registry);
    const prev = operatorRecordId(records[0]!.contentBytes);
    const bogus = signOperatorRecord(
      { prev, time: timestampFromMillis(registry.now), entries: [define('other')] },
      attacker,
    );
    const forged = fork(registry.checkpoint, attacker, [...records, { ...bogus, keyId: keyIdOf(victimKey) }]);
    expect(verifyEvidence({ ...forged, operatorRecords: records }, publicKeyOf(attacker)).kind).toBe('fork');
    expect(() => verifyEvidence(forged, victimKey)).toThrow(refused);
    // Nor against its author: a log that breaks its own rules shows nothing.
    expect(() => verifyEvidence(forged, publicKeyOf(attacker))).toThrow(refused);
  });

  it("with a log that lets the pinned key commit, and a true checkpoint of the key's own registry", async () => {
    const honest = await registryOf(victim);
    const registry = await registryOf(attacker, [attacker, grant(victim, 'commit')]);
    const forged = fork(honest.checkpoint, attacker, recordsOf(registry));
    expect(() => verifyEvidence(forged, victimKey)).toThrow(refused);
    expect(() =>
      verifyEvidence({ ...forged, second: forged.first, first: forged.second }, victimKey),
    ).toThrow(refused);
  });

  it('with a log whose guest the pinned key is, without the right to sign checkpoints', async () => {
    const registry = await registryOf(
      attacker,
      [attacker, grant(victim, 'defineNamespace')],
      [victim, define('of-the-guest')],
    );
    const forged = fork(registry.checkpoint, attacker, recordsOf(registry));
    expect(() => verifyEvidence(forged, victimKey)).toThrow(refused);
    // A right that comes after the record does not count back.
    await registry.appendOperator([grant(victim, 'commit')], attacker);
    expect(() => verifyEvidence({ ...forged, operatorRecords: recordsOf(registry) }, victimKey)).toThrow(
      refused,
    );
  });

  it('with records of the pinned key put into another log', async () => {
    const honest = recordsOf(await registryOf(victim, [victim, define('more')]));
    const registry = await registryOf(attacker, [attacker, grant(victim, 'commit')]);
    const own = recordsOf(registry);
    for (const records of [
      [...own, honest[1]!],
      [...own, honest[0]!],
      [honest[0]!, own[1]!],
      [own[0]!, honest[1]!],
    ])
      expect(() => verifyEvidence(fork(registry.checkpoint, attacker, records), victimKey)).toThrow(refused);
  });

  it('with records dropped, repeated or in another order', async () => {
    const helper = generatePrivateKey();
    const registry = await registryOf(
      victim,
      [victim, grant(helper, 'commit', 'defineNamespace')],
      [helper, define('more')],
    );
    const [a, b, c] = recordsOf(registry) as [Envelope, Envelope, Envelope];
    const evidence = fork(registry.checkpoint, helper, [a, b, c]);
    expect(verifyEvidence(evidence, victimKey).kind).toBe('fork');
    for (const operatorRecords of [[a, c], [b, c], [a, a, b], [a, c, b], [a]])
      expect(() => verifyEvidence({ ...evidence, operatorRecords }, victimKey)).toThrow(refused);
  });

  it('where it is longer than anything that is kept', () => {
    expect(() => parseEvidence(' '.repeat(32 * 2 ** 20 + 1))).toThrow(refused);
    const long = {
      format: 'warg-evidence-1',
      registry: 'r'.repeat(10_000),
      kind: 'fork',
      operatorRecords: [],
    };
    expect(() => parseEvidence(JSON.stringify(long))).toThrow(refused);
  });
});

describe('evidence is accepted', () => {
  it('against a key that took the log over, though another began it', async () => {
    const later = generatePrivateKey();
    const registry = await registryOf(
      victim,
      [victim, grant(later, 'commit')],
      [later, { type: 'revokeFlat', keyId: keyIdOf(victimKey), permissions: ['commit'] }],
    );
    await registry.sign(later);
    const evidence = parseEvidence(encodeEvidence(fork(registry.checkpoint, later, recordsOf(registry))));
    for (const key of [victimKey, publicKeyOf(later), operatorRecordId(recordsOf(registry)[0]!.contentBytes)])
      expect(verifyEvidence(evidence, key).kind).toBe('fork');
  });

  it('where a key that commits no more signed one of the checkpoints', async () => {
    const former = generatePrivateKey();
    const registry = await registryOf(victim, [victim, grant(former, 'commit')]);
    await registry.sign(former);
    const evidence = fork(registry.checkpoint, victim, []);
    const after = await forkAt(registry, registry.leaves.length);
    const keyId = keyIdOf(publicKeyOf(former));
    await after.appendOperator([{ type: 'revokeFlat', keyId, permissions: ['commit'] }], victim);
    expect(verifyEvidence({ ...evidence, operatorRecords: recordsOf(after) }, victimKey).kind).toBe('fork');
  });
});
