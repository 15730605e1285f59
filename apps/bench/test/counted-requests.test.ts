// How many requests a client makes and how many bytes it is sent, counted: a change that asks more fails here on any machine,
// however busy. A number that falls is written down as the new one; one that rises wants a reason.

import { memoryStorage, WargClient } from '@warg/client';
import { encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { createRegistry, type Registry } from '@warg/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PACKAGES = 30;
const VERSIONS = 3;

interface Exchange {
  /** `GET /v1/fetch/checkpoint`, ids left out. */
  readonly what: string;
  readonly bytes: number;
}

let registry: Registry;
let seen: Exchange[] = [];

async function countedFetch(request: Request): Promise<Response> {
  const answer = await registry.fetch(request);
  const body = await answer.clone().arrayBuffer();
  const path = new URL(request.url).pathname
    .replace(/sha256[:-][0-9a-f]{64}/g, ':id')
    .replace(/@\d+$/, '@:length');
  seen.push({ what: `${request.method} ${path} ${answer.status}`, bytes: body.byteLength });
  return answer;
}

function openClient(storage = memoryStorage()): Promise<WargClient> {
  const signer = generatePrivateKey();
  return WargClient.open({ registry: 'https://registry.example', storage, fetch: countedFetch, signer });
}

/**
 * The requests of some work, each kind once with how often it was made. Whether a record is published is asked until it is: how
 * often depends on time.
 */
async function counted(work: () => Promise<unknown>): Promise<Record<string, number>> {
  seen = [];
  await work();
  const kinds: Record<string, number> = {};
  const polling = 'GET /v1/package/:id/record/:id 200';
  for (const { what } of seen.filter((each) => each.what !== polling)) kinds[what] = (kinds[what] ?? 0) + 1;
  return kinds;
}

const names = Array.from({ length: PACKAGES }, (_, n) => `test:package${n}`);

beforeAll(async () => {
  registry = await createRegistry({ namespaces: ['test'], operatorKey: generatePrivateKey() });
  const publisher = await openClient();
  for (let version = 0; version < VERSIONS; version++) {
    for (const name of names) {
      const content = encodeUtf8('not looked at');
      const entries = [{ type: 'release' as const, version: `1.${version}.0`, content }];
      await publisher.publish({ name, entries }, { init: version === 0 });
    }
  }
});
afterAll(() => registry.close());

describe('a client', () => {
  const storage = memoryStorage();

  it('updates many packages with as many requests as one', async () => {
    const client = await openClient(storage);
    expect(await counted(() => client.update(names))).toEqual({
      // Who the registry is may stand in a document: asked once by each client, in both of its places.
      'GET /.well-known/wasm-pkg/registry.json 404': 1,
      'GET /.well-known/warg/registry.json 404': 1,
      'GET /v1/fetch/checkpoint 200': 1,
      'POST /v1/fetch/logs 200': 1,
      'POST /v1/proof/inclusion 200': 1,
    });
    const bytes = seen.reduce((sum, each) => sum + each.bytes, 0);
    // 733 with proofs and all; how many digits a time has changes it by a few.
    expect(bytes / (PACKAGES * VERSIONS)).toBeLessThan(745);
  });

  it('asks for the checkpoint alone when nothing has changed', async () => {
    const client = await openClient(storage);
    expect(await counted(() => client.update(names))).toEqual({
      'GET /.well-known/wasm-pkg/registry.json 404': 1,
      'GET /.well-known/warg/registry.json 404': 1,
      'GET /v1/fetch/checkpoint 200': 1,
    });
  });

  it('downloads what it has not seen', async () => {
    const client = await openClient();
    expect(await counted(() => client.download(names[0]!, '*'))).toEqual({
      'GET /.well-known/wasm-pkg/registry.json 404': 1,
      'GET /.well-known/warg/registry.json 404': 1,
      'GET /v1/fetch/checkpoint 200': 1,
      // The log and its proofs together.
      'GET /v1/proved/:id@:length 200': 1,
      'GET /v1/content/:id 200': 1,
      'GET /content/:id 200': 1,
    });
  });

  it('downloads what it has', async () => {
    const client = await openClient(storage);
    await client.download(names[0]!, '*');
    expect(await counted(() => client.download(names[0]!, '*'))).toEqual({
      'GET /v1/fetch/checkpoint 200': 1,
    });
  });

  it('publishes a release', async () => {
    const publisher = await openClient();
    const release = (version: string) => {
      const content = encodeUtf8(`content of ${version}`);
      return publisher.publish(
        { name: 'test:published', entries: [{ type: 'release', version, content }] },
        { init: version === '1.0.0' },
      );
    };
    expect(await counted(() => release('1.0.0'))).toEqual({
      'GET /.well-known/wasm-pkg/registry.json 404': 1,
      'GET /.well-known/warg/registry.json 404': 1,
      // Before and after.
      'GET /v1/fetch/checkpoint 200': 2,
      'GET /v1/proved/:id@:length 404': 1,
      'GET /v1/proved/:id@:length 200': 2,
      'POST /v1/proof/absence 200': 1,
      'POST /v1/package/:id/record 202': 1,
      'POST /v1/package/:id/record/:id/content/:id 201': 1,
      'POST /v1/proof/consistency 200': 1,
    });
    expect(await counted(() => release('1.1.0'))).toEqual({
      'GET /v1/fetch/checkpoint 200': 2,
      'GET /v1/proved/:id@:length 200': 1,
      'POST /v1/package/:id/record 202': 1,
      'POST /v1/package/:id/record/:id/content/:id 201': 1,
      'POST /v1/proof/consistency 200': 1,
    });
  });
});
