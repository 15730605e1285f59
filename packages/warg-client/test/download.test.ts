import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodeUtf8 } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileDestination } from '../src/node/file-destination.ts';
import { fileStorage } from '../src/node/file-storage.ts';
import type { ProgressEvent } from '../src/options.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { type Fetch, serve } from './registry/serve.ts';
import { author, counting, hello, openClient, registryUrl } from './registry/setup.ts';
import { type TestRegistry, testRegistry } from './registry/test-registry.ts';

let folder = '';
let registry: TestRegistry;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warg-download-'));
  registry = await testRegistry();
  for (const version of ['1.0.0', '1.2.0', '1.10.0', '2.0.0-rc.1', '2.1.0']) {
    await registry.release('test:hello', version, encodeUtf8(`content of ${version}`), author);
  }
  await registry.appendPackage('test:hello', [{ type: 'yank', version: '2.1.0' as never }], author);
  await registry.sign();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('resolve', () => {
  it.each([
    [undefined, '1.10.0'],
    ['*', '1.10.0'],
    ['1', '1.10.0'],
    ['~1.2', '1.2.0'],
    ['=1.0.0', '1.0.0'],
    ['>=1, <1.10', '1.2.0'],
    ['2.0.0-rc.1', '2.0.0-rc.1'],
    [{ version: '1.0.0' }, '1.0.0'],
  ])('%j chooses %s', async (wanted, version) => {
    const client = await openClient(serve(registry));
    const found = await client.resolve('test:hello', wanted);
    expect(found).toMatchObject({ version, assurance: 'proved', name: 'test:hello' });
    expect(found.digest).toBe(digestOf(encodeUtf8(`content of ${version}`)));
  });

  it.each([
    ['3', 'VERSION_NOT_FOUND'],
    ['=2.1.0', 'VERSION_NOT_FOUND'],
    [{ version: '2.1.0' }, 'VERSION_YANKED'],
    [{ version: '9.9.9' }, 'VERSION_NOT_FOUND'],
    ['1 || 2', 'INVALID_VERSION'],
    [{ version: '1' }, 'INVALID_VERSION'],
  ])('%j fails with %s', async (wanted, code) => {
    const client = await openClient(serve(registry));
    await expect(client.resolve('test:hello', wanted)).rejects.toMatchObject({ name: 'ClientError', code });
  });

  it('names the versions that there are', async () => {
    const client = await openClient(serve(registry));
    await expect(client.resolve('test:hello', '7')).rejects.toMatchObject({
      details: { versions: ['1.0.0', '1.2.0', '1.10.0', '2.0.0-rc.1'] },
      message: expect.stringMatching(/1\.10\.0.*pre-release/) as string,
    });
  });
});

