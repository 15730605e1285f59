import { digestOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { first, lost, meddling, release, state, submission, upload } from './registry/publishing.ts';
import { json, serve } from './registry/serve.ts';
import { counting, hello, openClient } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

describe('publish, when answers are lost', () => {
  it.each([
    [
      'before the record arrives',
      (honest: () => Promise<Response>, count: number) => (count === 0 ? lost() : honest()),
    ],
    [
      'after the record arrived',
      (honest: () => Promise<Response>, count: number) => (count === 0 ? honest().then(lost) : honest()),
    ],
    [
      'as a gateway error',
      (honest: () => Promise<Response>, count: number) =>
        count === 0 ? honest().then(() => json(502, '{}')) : honest(),
    ],
  ])('%s: publishes once', async (_name, meddle) => {
    const registry = await testRegistry();
    const client = await openClient(meddling(serve(registry), submission, meddle));
    const { recordId } = await client.publish(first, { init: true });
    expect(registry.leaves.slice(1).map((leaf) => leaf.recordId)).toEqual([recordId]);
  });

  it('of an upload: publishes once', async () => {
    for (const arrives of [true, false]) {
      const registry = await testRegistry();
      const meddle = async (honest: () => Promise<Response>, count: number) => {
        if (count > 0) return honest();
        if (arrives) await honest();
        return lost();
      };
      const client = await openClient(meddling(serve(registry), upload, meddle));
      await client.publish(first, { init: true });
      expect(registry.leaves).toHaveLength(2);
    }
  });

  it('while waiting: goes on when the registry is back', async () => {
    const registry = await testRegistry();
    const meddle = (honest: () => Promise<Response>, count: number) =>
      count > 1 && count < 6 ? lost() : honest();
    const client = await openClient(meddling(serve(registry, { pollsUntilPublished: 3 }), state, meddle), {
      limits: { retries: 0 },
    });
    await client.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
  });

  it('and the process was stopped: another one finds the record that was published', async () => {
    const registry = await testRegistry();
    const storage = memoryStorage();
    const controller = new AbortController();
    const stopping = await openClient(
      meddling(serve(registry), submission, async (honest) => {
        const response = await honest();
        controller.abort(new Error('stopped'));
        return response;
      }),
      { storage },
    );
    await stopping.publish(first, { init: true, signal: controller.signal }).catch(() => {});
    const { fetch, calls } = counting(serve(registry));
    const next = await openClient(fetch, { storage });
    await next.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
    expect(calls.filter((call) => call.startsWith('POST v1/package'))).toHaveLength(2);
    // Now the record is in the log, and somebody forgot to say so to the storage.
    const { envelope, recordId, record } = await next.publish({
      name: 'test:hello',
      entries: [release('2.0.0')],
    });
    const { keepSubmission } = await import('../src/state/submission.ts');
    const context = { documents: storage.registry(next.registry) } as never;
    const purpose = JSON.stringify({
      prev: record.prev,
      signer: envelope.keyId,
      entries: [{ type: 'release', version: '2.0.0', content: digestOf(hello) }],
    });
    await keepSubmission(context, registry.leaves[1]!.logId, { envelope, recordId, purpose }, undefined);
    const again = await next.publish({ name: 'test:hello', entries: [release('2.0.0')] });
    expect(again).toMatchObject({ state: 'published', recordId, registryIndex: 2 });
    expect(registry.leaves).toHaveLength(3);
    // But not for another purpose.
    await keepSubmission(
      context,
      registry.leaves[1]!.logId,
      { envelope, recordId, purpose: 'other' },
      undefined,
    );
    await expect(next.publish({ name: 'test:hello', entries: [release('2.0.0')] })).rejects.toMatchObject({
      code: 'RECORD_INVALID',
    });
  });

  it('by a registry that forgot the record: sends it once more', async () => {
    const registry = await testRegistry();
    let inner = serve(registry, { pollsUntilPublished: 3 });
    let polls = 0;
    const client = await openClient((input, init) => {
      const request = new Request(input as Request, init);
      if (request.method === 'GET' && /record\/[^/]+$/.test(request.url) && polls++ === 2)
        inner = serve(registry);
      return inner(request);
    });
    await client.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
  });
});

describe('publish, cancelled', () => {
  it('at any call, rejects with the reason, and can be done again', async () => {
    for (const call of ['checkpoint$', submission, upload, state]) {
      const registry = await testRegistry();
      const storage = memoryStorage();
      const controller = new AbortController();
      const reason = new Error(`stop at ${call}`);
      const client = await openClient(
        meddling(serve(registry), call, async (honest, count) => {
          if (count === 0) controller.abort(reason);
          return honest();
        }),
        { storage },
      );
      await expect(client.publish(first, { init: true, signal: controller.signal })).rejects.toBe(reason);
      await client.publish(first, { init: true });
      expect(registry.leaves).toHaveLength(2);
    }
  });

  it('while content is hashed, keeps nothing of it', async () => {
    const storage = memoryStorage();
    const client = await openClient(serve(await testRegistry()), { storage });
    const controller = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 5) controller.abort(new Error('enough'));
        yield new Uint8Array(1000);
      }
    }
    await expect(
      client.publish(
        { name: 'test:hello', entries: [release('1.0.0', endless())] },
        { signal: controller.signal },
      ),
    ).rejects.toThrow('enough');
    expect(await storage.content.clear()).toEqual({ count: 0, bytes: 0 });
  });

  it('content that changes between hashing and sending is not sent as what it was', async () => {
    const registry = await testRegistry();
    const client = await openClient(serve(registry));
    let opened = 0;
    const changing = { open: () => new Blob([`version ${opened++}`]).stream() };
    await expect(
      client.publish({ name: 'test:hello', entries: [release('1.0.0', changing)] }, { init: true }),
    ).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(registry.leaves).toHaveLength(1);
  });
});
