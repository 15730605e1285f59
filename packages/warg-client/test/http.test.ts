// Over real sockets: redirects, tokens, sizes, times and retries.

import type { ServerResponse } from 'node:http';
import { encodeUtf8 } from '@warg/crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { WargClient } from '../src/client.ts';
import type { OpenOptions } from '../src/options.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { closeAll, closeLast, listen } from './registry/listen.ts';
import { type Fetch, serve } from './registry/serve.ts';
import { author, hello } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

afterEach(closeAll);

const open = (registry: string, options: Partial<OpenOptions> = {}) =>
  WargClient.open({ registry, storage: memoryStorage(), signer: author, ...options });

async function helloFetch(): Promise<Fetch> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  return serve(registry);
}

function redirect(response: ServerResponse, status: number, location: string): true {
  response.writeHead(status, { location }).end();
  return true;
}

describe('a token', () => {
  it('goes to the registry and to nobody else', async () => {
    const server = await listen(await helloFetch());
    const client = await open(server.url, { auth: 'secret' });
    await client.download('test:hello');
    await client.publish(
      { name: 'test:new', entries: [{ type: 'release', version: '1.0.0', content: encodeUtf8('new') }] },
      { init: true },
    );
    const withToken = server.requests.filter(({ headers }) => headers.authorization !== undefined);
    expect(new Set(withToken.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer secret']),
    );
    const lines = (list: typeof withToken) =>
      [...new Set(list.map(({ line }) => line.replace(/sha256.[0-9a-f]{64}/g, 'D')))].sort();
    expect(lines(withToken)).toEqual([
      'GET /v1/content/D',
      'GET /v1/fetch/checkpoint',
      'GET /v1/package/D/record/D',
      'POST /v1/fetch/logs',
      'POST /v1/package/D/record',
      'POST /v1/proof/absence',
      'POST /v1/proof/consistency',
      'POST /v1/proof/inclusion',
    ]);
    expect(lines(server.requests.filter(({ headers }) => headers.authorization === undefined))).toEqual([
      'GET /.well-known/warg/registry.json',
      'GET /.well-known/wasm-pkg/registry.json',
      'GET /content/D',
      'POST /v1/package/D/record/D/content/D',
    ]);
  });

  it('does not follow a redirect to another place', async () => {
    const other = await listen(await helloFetch());
    const server = await listen(await helloFetch(), (request, response) =>
      request.url === '/v1/fetch/checkpoint'
        ? redirect(response, 302, `${other.url}/v1/fetch/checkpoint`)
        : undefined,
    );
    const client = await open(server.url, { auth: async () => 'secret' });
    await client.update(['test:hello']).catch(() => {});
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('is asked for once, when it is needed', async () => {
    const server = await listen(await helloFetch());
    let asked = 0;
    const client = await open(server.url, {
      auth: () => {
        asked++;
        return undefined;
      },
    });
    expect(asked).toBe(0);
    await client.update(['test:hello']);
    expect(asked).toBe(1);
  });
});

describe('a redirect', () => {
  const cases: readonly [string, number, string, (self: string) => string, string | undefined][] = [
    ['of a GET to a neighbour', 302, '/v1/fetch/checkpoint', (self) => `${self}/moved/checkpoint`, undefined],
    ['of a GET, relative', 308, '/v1/fetch/checkpoint', () => '/moved/checkpoint', undefined],
    ['of a POST to a neighbour, to be repeated', 308, '/v1/fetch/logs', () => '/moved/logs', undefined],
    ['of a POST that would become a GET', 302, '/v1/fetch/logs', () => '/moved/logs', 'REDIRECT_REFUSED'],
    [
      'of a POST elsewhere',
      307,
      '/v1/fetch/logs',
      () => 'https://elsewhere.example/logs',
      'REDIRECT_REFUSED',
    ],
    [
      'to plain http',
      302,
      '/v1/fetch/checkpoint',
      () => 'http://elsewhere.example/checkpoint',
      'INSECURE_URL',
    ],
    ['to a file', 302, '/v1/fetch/checkpoint', () => 'file:///etc/passwd', 'RESPONSE_INVALID'],
    ['to itself', 302, '/v1/fetch/checkpoint', (self) => `${self}/v1/fetch/checkpoint`, 'REDIRECT_REFUSED'],
    ['to nowhere', 302, '/v1/fetch/checkpoint', () => '', 'REDIRECT_REFUSED'],
  ];
  it.each(cases)('%s', async (_name, status, path, to, code) => {
    const fetch = await helloFetch();
    const server = await listen(
      (input) => {
        const request = input as Request;
        return fetch(
          new Request(
            request.url.replace('/moved/', '/v1/fetch/'),
            request.method === 'GET'
              ? {}
              : ({ method: 'POST', body: request.body, duplex: 'half' } as RequestInit),
          ),
        );
      },
      (request, response) => {
        if (request.url !== path) return false;
        const location = to(`http://${request.headers.host}`);
        if (location !== '') return redirect(response, status, location);
        response.writeHead(status).end();
        return true;
      },
    );
    const client = await open(server.url);
    const updating = client.update(['test:hello']);
    if (code === undefined) expect((await updating).packages).toHaveLength(1);
    else await expect(updating).rejects.toMatchObject({ name: 'ClientError', code });
  });
});

describe('discovery', () => {
  const documents: readonly [string, string, (url: string) => unknown][] = [
    ['the flat form', 'wasm-pkg', (url) => ({ wargUrl: url })],
    ['the nested form', 'wasm-pkg', (url) => ({ preferredProtocol: 'warg', warg: { url } })],
    [
      'the older place',
      'warg',
      (url) => ({ ociRegistry: 'ghcr.io', ociNamespacePrefix: 'x/', wargUrl: url }),
    ],
  ];
  it.each(documents)('reads %s', async (_name, place, make) => {
    const api = await listen(await helloFetch());
    const domain = await listen(
      async () => new Response('', { status: 404 }),
      (request, response) => {
        if (request.url !== `/.well-known/${place}/registry.json`) return false;
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(make(api.url)));
        return true;
      },
    );
    const client = await open(domain.url);
    const info = await client.package('test:hello');
    expect(info.registry).toBe(domain.url);
    expect(api.requests.map(({ line }) => line)).toContain('GET /v1/fetch/checkpoint');
    expect(domain.requests.every(({ line }) => line.includes('.well-known'))).toBe(true);
    await client.package('test:hello');
    // Once for each client.
    expect(domain.requests.length).toBeLessThanOrEqual(2);
  });

  const bad: readonly [string, number, string, string][] = [
    ['of no JSON', 200, '<html>', 'DISCOVERY_FAILED'],
    ['of other JSON', 200, '[]', 'DISCOVERY_FAILED'],
    ['of a server in trouble', 500, '{}', 'DISCOVERY_FAILED'],
    ['that is too long', 200, ' '.repeat(70_000), 'RESPONSE_TOO_LARGE'],
    ['for OCI alone', 200, '{"ociRegistry":"ghcr.io"}', 'REGISTRY_NOT_WARG'],
    [
      'for another protocol',
      200,
      '{"preferredProtocol":"oci","oci":{"registry":"ghcr.io"}}',
      'REGISTRY_NOT_WARG',
    ],
    ['that leads to plain http', 200, '{"wargUrl":"http://registry.example"}', 'INSECURE_URL'],
    ['that leads to no URL', 200, '{"wargUrl":"ftp://registry.example"}', 'RESPONSE_INVALID'],
  ];
  it.each(bad)('refuses a document %s', async (_name, status, body, code) => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (!request.url?.includes('wasm-pkg')) return false;
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      return true;
    });
    await expect((await open(server.url)).update()).rejects.toMatchObject({ name: 'ClientError', code });
  });

  it('takes a registry whose document says no more than warg', async () => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (!request.url?.includes('wasm-pkg')) return false;
      response.writeHead(200).end('{"preferredProtocol":"warg"}');
      return true;
    });
    expect((await (await open(server.url)).package('test:hello')).records).toBe(1);
  });
});

