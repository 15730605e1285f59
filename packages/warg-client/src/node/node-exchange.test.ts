import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { encodeUtf8 } from '@warg/crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, listen } from '../../test/registry/listen.ts';
import { readBody } from '../http/body.ts';
import { fetchTransport } from '../http/transport.ts';
import { defaultLimits } from '../limits.ts';
import { nodeExchange } from './node-exchange.ts';

afterEach(closeAll);

const exchange = nodeExchange();
const limits = { ...defaultLimits, retries: 1 };
const text = 'an answer '.repeat(1000);

async function bodyAt(url: string, ways: { readonly exchange?: typeof exchange }): Promise<string> {
  const transport = fetchTransport({ fetch: undefined, ...ways, limits });
  const what = 'a test';
  const answer = await transport.send({
    method: 'GET',
    url: new URL(url),
    repeatable: true,
    what,
    signal: undefined,
  });
  const body = await readBody(answer, { limit: 1_000_000, limits, signal: undefined, what });
  return `${answer.status} ${answer.headers.get('X-Test')} ${new TextDecoder().decode(body)}`;
}

const nobody = async () => new Response(null, { status: 404 });

describe('an answer by node:http is that of fetch', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (bytes: Uint8Array) => bytes],
    ['x-unknown', (bytes: Uint8Array) => bytes],
  ])('encoded as %s', async (encoding, encode) => {
    const server = await listen(nobody, (_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding, 'x-test': ['one', 'two'] });
      response.end(encode(encodeUtf8(text)));
      return true;
    });
    const found = await bodyAt(server.url, { exchange });
    expect(found).toBe(`200 one, two ${text}`);
    expect(found).toBe(await bodyAt(server.url, {}));
  });

  it('that changes the protocol is none', async () => {
    const server = await listen(nobody, (request) => {
      request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      return true;
    });
    for (const ways of [{ exchange }, {}])
      await expect(bodyAt(server.url, ways)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
  });

  it.each(['gzip', 'identity'])('cut off, encoded as %s', async (encoding) => {
    const server = await listen(nobody, (_request, response) => {
      const whole = encoding === 'gzip' ? gzipSync(encodeUtf8(text)) : encodeUtf8(text);
      response.writeHead(200, { 'content-encoding': encoding, 'content-length': whole.length });
      response.write(whole.subarray(0, whole.length / 2), () => response.destroy());
      return true;
    });
    for (const ways of [{ exchange }, {}])
      await expect(bodyAt(server.url, ways)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
  });

  it('bombs are left at the limit', async () => {
    const server = await listen(nobody, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(new Uint8Array(50_000_000)));
      return true;
    });
    for (const ways of [{ exchange }, {}])
      await expect(bodyAt(server.url, ways)).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  it('waits as long as the registry asks for', async () => {
    let asked = 0;
    const server = await listen(nobody, (_request, response) => {
      response.writeHead(asked++ === 0 ? 503 : 200, { 'retry-after': '1' }).end('now');
      return true;
    });
    const before = performance.now();
    expect(await bodyAt(server.url, { exchange })).toBe('200 null now');
    expect(performance.now() - before).toBeGreaterThan(950);
    expect(asked).toBe(2);
  });
});

it('asks the next question on the same connection when nobody reads an answer', async () => {
  const sockets = new Set<unknown>();
  const server = await listen(nobody, (request, response) => {
    sockets.add(request.socket);
    response.writeHead(404, { 'content-length': 4 }).end('none');
    return true;
  });
  for (let i = 0; i < 3; i++) {
    const question = {
      method: 'GET',
      headers: {},
      body: undefined,
      signal: AbortSignal.timeout(30_000),
    } as const;
    const answer = await exchange.ask({ ...question, url: new URL(server.url) });
    await answer.body?.cancel();
  }
  expect(sockets.size).toBe(1);
});

describe('what fetch refuses', () => {
  it.each(['http://127.0.0.1:22', 'https://127.0.0.1:6667', 'http://a:b@127.0.0.1:8080'])(
    'is refused: %s',
    async (url) => {
      expect(exchange.handles(new URL(url))).toBe(false);
      const refused = bodyAt(url, { exchange });
      await expect(refused).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
    },
  );

  it.each(['https://a.example', 'http://127.0.0.1:80', 'https://a.example:443', 'http://[::1]:8080'])(
    'and what it does not: %s',
    (url) => expect(exchange.handles(new URL(url))).toBe(true),
  );
});
