// The client puts contents into the registry's store itself where it is offered that, and sends them to the registry where
// it cannot.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { s3ContentStore, wasmContentPolicy } from '@warg/server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openClient, type Running, startRegistry } from './registry.ts';

interface S3Server {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3Server;

let dir: string;
let s3: S3Server;
let endpoint: string;
let running: Running | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-uploads-'));
  s3 = new S3rver({
    directory: dir,
    address: '127.0.0.1',
    port: 0,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: 'packages', configs: [] }],
  });
  endpoint = `http://127.0.0.1:${(await s3.run()).port}`;
});
afterAll(async () => {
  await s3?.close();
  await rm(dir, { recursive: true, force: true });
});
afterEach(async () => {
  await running?.registry.close();
  running = undefined;
});

async function start(options: Parameters<typeof startRegistry>[0] = {}) {
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const content = s3ContentStore({ bucket: 'packages', endpoint, credentials });
  running = await startRegistry({ content, contentUploadSeconds: 60, ...options });
  const puts: string[] = [];
  const { fetch: own } = running;
  const posts: string[] = [];
  /** The registry, and the store beside it, of which a test may make something else. */
  const reach = (store: (request: Request) => Promise<Response> = (request) => fetch(request)) => {
    return async (request: Request): Promise<Response> => {
      const { origin, pathname } = new URL(request.url);
      if (origin === endpoint) {
        puts.push(`${request.method} ${request.headers.get('content-length') ?? 'chunked'}`);
        return await store(request);
      }
      if (request.method === 'POST' && pathname.includes('/content/'))
        posts.push(pathname.replace(/^.*\//, ''));
      return await own(request);
    };
  };
  return { reach, puts, posts };
}

// Only a registry on this machine may point to this machine.
const local = { registry: 'http://127.0.0.1:1' };
const bytes = new Uint8Array(randomBytes(3 * 2 ** 20));
const release = (content: Uint8Array) => ({
  name: 'test:hello',
  entries: [{ type: 'release', version: '1.0.0', content } as const],
});

describe('content to publish', () => {
  it('goes to the store, and the registry is told', async () => {
    const { reach, puts, posts } = await start();
    const client = await openClient(reach(), local);
    const published = await client.publish(release(bytes), { init: true });
    expect(published).toMatchObject({ state: 'published' });
    expect(puts).toEqual([`PUT ${bytes.length}`]);
    expect(posts).toEqual(['complete']);
    const found = await client.download('test:hello', '1');
    expect(digestOf(await found.bytes())).toBe(digestOf(bytes));
  });

  it.each([
    ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
    ['refuses it', async () => new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 })],
    ['fails', async () => new Response(null, { status: 500 })],
    ['loses it', async () => new Response(null, { status: 200 })],
    [
      'keeps something else',
      async (request: Request) => {
        await request.body?.cancel();
        const { url, method, headers } = request;
        return await fetch(url, {
          method,
          headers: { 'x-amz-checksum-sha256': headers.get('x-amz-checksum-sha256')! },
          body: 'x',
        });
      },
    ],
  ])('goes to the registry when the store %s', async (_, store) => {
    const { reach, puts, posts } = await start();
    const client = await openClient(reach(store), local);
    const other = new Uint8Array(randomBytes(1000));
    expect(await client.publish(release(other), { init: true })).toMatchObject({ state: 'published' });
    expect(puts).toHaveLength(1);
    expect(posts.at(-1)).toBe(digestOf(other));
  });

  it('is not sent again when the registry does not want it', async () => {
    const { reach, posts } = await start({ contentPolicy: wasmContentPolicy() });
    const client = await openClient(reach(), local);
    const garbage = new Uint8Array(randomBytes(1000));
    await expect(client.publish(release(garbage), { init: true })).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
      message: expect.stringContaining('is not valid WebAssembly') as string,
    });
    expect(posts).toEqual(['complete']);
  });
});
