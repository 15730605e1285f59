// Lies with valid signatures: what only the operator, or somebody who has one of its keys, can tell.

import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { signCheckpoint } from '@warg/protocol';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { encodeEvidence, parseEvidence, verifyEvidence } from '../src/verify/evidence.ts';
import { type Fetch, json, serve } from './registry/serve.ts';
import { author, contentsOf, hello, openClient } from './registry/setup.ts';
import { emptyRegistry, forkAt, type TestRegistry, testRegistry } from './registry/test-registry.ts';

const minute = 60_000;

/** A client's storage that has seen a registry, and the means to show it another. */
async function seen(registry: TestRegistry, options: { readonly operatorKey?: string } = {}) {
  const storage = memoryStorage();
  let fetch: Fetch = serve(registry);
  const client = await openClient((input, init) => fetch(input, init), { storage, ...options });
  await client.update(['test:hello']);
  const before = await contentsOf(storage);
  return {
    storage,
    client,
    async refuses(other: TestRegistry, code: string) {
      fetch = serve(other);
      await expect(client.update()).rejects.toMatchObject({ name: 'ClientError', code });
      const { evidence, state } = split(await contentsOf(storage));
      expect(state).toEqual(split(before).state);
      return evidence;
    },
    async accepts(other: TestRegistry) {
      fetch = serve(other);
      return client.update();
    },
  };
}

function split(contents: Record<string, string>) {
  const entries = Object.entries(contents);
  return {
    evidence: entries.filter(([key]) => key.startsWith('evidence/')).map(([key]) => key),
    state: entries.filter(([key]) => !key.startsWith('evidence/')),
  };
}

async function helloRegistry(): Promise<TestRegistry> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  await registry.release('test:hello', '1.1.0', hello, author);
  return registry;
}

describe('a registry that contradicts itself', () => {
  it('is caught with two states of one length, and the evidence verifies offline', async () => {
    const registry = await helloRegistry();
    const { client, refuses } = await seen(registry);
    const fork = await forkAt(registry, 2);
    await fork.release('test:hello', '6.6.6', hello, author);
    expect(fork.leaves).toHaveLength(registry.leaves.length);
    expect(await refuses(fork, 'CHECKPOINT_CONTRADICTS')).toHaveLength(1);

    const [{ id, evidence }] = (await client.evidence()) as [
      { id: string; evidence: ReturnType<typeof parseEvidence> },
    ];
    await expect(client.update()).rejects.toMatchObject({ details: { evidence: id } });
    const copy = parseEvidence(encodeEvidence(evidence));
    expect(copy).toEqual(evidence);
    const operator = publicKeyOf(registry.operatorKey);
    expect(verifyEvidence(copy, operator)).toMatchObject({ kind: 'fork', operator: { key: operator } });
    expect(verifyEvidence(copy, verifyEvidence(copy, operator).operator.recordId).kind).toBe('fork');

    // Evidence against somebody else, or of nothing, is none.
    const stranger = publicKeyOf(generatePrivateKey());
    const invalid = { code: 'EVIDENCE_INVALID' };
    expect(() => verifyEvidence(copy, stranger)).toThrow(expect.objectContaining(invalid));
    expect(() => verifyEvidence({ ...copy, second: copy.first }, operator)).toThrow(
      expect.objectContaining(invalid),
    );
    expect(() => verifyEvidence({ ...copy, kind: 'order' }, operator)).toThrow(
      expect.objectContaining(invalid),
    );
    expect(() => verifyEvidence({ ...copy, operatorRecords: [] }, operator)).toThrow(
      expect.objectContaining(invalid),
    );
    const forged = signCheckpoint(copy.second.contents, generatePrivateKey());
    expect(() => verifyEvidence({ ...copy, second: forged }, operator)).toThrow(
      expect.objectContaining(invalid),
    );
    expect(() =>
      verifyEvidence({ ...copy, second: { ...forged, keyId: copy.second.keyId } }, operator),
    ).toThrow(expect.objectContaining(invalid));
    expect(() => parseEvidence('{}')).toThrow(expect.objectContaining(invalid));
    await client.reset();
    expect(await client.evidence()).toHaveLength(1);
  });

  it('is caught with the same records and another map', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    const fork = await forkAt(registry, 3);
    fork.checkpoint = signCheckpoint(
      { ...fork.checkpoint.contents, mapRoot: fork.checkpoint.contents.logRoot },
      registry.operatorKey,
    );
    expect(await refuses(fork, 'CHECKPOINT_CONTRADICTS')).toHaveLength(1);
  });

  it('is caught with a shorter log that is signed later', async () => {
    const registry = await helloRegistry();
    const { client, refuses } = await seen(registry);
    const shorter = await forkAt(registry, 2);
    shorter.now = registry.now + minute;
    await shorter.sign();
    expect(await refuses(shorter, 'CHECKPOINT_CONTRADICTS')).toHaveLength(1);
    const [found] = await client.evidence();
    expect(verifyEvidence(found!.evidence, publicKeyOf(registry.operatorKey)).kind).toBe('order');
  });

  it('leaves no evidence where the contradiction is not signed by the operator', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    const fork = await forkAt(registry, 2);
    await fork.release('test:hello', '6.6.6', hello, author);
    const stranger = generatePrivateKey();
    await fork.sign(stranger);
    expect(await refuses(fork, 'CHECKPOINT_SIGNER_REFUSED')).toEqual([]);
    fork.checkpoint = { ...fork.checkpoint, keyId: keyIdOf(publicKeyOf(registry.operatorKey)) };
    expect(await refuses(fork, 'CHECKPOINT_SIGNATURE_INVALID')).toEqual([]);
  });

  it('is caught when a longer log does not continue the one that was seen', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    // Another package's record is dropped from history and the rest goes on.
    const fork = await forkAt(registry, 1);
    fork.now += minute;
    await fork.release('test:other', '1.0.0', hello, author);
    for (const version of ['1.0.0', '1.1.0', '1.2.0'])
      await fork.release('test:hello', version, hello, author);
    // Its records do not follow the ones that are known.
    await refuses(fork, 'PACKAGE_LOG_INVALID');
  });

  it('is caught by the proof of consistency when all known logs go on', async () => {
    const registry = await testRegistry();
    await registry.release('test:other', '1.0.0', hello, author);
    await registry.release('test:hello', '1.0.0', hello, author);
    const { refuses } = await seen(registry);
    const fork = await forkAt(registry, 1);
    await fork.release('test:third', '1.0.0', hello, author);
    const logId = registry.leaves[2]!.logId;
    await fork.appendEnvelope(logId, registry.logs.get(logId)![0]!);
    await fork.release('test:hello', '2.0.0', hello, author);
    await refuses(fork, 'CONSISTENCY_INVALID');
  });
});

