// Where a registry is, and where it is not.

import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, listen } from './registry/listen.ts';
import type { Fetch } from './registry/serve.ts';
import { helloFetch, open } from './registry/sockets.ts';

afterEach(closeAll);

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
