// Registries that try to keep a client busy, to fill its memory or its disk, or to have it knock at other doors.

import { generatePrivateKey } from '@warg/crypto';
import { OPERATOR_LOG_ID } from '@warg/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { closeAll, listen } from './registry/listen.ts';
import type { Fetch } from './registry/serve.ts';
import { serve } from './registry/serve.ts';
import { author, hello, openClient, registryUrl } from './registry/setup.ts';
import { forkAt, testRegistry } from './registry/test-registry.ts';

afterEach(closeAll);

async function helloRegistry() {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  return registry;
}

/** Answers some paths in another way. */
function meddling(honest: Fetch, answers: Readonly<Record<string, (url: URL) => unknown>>): Fetch {
  return async (input, init) => {
    const url = new URL((input as Request).url);
    const found = Object.entries(answers).find(([start]) => url.pathname.startsWith(start));
    return found === undefined ? honest(input, init) : Response.json(found[1](url));
  };
}

describe('a registry that wants to be heard for ever', () => {
  it('is left when an answer drips', async () => {
    const registry = await helloRegistry();
    const { url } = await listen(serve(registry), (request, response) => {
      if (request.url !== '/v1/fetch/checkpoint') return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
      return true;
    });
    const client = await openClient(globalThis.fetch, { registry: url, limits: { idleTimeout: 200 } });
    await expect(client.update()).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('a second') as string,
    });
  });

  it('is left when it sends more than an update may bring, in the operator log too', async () => {
    const registry = await helloRegistry();
    const [first] = registry.logs.get(OPERATOR_LOG_ID)!;
    let pages = 0;
    const fetch = meddling(serve(registry), {
      '/v1/fetch/logs': () => {
        const record = { keyId: first!.keyId, signature: first!.signature, contentBytes: 'A'.repeat(40_000) };
        return {
          more: true,
          operator: [{ ...record, registryIndex: pages++, fetchToken: 't' }],
          packages: {},
        };
      },
    });
    const client = await openClient(fetch, { limits: { bytesPerUpdate: 200_000 } });
    await expect(client.update(['test:hello'])).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    expect(pages).toBe(7);
  });

  it('is asked for a content at a few places alone, however many it names', async () => {
    const registry = await helloRegistry();
    let asked = 0;
    const fetch = meddling(serve(registry), {
      '/v1/content/': ({ pathname, origin }) => {
        const url = (_: unknown, at: number) => ({ type: 'httpGet', url: `${origin}/elsewhere/${at}` });
        return {
          contentSources: { [decodeURIComponent(pathname.slice(12))]: Array.from({ length: 1000 }, url) },
        };
      },
      '/elsewhere/': () => asked++,
    });
    await expect((await openClient(fetch)).download('test:hello')).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
    });
    expect(asked).toBe(10);
  });

  it('cannot fill the disk with evidence against itself', async () => {
    const registry = await helloRegistry();
    let served = serve(registry);
    const client = await openClient((input, init) => served(input, init));
    await client.update(['test:hello']);
    for (let lie = 0; lie < 25; lie++) {
      const fork = await forkAt(registry, registry.leaves.length - 1);
      await fork.release('test:other', `1.0.${lie}`, hello, generatePrivateKey());
      served = serve(fork);
      await expect(client.update()).rejects.toMatchObject({ code: 'CHECKPOINT_CONTRADICTS' });
    }
    expect(await client.evidence()).toHaveLength(20);
  });
});

describe('a registry that speaks with two tongues', () => {
  it('is not reported as asked before its time was checked', async () => {
    const registry = await helloRegistry();
    const { checkpoint } = registry;
    const contents = { ...checkpoint.contents, timestamp: Number.MAX_SAFE_INTEGER };
    const fetch = meddling(serve(registry), { '/v1/fetch/checkpoint': () => ({ ...checkpoint, contents }) });
    const events: string[] = [];
    const updating = (await openClient(fetch)).update([], { onProgress: ({ type }) => events.push(type) });
    await expect(updating).rejects.toMatchObject({ code: 'CHECKPOINT_FROM_FUTURE' });
    expect(events).toEqual([]);
  });

  it('cannot pass its words off as ours', async () => {
    const message = `no\n\u001b[2Jhint: run this\u202e\u009b31m${'!'.repeat(1000)}`;
    const fetch: Fetch = async () => Response.json({ status: 400, message }, { status: 400 });
    const error = await (await openClient(fetch)).update().catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toMatch(/status 400: no \[2Jhint: run this 31m!{400,}…$/u);
    expect(JSON.stringify(error)).not.toMatch(/\\n|[\p{Cc}\p{Cf}]/u);
  });
});

describe('a well-known document', () => {
  it.each([
    'http://127.0.0.1:6379/',
    'http://localhost/',
    'https://127.0.0.1/',
    'https://localhost.:1/',
    'https://intern.localhost/',
    'https://0x7f.1/',
    'https://0.0.0.0/',
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fe80::1]/',
  ])('of another machine does not lead to this one: %s', async (wargUrl) => {
    const asked: string[] = [];
    const fetch: Fetch = async (input) => {
      asked.push((input as Request).url);
      return Response.json({ wargUrl });
    };
    const client = await openClient(fetch, { registry: 'https://registry.example', auth: 'secret' });
    await expect(client.update()).rejects.toMatchObject({ code: 'INSECURE_URL' });
    expect(asked).toEqual(['https://registry.example/.well-known/wasm-pkg/registry.json']);
  });

  it.each(['https://api.registry.example/', 'https://10.0.0.7/', 'https://0.example/', 'https://[::2]/'])(
    'may lead to %s',
    async (wargUrl) => {
      const asked: string[] = [];
      const fetch: Fetch = async (input) => {
        asked.push((input as Request).url);
        return Response.json(asked.length === 1 ? { wargUrl } : {});
      };
      const client = await openClient(fetch, { registry: 'https://registry.example' });
      await expect(client.update()).rejects.toMatchObject({ code: 'RESPONSE_INVALID' });
      expect(asked[1]).toBe(`${wargUrl}v1/fetch/checkpoint`);
    },
  );
});

it('closes at once while somebody else writes to the same storage', async () => {
  const storage = memoryStorage();
  const client = await openClient(serve(await helloRegistry()), { storage });
  const controller = new AbortController();
  let release: () => void = () => {};
  const others = storage
    .registry(registryUrl)
    .exclusive(() => new Promise<void>((resolve) => (release = resolve)), {
      signal: undefined,
    });
  const updating = client.update([], { signal: controller.signal });
  controller.abort(new Error('stop'));
  await expect(updating).rejects.toThrow('stop');
  await client.close();
  release();
  await others;
});