describe('a registry that goes back, or stands still', () => {
  it('is refused with an older checkpoint', async () => {
    const registry = await helloRegistry();
    const old = registry.checkpoint;
    registry.now += minute;
    await registry.release('test:hello', '1.2.0', hello, author);
    const { refuses } = await seen(registry);
    registry.checkpoint = old;
    expect(await refuses(registry, 'CHECKPOINT_ROLLED_BACK')).toEqual([]);
  });

  it('is refused with the same state at an earlier time', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    registry.now -= minute;
    await registry.sign();
    await refuses(registry, 'CHECKPOINT_ROLLED_BACK');
  });

  it('is accepted with the same state signed again', async () => {
    const registry = await helloRegistry();
    const { accepts } = await seen(registry);
    registry.now += minute;
    await registry.sign();
    expect((await accepts(registry)).asOf.getTime()).toBe(Math.floor(registry.now / 1000) * 1000);
  });

  it('is refused when its checkpoint is older than wanted, or ahead of the clock', async () => {
    const registry = await helloRegistry();
    const at = (offset: number) =>
      openClient(serve(registry), { maxCheckpointAge: 600, clock: () => registry.now + offset });
    await (await at(599_000)).update();
    await expect((await at(602_000)).update()).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_OLD' });
    await (await at(-299_000)).update();
    await expect((await at(-302_000)).update()).rejects.toMatchObject({ code: 'CHECKPOINT_FROM_FUTURE' });
  });

  it('is refused when it denies a package that it had', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    await registry.release('test:more', '1.0.0', hello, author);
    const logId = registry.leaves[1]!.logId;
    registry.logs.delete(logId);
    await refuses(registry, 'LOG_VANISHED');
  });

  it('is refused when it keeps back the newest record of a package', async () => {
    const registry = await helloRegistry();
    const { refuses } = await seen(registry);
    await registry.release('test:hello', '1.2.0', hello, author);
    await registry.release('test:hello', '1.3.0', hello, author);
    const logId = registry.leaves[1]!.logId;
    registry.logs.set(logId, registry.logs.get(logId)!.slice(0, -1));
    await refuses(registry, 'INCLUSION_INVALID');
  });
});

