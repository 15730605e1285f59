import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'tsup';
import { expect, it } from 'vitest';
import type { PackageInfo } from '../src/results.ts';
import { serve } from './registry/serve.ts';
import { author, hello } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

/** What browsers have and the client uses; no Buffer, no process, no require. */
const browser = {
  ...{
    AbortController,
    AbortSignal,
    ArrayBuffer,
    Blob,
    DOMException,
    FormData,
    Headers,
    ReadableStream,
    Request,
    Response,
  },
  ...{ TextDecoder, TextEncoder, TransformStream, URL, URLSearchParams, Uint8Array },
  ...{ atob, btoa, clearTimeout, crypto, fetch, performance, queueMicrotask, setTimeout, structuredClone },
};

it('the main entry runs where there is no Node', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warg-browser-'));
  try {
    await build({
      config: false,
      entry: { index: fileURLToPath(new URL('../src/index.ts', import.meta.url)) },
      outDir: folder,
      format: ['iife'],
      globalName: 'warg',
      platform: 'browser',
      target: 'es2022',
      noExternal: [/.*/],
      minify: true,
      silent: true,
      removeNodeProtocol: false,
    });
    const [name] = await readdir(folder);
    const code = await readFile(join(folder, name!), 'utf8');
    // Not toMatch: it would print the whole bundle.
    expect(/["'`]node:/.test(code)).toBe(false);
    expect(/\brequire\(["']/.test(code)).toBe(false);
    expect(gzipSync(code).byteLength).toBeLessThan(100_000);

    const registry = await testRegistry();
    await registry.release('test:hello', '1.0.0', hello, author);
    const context = createContext({ ...browser, answer: serve(registry) });
    runInContext(`${code}; globalThis.warg = warg`, context);
    const info = (await runInContext(
      `(async () => {
        const client = await warg.WargClient.open({
          registry: 'registry.example',
          storage: warg.memoryStorage(),
          fetch: (...request) => answer(...request),
        });
        const found = await client.download('test:hello', '1');
        if ((await found.bytes()).length !== ${hello.length}) throw new Error('wrong content');
        return client.package('test:hello');
      })()`,
      context,
    )) as PackageInfo;
    expect(info.assurance).toBe('proved');
    expect(info.releases).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
