// Over real sockets, by fetch and by node:http: redirects, tokens, sizes, times and retries.

import { encodeUtf8 } from '@warg/crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeExchange } from '../src/node.ts';
import type { OpenOptions } from '../src/options.ts';
import { closeAll, closeLast, listen } from './registry/listen.ts';
import type { Fetch } from './registry/serve.ts';
import { helloFetch, open as openClient, redirect } from './registry/sockets.ts';

afterEach(() => vi.unstubAllGlobals());
afterEach(closeAll);

/** As in browsers that cannot send a body that is not there yet. */
class RequestWithoutStreams extends Request {
  constructor(input: Request | URL | string, init?: RequestInit) {
    super(input, init?.body instanceof ReadableStream ? { ...init, body: String(init.body) } : init);
  }
}

const ways: readonly (readonly [string, Partial<OpenOptions>])[] = [
  ['fetch', {}],
  ['node:http', { exchange: nodeExchange() }],
];

describe.each(ways)('by %s,', (_name, way) => {
  const open = (url: string, options: Partial<OpenOptions> = {}) => openClient(url, { ...way, ...options });

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

    it('that is missing is asked for in one sentence', async () => {
      const server = await listen(await helloFetch(), (request, response) => {
        if (request.url !== '/v1/fetch/checkpoint') return false;
        response.writeHead(401, {
          'content-type': 'application/json',
          'www-authenticate': 'Bearer realm="warg"',
        });
        response.end('{"status":401,"message":"this needs a token: send it as `Authorization: Bearer …`"}');
        return true;
      });
      await expect((await open(server.url)).update()).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        message: 'the registry needs a token for the checkpoint, and none was given',
        details: {
          status: 401,
          token: 'missing',
          reason: expect.stringContaining('this needs a token') as string,
        },
      });
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
      [
        'of a GET to a neighbour',
        302,
        '/v1/fetch/checkpoint',
        (self) => `${self}/moved/checkpoint`,
        undefined,
      ],
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

    it('to a place that speaks plain http, by https, says so', async () => {
      const server = await listen(await helloFetch());
      const url = server.url.replace('http:', 'https:');
      await expect((await open(url, { limits })).update()).rejects.toMatchObject({
        code: 'NETWORK_FAILED',
        message: expect.stringMatching(/could not reach https:.*does not speak https/) as string,
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
      const client = await open(server.url, { limits: { ...limits, retries: 0, slowestRate: 2 ** 30 } });
      const content = new Uint8Array(8_000_000);
      await expect(
        client.publish(
          { name: 'test:new', entries: [{ type: 'release', version: '1.0.0', content }] },
          { init: true },
        ),
      ).rejects.toMatchObject({ code: 'TIMEOUT' });
    });

    // In the Firefoxes and Safaris there are, a body goes as a whole.
    it.each(['in pieces', 'as a whole'])(
      'gets an upload %s, and then takes its time: is waited for',
      async (how) => {
        if (how === 'as a whole') vi.stubGlobal('Request', RequestWithoutStreams);
        let uploads = 0;
        const fetch = await helloFetch();
        const slowly =
          (time: number): Fetch =>
          async (request) => {
            if ((request as Request).url.includes('/content/')) {
              uploads++;
              await new Promise((resolve) => setTimeout(resolve, time));
            }
            return fetch(request);
          };
        const entries = [{ type: 'release', version: '1.0.0', content: new Uint8Array(200_000) }] as const;
        const strict = { ...limits, idleTimeout: 100, slowestRate: 2 ** 30 };
        const patient = await open((await listen(slowly(600))).url, { limits: strict });
        await patient.publish({ name: 'test:new', entries }, { init: true });
        expect(uploads).toBe(1);

        const { url } = await listen(slowly(20_000));
        const hasty = await open(url, { limits: { ...strict, settleTimeout: 100, retries: 0 } });
        await expect(
          hasty.publish(
            { name: 'test:newer', entries: [{ ...entries[0], content: encodeUtf8('new') }] },
            { init: true },
          ),
        ).rejects.toMatchObject({ code: 'TIMEOUT' });
      },
    );

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
});