describe('download', () => {
  it('brings content to a file, and keeps a copy in the cache', async () => {
    const { fetch, calls } = counting(serve(registry));
    const storage = fileStorage(folder);
    const client = await openClient(fetch, { storage });
    const to = join(folder, 'out', 'hello.wasm');
    const events: ProgressEvent[] = [];
    const first = await client.download('test:hello', '1', { to, onProgress: (event) => events.push(event) });
    expect(first).toMatchObject({ version: '1.10.0', from: 'network', path: to, size: 17 });
    expect(await readFile(to, 'utf8')).toBe('content of 1.10.0');
    expect(await readdir(join(folder, 'out'))).toEqual(['hello.wasm']);
    expect(text(await first.bytes())).toBe('content of 1.10.0');
    expect(events.at(-1)).toMatchObject({ type: 'download', received: 17, total: 17 });
    calls.length = 0;
    const second = await client.download('test:hello', '1');
    expect(second.from).toBe('cache');
    expect(await readFile(second.path!, 'utf8')).toBe('content of 1.10.0');
    expect(calls).toEqual(['GET v1/fetch/checkpoint']);
    const offline = await openClient(fetch, { storage, offline: true });
    expect(text(await (await offline.download('test:hello', '1')).bytes())).toBe('content of 1.10.0');
    await expect(offline.download('test:hello', '=1.0.0')).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(await client.clear()).toEqual({ count: 1, bytes: 17 });
  });

  it('goes past the cache where that is wanted', async () => {
    const { fetch, calls } = counting(serve(registry));
    const storage = fileStorage(folder);
    const client = await openClient(fetch, { storage });
    const destination = fileDestination(join(folder, 'hello.wasm'));
    await client.download('test:hello', '1', { to: destination, cache: false });
    expect(await client.clear()).toEqual({ count: 0, bytes: 0 });
    await client.download('test:hello', '1', { to: destination, cache: false });
    expect(calls.filter((call) => call.startsWith('GET content/'))).toHaveLength(2);
    expect(await readFile(join(folder, 'hello.wasm'), 'utf8')).toBe('content of 1.10.0');
  });

  it('needs a storage that knows files for a path', async () => {
    const client = await openClient(serve(registry), { storage: memoryStorage() });
    await expect(client.download('test:hello', '1', { to: 'hello.wasm' })).rejects.toMatchObject({
      code: 'DESTINATION_UNSUPPORTED',
    });
    const to = fileDestination(join(folder, 'hello.wasm'));
    expect((await client.download('test:hello', '1', { to })).path).toBe(join(folder, 'hello.wasm'));
  });

  it('does not believe its own cache', async () => {
    const storage = fileStorage(folder);
    const client = await openClient(serve(registry), { storage });
    const { path } = await client.download('test:hello', '1');
    await writeFile(path!, 'content of 1.10.1');
    const offline = await openClient(serve(registry), { storage, offline: true });
    await expect(offline.download('test:hello', '1')).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    const again = await client.download('test:hello', '1');
    expect(again.from).toBe('network');
    expect(await readFile(again.path!, 'utf8')).toBe('content of 1.10.0');
    // What is read later is hashed, too.
    await writeFile(path!, 'content of 1.10.2');
    await expect(again.bytes()).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  it('leaves the file that was there when it fails', async () => {
    const to = join(folder, 'hello.wasm');
    await writeFile(to, 'precious');
    const inner = serve(registry);
    const flipping: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      return new URL(request.url).pathname.startsWith('/content/')
        ? new Response('content of 1.10.x')
        : inner(request);
    };
    const client = await openClient(flipping, { storage: fileStorage(join(folder, 'storage')) });
    await expect(client.download('test:hello', '1', { to })).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
      details: { expected: digestOf(encodeUtf8('content of 1.10.0')) },
    });
    await expect(client.download('test:hello', '1', { to, cache: false })).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
    });
    expect(await readFile(to, 'utf8')).toBe('precious');
    expect((await readdir(folder)).sort()).toEqual(['hello.wasm', 'storage']);
    expect(await readdir(join(folder, 'storage', 'content'))).toEqual([]);
  });

  it('tries one source after the other', async () => {
    const digest = digestOf(encodeUtf8('content of 1.10.0'));
    const good = `${registryUrl}/content/${digest.replace(':', '-')}`;
    const inner = serve(registry);
    const sources: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      const { pathname } = new URL(request.url);
      if (pathname === '/wrong') return new Response('content of 1.10.x');
      if (pathname === '/gone') return new Response('', { status: 410 });
      if (pathname === '/broken') throw new TypeError('fetch failed');
      if (!pathname.startsWith('/v1/content/')) return inner(request);
      const urls = [
        `${registryUrl}/gone`,
        'http://elsewhere.example/x',
        `${registryUrl}/wrong`,
        `${registryUrl}/broken`,
        good,
      ];
      const list = urls.map((url) => ({ type: 'httpGet', url }));
      return new Response(JSON.stringify({ contentSources: { [digest]: list } }), {
        headers: { 'content-type': 'application/json' },
      });
    };
    const client = await openClient(sources, { limits: { retries: 0 } });
    const failed: string[] = [];
    const found = await client.download('test:hello', '1', {
      onProgress: (event) => {
        if (event.type === 'source-failed') failed.push((event.error as Error & { code: string }).code);
      },
    });
    expect(text(await found.bytes())).toBe('content of 1.10.0');
    expect(failed).toEqual(['CONTENT_UNAVAILABLE', 'INSECURE_URL', 'CONTENT_MISMATCH', 'NETWORK_FAILED']);
    // When all fail, what was changed is what is told.
    registry.content.clear();
    await client.clear();
    await expect(client.download('test:hello', '1')).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  });

  it('is cancelled in the middle of the content, and leaves nothing', async () => {
    const storage = fileStorage(folder);
    const controller = new AbortController();
    const inner = serve(registry);
    const slow: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      if (!new URL(request.url).pathname.startsWith('/content/')) return inner(request);
      return new Response(
        new ReadableStream({
          start(stream) {
            stream.enqueue(hello);
          },
        }),
      );
    };
    const client = await openClient(slow, { storage });
    await expect(
      client.download('test:hello', '1', {
        to: join(folder, 'x.wasm'),
        signal: controller.signal,
        onProgress: ({ type }) => {
          if (type === 'download') controller.abort(new Error('enough'));
        },
      }),
    ).rejects.toThrow('enough');
    expect(await readdir(join(folder, 'content'))).toEqual([]);
    expect(await readdir(folder)).not.toContain('x.wasm');
  });

  it('brings much content through with little memory', async () => {
    const chunk = new Uint8Array(1 << 20).fill(5);
    const size = 64;
    const digest = digestOf(...Array.from({ length: size }, () => chunk));
    await registry.appendPackage(
      'test:hello',
      [{ type: 'release', version: '5.0.0' as never, content: digest }],
      author,
    );
    await registry.sign();
    const inner = serve(registry);
    let sent = 0;
    const large: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/v1/content/')) {
        const body = { contentSources: { [digest]: [{ type: 'httpGet', url: `${registryUrl}/large` }] } };
        return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
      }
      if (pathname !== '/large') return inner(request);
      return new Response(
        new ReadableStream(
          {
            pull(stream) {
              if (sent++ < size) stream.enqueue(chunk);
              else stream.close();
            },
          },
          { highWaterMark: 0 },
        ),
      );
    };
    const client = await openClient(large, { storage: fileStorage(folder) });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const found = await client.download('test:hello', '5', {
      onProgress: () => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      },
    });
    expect(found.size).toBe(size << 20);
    expect(most).toBeLessThan(16 << 20);
  });
});
