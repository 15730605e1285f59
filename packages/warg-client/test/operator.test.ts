// Whom a client believes to be the operator.

import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { helloRegistry, minute, seen } from './registry/seen.ts';
import { type Fetch, json, serve } from './registry/serve.ts';
import { author, hello, openClient } from './registry/setup.ts';
import { emptyRegistry, testRegistry } from './registry/test-registry.ts';

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
