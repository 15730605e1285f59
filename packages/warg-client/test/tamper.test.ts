// A registry that lies in one answer at a time, in every way that test/registry/mutations.ts knows. Whatever it
// says: the client fails with an error of its own and stores nothing, or it believes exactly what the honest
// registry would have made it believe.

import { WargError } from '@warg/crypto';
import { contentWithdrawn, encodeApiError } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import type { WargClient } from '../src/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { ClientStorage } from '../src/storage/storage.ts';
import { answerOf, type Mutation, mutationsOf } from './registry/mutations.ts';
import { type Fetch, type ServeOptions, serve } from './registry/serve.ts';
import { author, contentsOf, hello, openClient, registryUrl } from './registry/setup.ts';
import { type TestRegistry, testRegistry } from './registry/test-registry.ts';

const limits = { retries: 0, logsBytes: 4 << 20, proofBytes: 4 << 20, jsonBytes: 2 << 20 };

interface Scene {
  readonly registry: TestRegistry;
  /** A storage that has seen the registry some records ago. */
  readonly storage: () => Promise<ClientStorage>;
}

async function scene(): Promise<Scene> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  const first = memoryStorage();
  await (await openClient(serve(registry), { storage: first })).update(['test:hello']);
  const before = await first.registry(registryUrl).snapshot();
  await registry.release('test:other', '1.0.0', hello, author);
  await registry.release('test:hello', '1.1.0', hello, author);
  await registry.appendOperator([{ type: 'defineNamespace', namespace: 'more' }], registry.operatorKey);
  await registry.sign();
  return {
    registry,
    async storage() {
      const copy = memoryStorage();
      const documents = copy.registry(registryUrl);
      const changes = new Map<string, Uint8Array>();
      for (const key of before.keys()) changes.set(key, (await before.read(key))!);
      await documents.commit(await documents.snapshot(), changes);
      return copy;
    },
  };
}

/** Answers one path with what `lie` makes of it. */
function lying(fetch: Fetch, path: RegExp, lie: (honest: Response) => Response | Promise<Response>): Fetch {
  return async (input, init) => {
    const request = new Request(input as Request, init);
    const honest = await fetch(request);
    return path.test(new URL(request.url).pathname) ? lie(honest) : honest;
  };
}

async function honestAnswer(
  fetch: Fetch,
  path: RegExp,
  ask: (fetch: Fetch) => Promise<unknown>,
): Promise<string> {
  let text = '';
  const listening = lying(fetch, path, async (response) => {
    text ||= await response.clone().text();
    return response;
  });
  await ask(listening);
  return text;
}

/** What the client believes, without what nobody can prove: tokens, and where records before the head stand. */
function believed(contents: Record<string, string>): unknown {
  const documents = Object.entries(contents).map(([key, text]) => {
    const document = JSON.parse(text) as { records?: object[]; operator?: object[]; packages?: object[] };
    for (const list of [document.records, document.operator]) {
      list?.forEach((record, position) => {
        Object.assign(record, { fetchToken: '' });
        if (position < list.length - 1) Object.assign(record, { registryIndex: 0 });
      });
    }
    for (const listed of document.packages ?? []) Object.assign(listed, { fetchToken: '' });
    return [key, document];
  });
  return Object.fromEntries(documents);
}

async function tryAll(
  { registry, storage }: Scene,
  path: RegExp,
  ask: (client: WargClient) => Promise<unknown>,
  mutations: (honest: string) => Iterable<Mutation> = mutationsOf,
  options: ServeOptions = {},
): Promise<{ refused: number; harmless: string[] }> {
  const fetch = serve(registry, options);
  const honestStorage = await storage();
  const honest = await honestAnswer(fetch, path, async (listening) =>
    ask(await openClient(listening, { storage: honestStorage, limits })),
  );
  expect(honest, `no answer of ${path}`).not.toBe('');
  const right = believed(await contentsOf(honestStorage));
  let refused = 0;
  const harmless: string[] = [];
  for (const mutation of mutations(honest)) {
    const own = await storage();
    const before = await contentsOf(own);
    const client = await openClient(
      lying(fetch, path, () => answerOf(mutation)),
      { storage: own, limits },
    );
    const error: unknown = await ask(client).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    const after = await contentsOf(own);
    if (error === undefined) {
      expect(believed(after), `${path} believed: ${mutation.name}`).toEqual(right);
      harmless.push(mutation.name);
    } else {
      expect(error, `${path} failed without a type: ${mutation.name}`).toBeInstanceOf(WargError);
      expect((error as Error).name, mutation.name).toBe('ClientError');
      expect(after, `${path} was stored: ${mutation.name}`).toEqual(before);
      refused++;
    }
  }
  return { refused, harmless };
}

const update = (client: WargClient) => client.update(['test:hello', 'test:other', 'test:none']);

