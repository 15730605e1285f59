// Lies with valid signatures: what only the operator, or somebody who has one of its keys, can tell.

import { generatePrivateKey, keyIdOf, type PrivateKey, parseSignature, publicKeyOf } from '@warg/crypto';
import { signCheckpoint } from '@warg/protocol';
import { encodeSignedCheckpoint } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import type { ClientError } from '../src/errors.ts';
import { encodeEvidence, parseEvidence, verifyEvidence } from '../src/verify/evidence.ts';
import { helloRegistry, minute, seen } from './registry/seen.ts';
import { type Fetch, serve } from './registry/serve.ts';
import { author, hello, openClient } from './registry/setup.ts';
import { forkAt, testRegistry } from './registry/test-registry.ts';

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

  describe('within one update', () => {
    /** Says one thing as its checkpoint and another beside a log, both of the operator's own hand. */
    async function twoTongued(key?: PrivateKey) {
      const registry = await helloRegistry();
      const other = signCheckpoint(
        { ...registry.checkpoint.contents, mapRoot: registry.checkpoint.contents.logRoot },
        key ?? registry.operatorKey,
      );
      const truth = serve(registry, { proved: true });
      const fetch: Fetch = async (input, init) => {
        const request = new Request(input as Request, init);
        const response = await truth(request);
        if (!new URL(request.url).pathname.startsWith('/v1/proved/')) return response;
        const answer = (await response.json()) as { checkpoint: unknown };
        const text = encodeSignedCheckpoint({ ...other, signature: parseSignature(other.signature) });
        return Response.json({ ...answer, checkpoint: JSON.parse(text) as unknown });
      };
      return { registry, fetch };
    }
    const caught = { code: 'CHECKPOINT_CONTRADICTS' };

    it('is caught, and leaves evidence, on first use and with a pin', async () => {
      const { registry, fetch } = await twoTongued();
      const operatorKey = publicKeyOf(registry.operatorKey);
      for (const options of [{}, { operatorKey }]) {
        const client = await openClient(fetch, options);
        for (let time = 0; time < 2; time++) {
          const error = (await client
            .update(['test:hello'])
            .catch((thrown: unknown) => thrown)) as ClientError;
          expect(error).toMatchObject(caught);
          const [found, ...more] = await client.evidence();
          expect(more).toEqual([]);
          expect(error.details.evidence).toBe(found?.id);
          expect(error.message).toContain(`kept as ${found?.id}`);
          expect(verifyEvidence(found!.evidence, operatorKey)).toMatchObject({ kind: 'fork' });
        }
        // Nothing of it is believed.
        expect(await client.packages({ refresh: false })).toEqual([]);
      }
    });

    it('leaves none that would be about somebody else than is trusted', async () => {
      const { fetch } = await twoTongued();
      const client = await openClient(fetch, { operatorKey: publicKeyOf(generatePrivateKey()) });
      await expect(client.update(['test:hello'])).rejects.toMatchObject(caught);
      expect(await client.evidence()).toEqual([]);
    });

    it('leaves none where the other state is not signed by the operator', async () => {
      const { fetch } = await twoTongued(generatePrivateKey());
      const client = await openClient(fetch);
      await expect(client.update(['test:hello'])).rejects.toMatchObject({
        code: 'CHECKPOINT_SIGNER_REFUSED',
      });
      expect(await client.evidence()).toEqual([]);
    });
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
      openClient(serve(registry), { maxCheckpointAgeSeconds: 600, clock: () => registry.now + offset });
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
