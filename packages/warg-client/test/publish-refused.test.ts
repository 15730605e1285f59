import { digestOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { first, meddling, release, state, submission, upload } from './registry/publishing.ts';
import { json, serve } from './registry/serve.ts';
import { author, hello, openClient } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

describe('publish, beside others', () => {
  it('waits for the record that is before it, and comes after', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry, { pollsUntilPublished: 4 });
    const client = await openClient(fetch);
    await client.publish(first, { init: true });
    const versions = ['1.1.0', '1.2.0', '1.3.0'];
    const clients = await Promise.all(versions.map(() => openClient(fetch)));
    await Promise.all(
      versions.map((version, i) => clients[i]!.publish({ name: 'test:hello', entries: [release(version)] })),
    );
    const info = await client.package('test:hello');
    expect(info.releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '1.2.0', '1.3.0']);
  });

  it('signs again when the head moved before its record was taken', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry);
    await (await openClient(fetch)).publish(first, { init: true });
    const meddle = async (honest: () => Promise<Response>, count: number) => {
      registry.now = Date.now();
      if (count === 0) await registry.release('test:hello', '1.1.0', hello, author);
      return honest();
    };
    const client = await openClient(meddling(fetch, submission, meddle));
    const { package: found } = await client.publish({ name: 'test:hello', entries: [release('1.2.0')] });
    expect(found?.releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    // Unless the caller said which head it must follow.
    const { head } = await client.package('test:hello');
    const strict = await openClient(
      meddling(fetch, submission, async (honest) => {
        registry.now = Date.now();
        await registry.release('test:hello', '1.3.0', hello, author);
        return honest();
      }),
    );
    await expect(
      strict.publish({ name: 'test:hello', entries: [release('1.4.0')], head: head.recordId }),
    ).rejects.toMatchObject({ code: 'PUBLISH_REJECTED' });
  });

  it('gives up when others get in between again and again', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry);
    await (await openClient(fetch)).publish(first, { init: true });
    const client = await openClient(
      meddling(fetch, submission, async (honest, count) => {
        registry.now = Date.now();
        await registry.release('test:hello', `2.${count}.0`, hello, author);
        return honest();
      }),
      { limits: { publishAttempts: 3 } },
    );
    await expect(client.publish({ name: 'test:hello', entries: [release('1.2.0')] })).rejects.toMatchObject({
      code: 'PUBLISH_REJECTED',
    });
  });
});

describe('publish, when the registry does not want it', () => {
  const answers: readonly [string, string, string, number, string][] = [
    ['the signer', submission, 'UNAUTHORIZED', 401, '{"status":401,"message":"unknown key"}'],
    ['the record', submission, 'PUBLISH_REFUSED', 422, '{"status":422,"message":"too new"}'],
    ['the namespace', submission, 'PUBLISH_REFUSED', 404, '{"status":404,"type":"namespace","id":"test"}'],
    [
      'an imported namespace',
      submission,
      'PUBLISH_REFUSED',
      409,
      '{"status":409,"type":"namespaceImport","id":"test"}',
    ],
    ['the content', upload, 'PUBLISH_REFUSED', 422, '{"status":422,"message":"no component"}'],
  ];
  it.each(answers)('%s: says why', async (_name, call, code, status, body) => {
    const client = await openClient(
      meddling(serve(await testRegistry()), call, async () => json(status, body)),
    );
    const error: unknown = await client.publish(first, { init: true }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ClientError', code, details: { status } });
    const { message } = JSON.parse(body) as { message?: string };
    if (message !== undefined) expect((error as Error).message).toContain(message);
  });

  it('after it took it: says why', async () => {
    const client = await openClient(
      meddling(serve(await testRegistry()), state, async (honest) => {
        const { recordId } = (await (await honest()).json()) as { recordId: string };
        return json(200, JSON.stringify({ recordId, state: 'rejected', reason: 'not today' }));
      }),
    );
    await expect(client.publish(first, { init: true })).rejects.toMatchObject({
      code: 'PUBLISH_REJECTED',
      details: { reason: 'not today' },
    });
  });

  it('with an upload that is no upload', async () => {
    const endpoints = [
      { upload: [] },
      { upload: [{ type: 'http', method: 'DELETE', url: 'x' }] },
      { upload: [{ type: 'http', method: 'POST', url: 'http://elsewhere.example/x' }] },
      { upload: [{ type: 'http', method: 'POST', url: 'x', headers: { cookie: 'a=b' } }] },
      { upload: [{ type: 'http', method: 'POST', url: 'x', headers: { authorization: 'a\nb' } }] },
    ];
    for (const endpoint of endpoints) {
      const client = await openClient(
        meddling(serve(await testRegistry()), submission, async (honest) => {
          const answer = (await (await honest()).json()) as object;
          return json(202, JSON.stringify({ ...answer, missingContent: { [digestOf(hello)]: endpoint } }));
        }),
      );
      await expect(client.publish(first, { init: true })).rejects.toMatchObject({
        code: expect.stringMatching(/^(UPLOAD_FAILED|INSECURE_URL)$/) as string,
      });
    }
  });

  it('by lying about the record', async () => {
    const lies = [
      { recordId: digestOf(hello), state: 'processing' },
      { state: 'published', registryIndex: 0 },
      { state: 'published', registryIndex: 77 },
      { state: 'unheard of' },
      {},
    ];
    for (const lie of lies) {
      const storage = memoryStorage();
      const client = await openClient(
        meddling(serve(await testRegistry()), submission, async (honest) => {
          const { recordId } = (await (await honest()).json()) as { recordId: string };
          return json(202, JSON.stringify({ recordId, ...lie }));
        }),
        { storage },
      );
      await expect(client.publish(first, { init: true })).rejects.toMatchObject({ name: 'ClientError' });
    }
  });
});
