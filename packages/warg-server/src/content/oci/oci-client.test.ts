import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OciCredentials } from './docker-config.ts';
import { apiHost, type OciClient, ociClient } from './oci-client.ts';
import { ociContentStore } from './oci-content.ts';

/** What registries do that docker-registry does not: here they are played. */
type Answer = readonly [status: number, headers?: Record<string, string>, body?: string];

const password: OciCredentials = { type: 'password', username: 'user', password: 'word' };
const closed = new AbortController().signal;
const servers: Server[] = [];
let registry: string;
let storage: string;
let client: OciClient;
/** `METHOD url authorization range` of all that was asked. */
let asked: string[];
let answer: (request: IncomingMessage, at: 'registry' | 'storage') => Answer;

async function listen(at: 'registry' | 'storage'): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const { authorization = '-', range = '-' } = request.headers;
    asked.push(`${at} ${request.method} ${request.url} ${authorization} ${range}`);
    const [status, headers, body] = answer(request, at);
    response.writeHead(status, headers).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  asked = [];
  registry = await listen('registry');
  storage = await listen('storage');
  const host = new URL(registry).host;
  client = ociClient({ host, credentials: async () => password, idle: 10_000, closed });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const basic = 'Basic dXNlcjp3b3Jk';
const blob = () =>
  ({ method: 'GET', url: new URL('/blob', registry), headers: { range: 'bytes=0-1' } }) as const;

describe('ociClient', () => {
  it('takes https for other machines, and the real host of Docker Hub', () => {
    const originOf = (host: string) =>
      ociClient({ host: apiHost(host), credentials: async () => undefined, idle: 1, closed }).origin.origin;
    expect(originOf('registry.example:5000')).toBe('https://registry.example:5000');
    expect(originOf('docker.io')).toBe('https://registry-1.docker.io');
    expect(originOf('127.0.0.1.example')).toBe('https://127.0.0.1.example');
    expect(['localhost:5000', '127.0.0.1:5000', '[::1]:5000'].map(originOf)).toEqual([
      'http://localhost:5000',
      'http://127.0.0.1:5000',
      'http://[::1]:5000',
    ]);
  });

  it('says who it is once it is asked, and from then on', async () => {
    answer = ({ headers }) =>
      headers.authorization === basic ? [200] : [401, { 'www-authenticate': 'Basic' }];
    expect((await client.send('pull', blob())).status).toBe(200);
    expect((await client.send('pull', blob())).status).toBe(200);
    expect(asked).toEqual(['-', basic, basic].map((who) => `registry GET /blob ${who} bytes=0-1`));
  });

  it('follows a download to where blobs are stored, and takes no password there', async () => {
    answer = ({ headers }, at) => {
      if (at === 'storage') return [200, {}, 'content'];
      return headers.authorization === basic
        ? [307, { location: `${storage}/there?signed` }]
        : [401, { 'www-authenticate': 'Basic realm="r"' }];
    };
    expect(await (await client.send('pull', blob())).text()).toBe('content');
    expect(asked.at(-1)).toBe('storage GET /there?signed - bytes=0-1');
  });

  it('gives its password to no storage that asks for it', async () => {
    answer = (_, at) =>
      at === 'storage' ? [401, { 'www-authenticate': 'Basic' }] : [307, { location: `${storage}/there` }];
    expect((await client.send('pull', blob())).status).toBe(401);
    expect(asked.at(-1)).toBe('storage GET /there - bytes=0-1');
  });

  it.each([
    ['http://registry.example/x', 'expected an https URL'],
    ['ftp://127.0.0.1/x', 'expected an https URL'],
    ['https://', 'does not say where to go on'],
    ['/blob', 'too often'],
  ])('does not follow a download to %s', async (location, message) => {
    answer = () => [302, { location }];
    await expect(client.send('pull', blob())).rejects.toThrow(message);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('follows nothing but downloads', async () => {
    answer = () => [307, { location: `${storage}/there` }];
    const request = { method: 'PUT', url: new URL('/manifest', registry), body: new Uint8Array(1) } as const;
    expect((await client.send('push', request)).status).toBe(307);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['Bearer realm="http://registry.example/token"', 'expected an https URL'],
    ['Digest realm="x"', 'Basic or Bearer'],
  ])('tells nobody who it is when asked with %s', async (challenge, message) => {
    answer = () => [401, { 'www-authenticate': challenge }];
    await expect(client.send('pull', blob())).rejects.toThrow(message);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'token'],
    ['no token', '{"access":"x"}'],
    ['a token that is no header', '{"token":"a\\nb"}'],
  ])('refuses a realm that gives %s', async (_, body) => {
    answer = ({ url }) =>
      url === '/token' ? [200, {}, body] : [401, { 'www-authenticate': `Bearer realm="${registry}/token"` }];
    await expect(client.send('pull', blob())).rejects.toThrow('expected a token');
  });
});

describe('ociContentStore', () => {
  const open = () =>
    ociContentStore({
      host: new URL(registry).host,
      repository: 'packages',
      credentials: async () => undefined,
      patience: { tries: 1 },
    });
  const refusal = (code: string) => JSON.stringify({ errors: [{ code, message: 'secret' }] });

  it('takes it that there is nothing where a registry denies it', async () => {
    answer = ({ url }) => (url === '/v2/' ? [200] : [403, {}, refusal('DENIED')]);
    const store = await open();
    expect(await store.size(`sha256:${'0'.repeat(64)}` as never)).toBeUndefined();
    await store.close();
  });

  it.each([
    ['refuses', [403, {}, refusal('UNSUPPORTED')], /403 \(UNSUPPORTED\)/],
    ['fails', [500, {}, 'secret'], /500/],
    ['talks of something else', [200, {}, '"secret"'], /manifest/],
    ['says nothing of sizes', [200, {}, '{}'], /manifest/],
    ['never comes to an end', [200, {}, 'x'.repeat(100_000)], /at most 65536 bytes/],
  ] as [string, Answer, RegExp][])('does not take it so where the registry %s', async (_, played, reason) => {
    answer = ({ url }) => (url === '/v2/' ? [200] : played);
    const error = await open().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: 'CONTENT_STORE_UNAVAILABLE',
      cause: { message: expect.stringMatching(reason) },
    });
    expect(
      JSON.stringify([(error as Error).message, ((error as Error).cause as Error).message]),
    ).not.toContain('secret');
  });
});
