// One log at one checkpoint in one answer: what it saves, when it is asked for, and what stays as it was.

import { generatePrivateKey } from '@warg/crypto';
import { OPERATOR_LOG_ID, packageLogId, parsePackageName, signCheckpoint } from '@warg/protocol';
import { apiError, encodeApiError } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../src/options.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { split } from './registry/seen.ts';
import { type Fetch, json, serve } from './registry/serve.ts';
import { author, contentsOf, counting, hello, openClient } from './registry/setup.ts';
import { type TestRegistry, testRegistry } from './registry/test-registry.ts';

const logIdOf = (name: string) => packageLogId(parsePackageName(name));

async function helloAndOther(): Promise<TestRegistry> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  await registry.release('test:other', '1.0.0', hello, author);
  return registry;
}

/** The calls of the API, where it is found and contents left out. */
function asked(calls: string[]): string[] {
  const found = calls.filter((call) => /v1\/(fetch|proof|proved)/.test(call));
  calls.length = 0;
  return found;
}

describe('where the registry offers a log with its proofs', () => {
  it('the first download of a package takes two questions in place of three', async () => {
    const registry = await helloAndOther();
    const stored: Record<string, string>[] = [];
    for (const proved of [false, true]) {
      const { fetch, calls } = counting(serve(registry, { proved }));
      const storage = memoryStorage();
      const client = await openClient(fetch, { storage });
      const result = await client.download('test:hello');
      expect(await result.bytes()).toEqual(hello);
      expect(asked(calls)).toEqual(
        proved
          ? ['GET v1/fetch/checkpoint', `GET v1/proved/${logIdOf('test:hello')}@${registry.leaves.length}`]
          : ['GET v1/fetch/checkpoint', 'POST v1/fetch/logs', 'POST v1/proof/inclusion'],
      );
      stored.push(await contentsOf(storage));
    }
    // Believed and kept is the same, to the byte.
    expect(stored[1]).toEqual(stored[0]);
  });

  it('what is known is not sent again, and the URL says so', async () => {
    const registry = await helloAndOther();
    const urls: string[] = [];
    const fetch: Fetch = (input, init) => {
      const request = new Request(input as Request, init);
      const { pathname, search } = new URL(request.url);
      if (pathname.startsWith('/v1/proved/')) urls.push(decodeURIComponent(pathname + search));
      return serve(registry, { proved: true })(request);
    };
    const client = await openClient(fetch);
    await client.package('test:hello');
    await client.package('test:other');
    await registry.release('test:hello', '1.1.0', hello, author);
    expect((await client.package('test:hello')).releases).toHaveLength(2);
    const operator = `operator=${registry.logs.get(OPERATOR_LOG_ID)!.at(-1)!.fetchToken}`;
    const after = `after=${registry.logs.get(logIdOf('test:hello'))![0]!.fetchToken}`;
    const length = registry.leaves.length;
    expect(urls).toEqual([
      `/v1/proved/${logIdOf('test:hello')}@${length - 1}`,
      `/v1/proved/${logIdOf('test:other')}@${length - 1}?${operator}`,
      `/v1/proved/${logIdOf('test:hello')}@${length}?${after}&${operator}`,
    ]);
  });

  it('a registry that grew is still asked how, and an unchanged one nothing more', async () => {
    const registry = await helloAndOther();
    const { fetch, calls } = counting(serve(registry, { proved: true }));
    const client = await openClient(fetch);
    await client.update(['test:hello']);
    asked(calls);
    await client.update(['test:hello']);
    expect(asked(calls)).toEqual(['GET v1/fetch/checkpoint']);
    await registry.release('test:other', '1.1.0', hello, author);
    expect((await client.update(['test:hello'])).packages).toMatchObject([{ newRecords: 0 }]);
    expect(asked(calls).slice(1)).toEqual([
      `GET v1/proved/${logIdOf('test:hello')}@${registry.leaves.length}`,
      'POST v1/proof/consistency',
    ]);
  });

  it('the operator log alone is asked for in the same way', async () => {
    const registry = await helloAndOther();
    const { fetch, calls } = counting(serve(registry, { proved: true }));
    const client = await openClient(fetch);
    expect((await client.operator({ refresh: true }))?.records).toBe(1);
    expect(asked(calls).slice(1)).toEqual([`GET v1/proved/${OPERATOR_LOG_ID}@${registry.leaves.length}`]);
  });

  it('many packages are asked for together, as ever', async () => {
    const registry = await helloAndOther();
    const { fetch, calls } = counting(serve(registry, { proved: true }));
    await (await openClient(fetch)).update(['test:hello', 'test:other']);
    expect(asked(calls).slice(1)).toEqual(['POST v1/fetch/logs', 'POST v1/proof/inclusion']);
  });

  it('a package that is not there is proved absent', async () => {
    const registry = await helloAndOther();
    const { fetch, calls } = counting(serve(registry, { proved: true }));
    const { absent } = await (await openClient(fetch)).update(['test:none']);
    expect(absent).toMatchObject([{ name: 'test:none', absence: 'proved' }]);
    const length = registry.leaves.length;
    expect(asked(calls).slice(1)).toEqual([
      `GET v1/proved/${logIdOf('test:none')}@${length}`,
      `GET v1/proved/${OPERATOR_LOG_ID}@${length}`,
      'POST v1/proof/absence',
    ]);
  });

  it('a long log is read page after page', async () => {
    const registry = await testRegistry();
    for (let n = 0; n < 25; n++) await registry.release('test:hello', `1.${n}.0`, hello, author);
    const { fetch, calls } = counting(serve(registry, { proved: true, pageSize: 4 }));
    const events: ProgressEvent[] = [];
    const info = await (await openClient(fetch)).package('test:hello', {
      onProgress: (event) => events.push(event),
    });
    expect(info.releases).toHaveLength(25);
    expect(asked(calls)).toHaveLength(1 + 7);
    expect(events.filter(({ type }) => type === 'records')).toHaveLength(7);
  });

  it('tokens that it does not know any more make the client read the log again', async () => {
    const registry = await helloAndOther();
    const storage = memoryStorage();
    await (await openClient(serve(registry, { proved: true }), { storage })).update(['test:hello']);
    await registry.release('test:hello', '1.1.0', hello, author);
    const honest = serve(registry, { proved: true });
    const unknown: string[] = [];
    const fetch: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      const { searchParams } = new URL(request.url);
      const token = searchParams.get('operator') ?? searchParams.get('after');
      if (token === null) return honest(request);
      unknown.push(token);
      return json(404, JSON.stringify({ status: 404, type: 'fetchToken', id: token }));
    };
    const result = await (await openClient(fetch, { storage })).update(['test:hello']);
    expect(result.packages).toMatchObject([{ records: 2, newRecords: 1 }]);
    expect(unknown).toHaveLength(2);
  });
});