describe('an address', () => {
  it.each([
    ['registry.example', 'https://registry.example'],
    ['registry.example:8443/', 'https://registry.example:8443'],
    ['https://Registry.Example/warg/', 'https://registry.example/warg'],
    ['http://localhost:8090', 'http://localhost:8090'],
    ['http://127.1.2.3', 'http://127.1.2.3'],
    ['http://[::1]:90/', 'http://[::1]:90'],
  ])('%s is kept as %s', async (text, name) => {
    expect((await open(text)).registry).toBe(name);
  });

  it.each([
    ['', 'INVALID_REGISTRY'],
    ['https://', 'INVALID_REGISTRY'],
    ['a b', 'INVALID_REGISTRY'],
    ['https://user:secret@registry.example', 'INVALID_REGISTRY'],
    ['https://registry.example?x=1', 'INVALID_REGISTRY'],
    ['http://registry.example', 'INSECURE_URL'],
    ['ftp://registry.example', 'INSECURE_URL'],
    ['http://10.0.0.1', 'INSECURE_URL'],
  ])('%s is refused', async (text, code) => {
    const error: unknown = await open(text).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ClientError', code });
    expect(String(error)).not.toContain('secret');
  });
});

describe('a registry on this machine', () => {
  it('must not be pointed to from elsewhere', async () => {
    const fetch = await helloFetch();
    const remote: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      const response = await fetch(request);
      if (!new URL(request.url).pathname.startsWith('/v1/content/')) return response;
      const text = (await response.text()).replaceAll('https://registry.example', 'http://127.0.0.1:9');
      return new Response(text, { headers: { 'content-type': 'application/json' } });
    };
    const client = await open('registry.example', { fetch: remote });
    await expect(client.download('test:hello')).rejects.toMatchObject({ code: 'INSECURE_URL' });
  });
});