describe('an operator log', () => {
  it('is refused when its first record is signed by another key than it names', async () => {
    const pinned = generatePrivateKey();
    const attacker = generatePrivateKey();
    // The protocol's machine accepts this: the same record grants the attacker's key everything.
    const registry = await emptyRegistry(attacker, Date.now());
    await registry.appendOperator(
      [
        { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(pinned) },
        {
          type: 'grantFlat',
          key: publicKeyOf(attacker),
          permissions: ['commit', 'defineNamespace', 'importNamespace'],
        },
      ],
      attacker,
    );
    await registry.sign(attacker);
    for (const operatorKey of [publicKeyOf(pinned), undefined]) {
      const client = await openClient(serve(registry), { operatorKey });
      await expect(client.update()).rejects.toMatchObject({ code: 'OPERATOR_LOG_NOT_SELF_SIGNED' });
    }
  });

  it('is refused when it only names the pinned key', async () => {
    const pinned = generatePrivateKey();
    const attacker = generatePrivateKey();
    const registry = await testRegistry({ operatorKey: attacker });
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(pinned), permissions: ['commit'] }],
      attacker,
    );
    await registry.sign(attacker);
    const client = await openClient(serve(registry), { operatorKey: publicKeyOf(pinned) });
    await expect(client.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
  });

  it('is refused when it is empty', async () => {
    const registry = await emptyRegistry(generatePrivateKey(), Date.now());
    await registry.sign();
    const client = await openClient(serve(registry));
    await expect(client.update()).rejects.toMatchObject({ code: 'REGISTRY_FAILED' });
    const lying: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      return request.url.endsWith('logs') ? json(200, '{"more":false}') : serve(registry)(request);
    };
    await expect((await openClient(lying)).update()).rejects.toMatchObject({ code: 'LOG_INCOMPLETE' });
  });

  it('must let the signer of the checkpoint commit, as of that checkpoint', async () => {
    const registry = await helloRegistry();
    const deputy = generatePrivateKey();
    const { client, accepts, refuses } = await seen(registry);
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(deputy), permissions: ['defineNamespace'] }],
      registry.operatorKey,
    );
    await registry.sign(deputy);
    await refuses(registry, 'CHECKPOINT_SIGNER_REFUSED');
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(deputy), permissions: ['commit'] }],
      registry.operatorKey,
    );
    await registry.sign(deputy);
    await accepts(registry);
    await registry.appendOperator(
      [{ type: 'revokeFlat', keyId: keyIdOf(publicKeyOf(deputy)), permissions: ['commit'] }],
      registry.operatorKey,
    );
    await registry.sign(deputy);
    await expect(client.update()).rejects.toMatchObject({ code: 'CHECKPOINT_SIGNER_REFUSED' });
    await registry.sign();
    await accepts(registry);
  });

  it('must not keep back the record that revoked the signer', async () => {
    const registry = await helloRegistry();
    const deputy = generatePrivateKey();
    const { refuses } = await seen(registry);
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(deputy), permissions: ['commit'] }],
      registry.operatorKey,
    );
    await registry.appendOperator(
      [{ type: 'revokeFlat', keyId: keyIdOf(publicKeyOf(deputy)), permissions: ['commit'] }],
      registry.operatorKey,
    );
    await registry.sign(deputy);
    const [operatorLog] = registry.leaves.map(({ logId }) => logId);
    registry.logs.set(operatorLog!, registry.logs.get(operatorLog!)!.slice(0, -1));
    // The proof for the head that is shown cannot be had: the map names the one that is kept back.
    const client = await openClient(serve(registry));
    await expect(client.update()).rejects.toMatchObject({ code: 'INCLUSION_INVALID' });
    await refuses(registry, 'INCLUSION_INVALID');
  });
});

