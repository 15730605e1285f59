import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { importRegistry } from '../src/import/import-registry.ts';
import type { Reach } from '../src/import/reach.ts';
import { openSource } from '../src/import/source.ts';
import { openMemoryStore } from '../src/store/sqlite/sqlite-store.ts';
import { type Ends, fill, listen, type Source, startSource } from './import-source.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const key = generatePrivateKey();

let dir: string;
let source: Source;
const ends: Ends = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-import-'));
  source = await startSource(key, ends);
  await fill(source);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

/** A server beside the registry, which notes what it is asked for. */
async function startNeighbour() {
  const asked: string[] = [];
  const url = await listen(async (request) => {
    asked.push(new URL(request.url).pathname);
    return source.registry.fetch(request);
  }, ends);
  return { url, asked };
}

/** The registry, whose answers name contents and parts of the ledger elsewhere, or redirect there. */
function startLeading(elsewhere: string, how: 'names' | 'redirects') {
  return listen(async (request) => {
    const url = new URL(request.url);
    if (how === 'redirects' && url.pathname.startsWith('/content/')) {
      return new Response(null, { status: 307, headers: { location: `${elsewhere}${url.pathname}` } });
    }
    const response = await source.registry.fetch(request);
    if (how === 'redirects' || !/^\/v1\/content\//.test(url.pathname)) return response;
    const text = (await response.text()).replaceAll(
      /"url":"[^"]*\/content\//g,
      `"url":"${elsewhere}/content/`,
    );
    return new Response(text, { headers: { 'content-type': 'application/json' } });
  }, ends);
}

async function importAs(reach: Reach, url: string) {
  const store = openMemoryStore();
  try {
    const patience = { tries: 2, idle: 5_000, pause: 1 };
    const { contents } = await importRegistry({
      store,
      source: openSource(url, { patience, reachOf: async () => reach }),
      operatorKey: publicKeyOf(key),
      spoolDir: dir,
      contents: { store: memoryContentStore(), maxBytes: 1000 },
      log,
    });
    return contents;
  } finally {
    await store.close();
  }
}

describe.each(['names', 'redirects'] as const)('a registry that %s places elsewhere', (how) => {
  it.each(['internet', 'network'] as const)('leads nobody to this machine from the %s', async (reach) => {
    const { url, asked } = await startNeighbour();
    await expect(importAs(reach, await startLeading(url, how))).rejects.toMatchObject({
      code: 'IMPORT_CONTENT_UNAVAILABLE',
      message: expect.stringContaining('nearer to this machine than the registry itself'),
    });
    expect(asked).toEqual([]);
  });

  it('leads to another server where it is on this machine itself', async () => {
    const { url, asked } = await startNeighbour();
    expect(await importAs('machine', await startLeading(url, how))).toMatchObject({ fetched: 4, missing: 0 });
    expect(asked).toHaveLength(4);
  });

  it.each(['http://169.254.169.254', 'http://[::ffff:169.254.169.254]', 'http://[fd00:ec2::254]'])(
    'leads nobody to %s',
    async (at) => {
      await expect(importAs('machine', await startLeading(at, how))).rejects.toMatchObject({
        code: 'IMPORT_CONTENT_UNAVAILABLE',
      });
    },
  );
});