describe('a slow or broken connection', () => {
  const limits = { retries: 1, requestTimeout: 300, idleTimeout: 300 };

  it('that does not answer times out', async () => {
    const server = await listen(await helloFetch(), (request) => request.url === '/v1/fetch/checkpoint');
    await expect((await open(server.url, { limits })).update()).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(server.requests.filter(({ line }) => line.endsWith('checkpoint'))).toHaveLength(2);
  });

  it('that stops in the middle of an answer times out', async () => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (request.url !== '/v1/fetch/checkpoint') return false;
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"contents":');
      return true;
    });
    await expect((await open(server.url, { limits })).update()).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('that breaks in the middle of an answer is said to be broken', async () => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (request.url !== '/v1/fetch/checkpoint') return false;
      response
        .writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' })
        .write('{"contents":');
      setImmediate(() => request.socket.destroy());
      return true;
    });
    await expect((await open(server.url, { limits })).update()).rejects.toMatchObject({
      code: 'NETWORK_FAILED',
    });
  });

  it('to nobody says so', async () => {
    const server = await listen(await helloFetch());
    await closeLast();
    await expect((await open(server.url, { limits })).update()).rejects.toMatchObject({
      code: 'NETWORK_FAILED',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('is tried again where that is safe, after 429, 502, 503 and 504, and after a break', async () => {
    const failures = [429, 502, 503, 504, 0];
    for (const failure of failures) {
      const seen = new Set<string>();
      const server = await listen(await helloFetch(), (request, response) => {
        const line = `${request.method} ${request.url}`;
        if (seen.has(line) || request.url?.includes('.well-known')) return false;
        seen.add(line);
        if (failure === 0) request.socket.destroy();
        else response.writeHead(failure, { 'retry-after': '0' }).end('busy');
        return true;
      });
      const client = await open(server.url, { limits: { ...limits, requestTimeout: 5000 } });
      expect((await client.update(['test:hello', 'test:none'])).packages).toHaveLength(1);
    }
  });

  it('gives the last answer when trying again does not help', async () => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (request.url !== '/v1/fetch/checkpoint') return false;
      response
        .writeHead(503, { 'content-type': 'application/json', 'retry-after': '0' })
        .end('{"status":503,"message":"closed today"}');
      return true;
    });
    const client = await open(server.url, { limits });
    await expect(client.update()).rejects.toMatchObject({
      code: 'REGISTRY_FAILED',
      details: { status: 503, reason: expect.stringContaining('closed today') as string },
    });
  });

  it('is cancelled at once', async () => {
    const server = await listen(await helloFetch(), (request) => request.url === '/v1/fetch/checkpoint');
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect((await open(server.url)).update([], { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
  });

  it('stalls during an upload: times out', async () => {
    const server = await listen(
      await helloFetch(),
      (request) => request.method === 'POST' && request.url?.includes('/content/'),
    );
    const client = await open(server.url, { limits: { ...limits, retries: 0 } });
    const content = new Uint8Array(8_000_000);
    await expect(
      client.publish(
        { name: 'test:new', entries: [{ type: 'release', version: '1.0.0', content }] },
        { init: true },
      ),
    ).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('is answered early during an upload: the answer counts', async () => {
    const server = await listen(await helloFetch(), (request, response) => {
      if (request.method !== 'POST' || !request.url?.includes('/content/')) return false;
      response
        .writeHead(422, { 'content-type': 'application/json', connection: 'close' })
        .end('{"status":422,"message":"too large"}');
      return true;
    });
    const client = await open(server.url);
    const content = new Uint8Array(100_000);
    await expect(
      client.publish(
        { name: 'test:new', entries: [{ type: 'release', version: '1.0.0', content }] },
        { init: true },
      ),
    ).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
      message: expect.stringContaining('too large') as string,
    });
  });
});