describe('a pin', () => {
  it('from first use is kept, and said once', async () => {
    const registry = await helloRegistry();
    const { client, refuses, storage } = await seen(registry);
    expect((await client.update()).firstUse).toBe(false);
    const other = await testRegistry();
    for (let i = 0; i < 4; i++) await other.release('test:hello', `1.0.${i}`, hello, author);
    other.now += minute;
    await other.sign();
    await refuses(other, 'CHECKPOINT_SIGNER_REFUSED');
    // Even where nothing but the pin is left.
    await client.reset({ keepOperator: true });
    const again = await openClient(serve(other), { storage });
    await expect(again.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
    await again.reset();
    expect((await again.update()).firstUse).toBe(true);
  });

  it('may be the operator key or the id of the first record', async () => {
    const registry = await helloRegistry();
    for (const operatorKey of [publicKeyOf(registry.operatorKey), registry.leaves[0]!.recordId]) {
      const client = await openClient(serve(registry), { operatorKey });
      const result = await client.update(['test:hello']);
      expect(result).toMatchObject({ firstUse: false, operator: { origin: 'user' } });
      await client.package('test:hello', { refresh: false });
    }
    for (const operatorKey of [publicKeyOf(author), registry.leaves[1]!.recordId]) {
      const client = await openClient(serve(registry), { operatorKey });
      await expect(client.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
    }
    await expect(openClient(serve(registry), { operatorKey: 'secret' })).rejects.toMatchObject({
      code: 'INVALID_OPERATOR_KEY',
    });
  });

  it('that was rotated away leads to the new key, for those who knew it and for those who begin with it', async () => {
    const registry = await helloRegistry();
    const successor = generatePrivateKey();
    const pin = publicKeyOf(registry.operatorKey);
    const { accepts } = await seen(registry, { operatorKey: pin });
    await registry.appendOperator(
      [
        {
          type: 'grantFlat',
          key: publicKeyOf(successor),
          permissions: ['commit', 'defineNamespace', 'importNamespace'],
        },
      ],
      registry.operatorKey,
    );
    await registry.appendOperator(
      [
        {
          type: 'revokeFlat',
          keyId: keyIdOf(pin),
          permissions: ['commit', 'defineNamespace', 'importNamespace'],
        },
      ],
      successor,
    );
    await registry.sign(successor);
    expect((await accepts(registry)).operator.key).toBe(pin);
    await (await openClient(serve(registry), { operatorKey: pin })).update();
    // The successor vouches for the whole log, too: it signed the checkpoint and a record.
    const storage = memoryStorage();
    const late = await openClient(serve(registry), { operatorKey: publicKeyOf(successor), storage });
    await late.update(['test:hello']);
    // It is rotated away in turn, and who pinned it goes on.
    const third = generatePrivateKey();
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(third), permissions: ['commit'] }],
      successor,
    );
    await registry.sign(third);
    await late.update();
    await late.package('test:hello', { refresh: false });
  });

  it('of the user is not replaced by what is stored, nor the other way round', async () => {
    const registry = await helloRegistry();
    const { storage } = await seen(registry);
    const stranger = publicKeyOf(generatePrivateKey());
    const client = await openClient(serve(registry), { storage, operatorKey: stranger });
    await expect(client.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
    await expect(client.package('test:hello', { refresh: false })).rejects.toMatchObject({
      code: 'OPERATOR_PIN_MISMATCH',
    });
    const right = await openClient(serve(registry), {
      storage,
      operatorKey: publicKeyOf(registry.operatorKey),
    });
    expect((await right.update()).operator.origin).toBe('user');
  });

  it('may come from the well-known document, on first contact only', async () => {
    const registry = await helloRegistry();
    const document = (key: string) => ({
      '.well-known/wasm-pkg/registry.json': JSON.stringify({
        warg: { url: 'http://127.0.0.1:8090', wargOperatorKey: key },
      }),
    });
    const stranger = publicKeyOf(generatePrivateKey());
    const storage = memoryStorage();
    const right = await openClient(
      serve(registry, { documents: document(publicKeyOf(registry.operatorKey)) }),
      { storage },
    );
    expect(await right.update()).toMatchObject({ firstUse: true, operator: { origin: 'well-known' } });
    // Later the document may say what it likes.
    const later = await openClient(serve(registry, { documents: document(stranger) }), { storage });
    expect(await later.update()).toMatchObject({ firstUse: false, operator: { origin: 'well-known' } });
    const wrong = await openClient(serve(registry, { documents: document(stranger) }));
    await expect(wrong.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
    // What the user says counts more.
    const told = await openClient(serve(registry, { documents: document(stranger) }), {
      operatorKey: publicKeyOf(registry.operatorKey),
    });
    expect((await told.update()).operator.origin).toBe('user');
  });
});