describe('where it does not', () => {
  it('nothing is tried', async () => {
    const { fetch, calls } = counting(serve(await helloAndOther()));
    const client = await openClient(fetch);
    await client.package('test:hello');
    expect(asked(calls)).toEqual([
      'GET v1/fetch/checkpoint',
      'POST v1/fetch/logs',
      'POST v1/proof/inclusion',
    ]);
  });

  it.each([
    ['404', () => json(404, encodeApiError(apiError(404, 'not found')).body)],
    ['404 of another program', () => new Response('<h1>Not found</h1>', { status: 404 })],
    ['404 without a word', () => new Response(null, { status: 404 })],
    ['405', () => new Response('', { status: 405 })],
    ['403', () => new Response('no @ here', { status: 403 })],
    ['501', () => json(501, '{"status":501,"message":"not here"}')],
  ])('in truth, and says so with %s, it is tried once', async (_, answer) => {
    const registry = await helloAndOther();
    const honest = serve(registry, { proved: true });
    const { fetch, calls } = counting(async (input, init) => {
      const request = new Request(input as Request, init);
      return new URL(request.url).pathname.startsWith('/v1/proved/') ? answer() : honest(request);
    });
    const client = await openClient(fetch);
    await client.package('test:hello');
    expect(asked(calls)).toEqual([
      'GET v1/fetch/checkpoint',
      `GET v1/proved/${logIdOf('test:hello')}@${registry.leaves.length}`,
      'POST v1/fetch/logs',
      'POST v1/proof/inclusion',
    ]);
    await client.package('test:other');
    expect(asked(calls)).toEqual([
      'GET v1/fetch/checkpoint',
      'POST v1/fetch/logs',
      'POST v1/proof/inclusion',
    ]);
  });
});

describe('the checkpoint beside the log', () => {
  async function answeredWith(change: (registry: TestRegistry) => Promise<void> | void, more = {}) {
    const registry = await helloAndOther();
    const storage = memoryStorage();
    const honest = serve(registry, { proved: true });
    const fetch: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      if (new URL(request.url).pathname.startsWith('/v1/proved/')) await change(registry);
      return honest(request);
    };
    const updating = (await openClient(fetch, { storage, ...more })).update(['test:hello']);
    return { updating, storage };
  }

  it('may have been signed again in the meantime', async () => {
    const { updating } = await answeredWith(async (registry) => {
      registry.now += 1000;
      await registry.sign();
    });
    expect((await updating).packages).toHaveLength(1);
  });

  it.each([
    [
      'of another length',
      'RESPONSE_INVALID',
      async (registry: TestRegistry) => registry.release('test:other', '2.0.0', hello, author),
    ],
    [
      'of another state',
      'CHECKPOINT_CONTRADICTS',
      (registry: TestRegistry) => {
        const { contents } = registry.checkpoint;
        const changed = { ...contents, mapRoot: contents.logRoot };
        registry.checkpoint = signCheckpoint(changed, registry.operatorKey);
      },
    ],
    [
      'that another key signed',
      'CHECKPOINT_SIGNER_REFUSED',
      async (registry: TestRegistry) => void (await registry.sign(generatePrivateKey())),
    ],
  ])('%s is refused', async (_, code, change) => {
    const { updating, storage } = await answeredWith(change);
    await expect(updating).rejects.toMatchObject({ name: 'ClientError', code });
    // What is left is evidence, where there is some.
    const { state, evidence } = split(await contentsOf(storage));
    expect(state).toEqual([]);
    expect(evidence).toHaveLength(code === 'CHECKPOINT_CONTRADICTS' ? 1 : 0);
  });
});