describe('a lie in', () => {
  it('the checkpoint is refused', async () => {
    const { refused, harmless } = await tryAll(await scene(), /checkpoint$/, update);
    expect(refused).toBeGreaterThan(200);
    expect(harmless).toEqual([]);
  });

  it('the logs is refused, but for tokens and warnings, which prove nothing', async () => {
    // `test:none` is asked for and left out, so that the answer with the logs is the first one.
    const { refused, harmless } = await tryAll(await scene(), /logs$/, (client) =>
      client.update(['test:hello', 'test:other']),
    );
    expect(refused).toBeGreaterThan(600);
    for (const name of harmless)
      expect(name).toMatch(/fetchToken|more: |more: dropped|registryIndex|renamed$/);
  });

  it.each([
    ['one package', /^\/v1\/proved\//, ['test:hello']],
    ['one that is new', /^\/v1\/proved\//, ['test:other']],
    ['the operator log', /^\/v1\/proved\//, []],
  ] as const)('the log of %s with its proofs is refused', async (_, path, names) => {
    const { refused, harmless } = await tryAll(
      await scene(),
      path,
      (client) => client.update(names),
      function* (honest) {
        for (const mutation of mutationsOf(honest)) {
          // Whoever says that there is no such call is asked in another way: see proved.test.ts.
          if (![400, 403, 404, 410, 501].includes(mutation.status ?? 0)) yield mutation;
        }
      },
      { proved: true },
    );
    expect(refused).toBeGreaterThan(names.length === 0 ? 500 : 900);
    for (const name of harmless)
      expect(name).toMatch(/fetchToken|more: |registryIndex|renamed$|inclusion\.map: /);
    expect(harmless.filter((name) => name.includes('inclusion')).length).toBeLessThan(20);
  });

  it('the proof of inclusion is refused', async () => {
    const { refused, harmless } = await tryAll(await scene(), /inclusion$/, update);
    expect(refused).toBeGreaterThan(400);
    // A proof may spell out an empty subtree or leave it out: it proves the same.
    for (const name of harmless) expect(name).toMatch(/^map: /);
    expect(harmless.length).toBeLessThan(10);
  });

  it('the proof of consistency is refused', async () => {
    const { refused, harmless } = await tryAll(await scene(), /consistency$/, update);
    expect(refused).toBeGreaterThan(200);
    expect(harmless).toEqual([]);
  });

  it('the proof of absence is refused, or leaves the absence unproved', async () => {
    const { refused, harmless } = await tryAll(
      await scene(),
      /absence$/,
      async (client) => {
        const { absent } = await update(client);
        expect(absent).toMatchObject([{ absence: 'proved' }]);
      },
      function* (honest) {
        for (const mutation of mutationsOf(honest)) {
          // A registry may say that it has no such proofs. That is no lie that the client believes: see update.test.ts.
          if (![404, 501].includes(mutation.status ?? 0)) yield mutation;
        }
      },
    );
    expect(refused).toBeGreaterThan(150);
    for (const name of harmless) expect(name).toMatch(/^map: /);
    expect(harmless.length).toBeLessThan(10);
  });
});

describe('content that', () => {
  async function download(path: RegExp, lie: (honest: Response) => Response | Promise<Response>) {
    const { registry, storage } = await scene();
    const own = await storage();
    const client = await openClient(lying(serve(registry), path, lie), {
      storage: own,
      limits: { ...limits, contentBytes: 1000, idleTimeout: 200 },
    });
    const result = client.download('test:hello', '1');
    const [digest] = registry.content.keys();
    return { result, cached: () => own.content.get(digest as never) };
  }

  const bad: readonly [string, string, (honest: Response) => Response][] = [
    ['is another', 'CONTENT_MISMATCH', () => new Response('hello, World')],
    ['is empty', 'CONTENT_MISMATCH', () => new Response('')],
    ['is cut off', 'CONTENT_MISMATCH', () => new Response('hello, worl')],
    ['goes on', 'CONTENT_MISMATCH', () => new Response('hello, world!')],
    ['is too large', 'CONTENT_TOO_LARGE', () => new Response('a'.repeat(1001))],
    [
      'says that it is too large',
      'CONTENT_TOO_LARGE',
      () => new Response('hello, world', { headers: { 'content-length': '1001' } }),
    ],
    ['is not there', 'CONTENT_UNAVAILABLE', () => new Response('hello, world', { status: 404 })],
    ['is withdrawn there', 'CONTENT_WITHDRAWN', () => new Response('order 7', { status: 451 })],
    ['is a part', 'CONTENT_UNAVAILABLE', () => new Response('hello, world', { status: 206 })],
    [
      'never ends',
      'TIMEOUT',
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode('hello')),
          }),
        ),
    ],
    [
      'breaks off',
      'NETWORK_FAILED',
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) })),
    ],
  ];
  it.each(bad)('%s is refused and not kept', async (_name, code, lie) => {
    const { result, cached } = await download(/^\/content\//, lie);
    await expect(result).rejects.toMatchObject({ name: 'ClientError', code });
    expect(await cached()).toBeUndefined();
  });

  it.each([
    [
      'says why',
      encodeApiError(contentWithdrawn(`sha256:${'00'.repeat(32)}` as never, 'order\u001b[31m 7')).body,
    ],
    ['says no more', JSON.stringify({ status: 451, message: 'order\u001b[31m 7' })],
  ])('that the registry withdrew is a code of its own, where it %s', async (_, body) => {
    const { result, cached } = await download(/^\/v1\/content\//, () => new Response(body, { status: 451 }));
    await expect(result).rejects.toMatchObject({
      code: 'CONTENT_WITHDRAWN',
      details: { reason: 'order [31m 7', status: 451 },
    });
    expect(await cached()).toBeUndefined();
  });

  it('has sources that cannot be, is not got from them', async () => {
    const { registry } = await scene();
    const answer = await honestAnswer(serve(registry), /^\/v1\/content\//, async (fetch) =>
      (await openClient(fetch)).download('test:hello'),
    );
    for (const mutation of mutationsOf(answer)) {
      const { result, cached } = await download(/^\/v1\/content\//, () => answerOf(mutation));
      const outcome: unknown = await result.then(
        (found) => found.bytes().then((bytes) => new TextDecoder().decode(bytes)),
        (error: unknown) => error,
      );
      if (outcome === 'hello, world') continue;
      expect(outcome, mutation.name).toMatchObject({ name: 'ClientError' });
      expect(await cached()).toBeUndefined();
    }
  });
});
