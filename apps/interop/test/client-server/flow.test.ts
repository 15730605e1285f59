// The client and the server of this house, together: the whole way of a record.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage } from '@warg/client';
import { fileStorage } from '@warg/client/node';
import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { fileContentStore, serve, sqliteStore } from '@warg/server';
import { afterEach, describe, expect, it } from 'vitest';
import { content, openClient, registryUrl, startRegistry, text } from './registry.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Parameters<typeof startRegistry>[0] = {}) {
  const running = await startRegistry(options);
  cleanups.push(() => running.registry.close());
  return running;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'warg-client-server-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('a package', () => {
  it('is published, resolved and downloaded, each step proved', async () => {
    const { fetch, operatorKey } = await start();
    const publisher = await openClient(fetch);
    const friend = generatePrivateKey();
    const first = await publisher.publish(
      { name: 'test:hello', entries: [{ type: 'release', version: '1.0.0', content: content('one') }] },
      { init: true },
    );
    expect(first).toMatchObject({ state: 'published', initialized: true, firstUse: true, registryIndex: 1 });
    await publisher.publish({
      name: 'test:hello',
      entries: [
        { type: 'grant', key: publicKeyOf(friend), permissions: ['release'] },
        { type: 'release', version: '1.1.0', content: new Blob([content('two')]) },
      ],
    });
    await publisher.publish(
      { name: 'test:hello', entries: [{ type: 'release', version: '1.2.0', content: content('three') }] },
      { signer: friend },
    );
    await publisher.publish({ name: 'test:hello', entries: [{ type: 'yank', version: '1.2.0' }] });
    await publisher.publish({
      name: 'test:hello',
      entries: [{ type: 'revoke', keyId: keyIdOf(publicKeyOf(friend)), permissions: ['release'] }],
    });

    const reader = await openClient(fetch, { operatorKey: publicKeyOf(operatorKey) });
    const found = await reader.download('test:hello', '1');
    expect(found).toMatchObject({ version: '1.1.0', assurance: 'proved', firstUse: false, from: 'network' });
    expect(text(await found.bytes())).toBe('two');
    const info = await reader.package('test:hello');
    expect(info.releases.map(({ version, state }) => `${version} ${state}`)).toEqual([
      '1.0.0 released',
      '1.1.0 released',
      '1.2.0 yanked',
    ]);
    expect(info.records).toBe(5);
  });

  it('that does not exist is proved not to', async () => {
    const { fetch } = await start();
    const client = await openClient(fetch);
    await expect(client.package('test:nothing')).rejects.toMatchObject({
      code: 'PACKAGE_NOT_FOUND',
      details: { absence: 'proved' },
    });
    const names = Array.from({ length: 40 }, (_, i) => `test:nothing-n${i}`);
    const { absent } = await client.update(names);
    expect(absent.map(({ absence }) => absence)).toEqual(names.map(() => 'proved'));
  });

  it('may have its content in many megabytes', async () => {
    const { fetch } = await start();
    const client = await openClient(fetch);
    const large = new Uint8Array(20_000_000).map((_, i) => i % 251);
    const stream = new Response(large).body!;
    await client.publish(
      { name: 'test:large', entries: [{ type: 'release', version: '1.0.0', content: stream }] },
      { init: true },
    );
    await client.clear();
    const found = await client.download('test:large');
    expect(found.size).toBe(large.byteLength);
    expect(Buffer.compare(Buffer.from(await found.bytes()), Buffer.from(large))).toBe(0);
  });
});

describe('many packages', () => {
  it('are updated with few questions, page by page', async () => {
    const { fetch, calls } = await start();
    const publisher = await openClient(fetch);
    const names = Array.from({ length: 60 }, (_, i) => `test:package-n${i}`);
    await Promise.all(
      names.map((name) =>
        publisher.publish(
          { name, entries: [{ type: 'release', version: '1.0.0', content: content(name) }] },
          { init: true },
        ),
      ),
    );
    for (const version of Array.from({ length: 12 }, (_, i) => `1.0.${i + 1}`)) {
      await publisher.publish({
        name: names[0]!,
        entries: [{ type: 'release', version, content: content('x') }],
      });
    }
    calls.length = 0;
    const reader = await openClient(fetch, { limits: { packagesPerRequest: 25, leavesPerRequest: 25 } });
    const result = await reader.update(names);
    expect(result.packages).toHaveLength(60);
    expect(
      result.packages
        .map(({ records }) => records)
        .sort((a, b) => b - a)
        .slice(0, 2),
    ).toEqual([13, 1]);
    expect(calls.filter((call) => call.endsWith('/logs'))).toHaveLength(3);
    expect(calls.filter((call) => call.endsWith('/inclusion'))).toHaveLength(3);
    calls.length = 0;
    await reader.update();
    expect(calls).toEqual(['GET /v1/fetch/checkpoint']);
  });
});

describe('publishers at the same time', () => {
  it('all get their release in, one after the other', async () => {
    const { fetch } = await start();
    const first = await openClient(fetch);
    await first.publish({ name: 'test:busy', entries: [{ type: 'init' }] });
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'];
    await Promise.all(
      versions.map(async (version) => {
        const client = await openClient(fetch);
        await client.publish({
          name: 'test:busy',
          entries: [{ type: 'release', version, content: content(version) }],
        });
      }),
    );
    const info = await first.package('test:busy');
    expect(info.releases.map(({ version }) => version)).toEqual(versions);
  });
});

describe('a record whose answer is lost', () => {
  it('is published once', async () => {
    const { fetch } = await start();
    const losing = new Set<string>();
    const client = await openClient(async (request) => {
      const answer = await fetch(request);
      const call = `${request.method} ${request.url.replace(/sha256:[0-9a-f]+/g, 'D')}`;
      if (request.method === 'POST' && call.includes('/package/') && !losing.has(call)) {
        losing.add(call);
        throw new TypeError('fetch failed');
      }
      return answer;
    });
    const release = { type: 'release', version: '1.0.0', content: content('once') } as const;
    const { package: found } = await client.publish(
      { name: 'test:lost', entries: [release] },
      { init: true },
    );
    expect(losing.size).toBe(2);
    expect(found?.records).toBe(1);
  });

  it('because the publisher was stopped is gone on with by the next one', async () => {
    const { fetch } = await start();
    const storage = memoryStorage();
    const release = { type: 'release', version: '1.0.0', content: content('again') } as const;
    const request = { name: 'test:again', entries: [release] };
    for (const stopAt of ['/record', '/content/']) {
      const controller = new AbortController();
      const client = await openClient(
        async (asked) => {
          const answer = await fetch(asked);
          if (asked.method === 'POST' && asked.url.includes(stopAt)) controller.abort(new Error('stopped'));
          return answer;
        },
        { storage },
      );
      const stopped = client.publish(request, { init: true, signal: controller.signal });
      await expect(stopped).rejects.toThrow('stopped');
    }
    const last = await openClient(fetch, { storage });
    const { package: found, state } = await last.publish(request, { init: true });
    expect(state).toBe('published');
    expect(found?.records).toBe(1);
  });
});

describe('a registry that moves', () => {
  it('is found by its document, and what is kept stays under the name that was written', async () => {
    const { fetch } = await start({ publicUrl: 'https://api.registry.example/warg' });
    const storage = memoryStorage();
    const asked = new Set<string>();
    const client = await openClient(
      (request) => {
        const url = new URL(request.url);
        asked.add(url.origin);
        // The registry's API stands below /warg, as a proxy would put it there.
        const inner = url.href.replace('https://api.registry.example/warg', 'https://api.registry.example');
        return fetch(new Request(inner, request));
      },
      { storage },
    );
    await client.publish(
      { name: 'test:moved', entries: [{ type: 'release', version: '1.0.0', content: content('moved') }] },
      { init: true },
    );
    await client.download('test:moved');
    expect(asked).toEqual(new Set([registryUrl, 'https://api.registry.example']));
    expect(await storage.registries()).toEqual([registryUrl]);
    expect((await client.operator())?.operator.origin).toBe('well-known');
  });
});

describe('over sockets, with SQLite and files', () => {
  it('survives a restart of the registry and of the client', async () => {
    const folder = await temporaryFolder();
    const operatorKey = generatePrivateKey();
    const options = () => ({
      operatorKey,
      store: sqliteStore(join(folder, 'registry.db')),
      content: fileContentStore(join(folder, 'content')),
    });
    let running = await startRegistry(options());
    let server = await serve(running.registry);
    const registry = server.url;
    const open = () =>
      openClient(fetch, {
        registry,
        storage: fileStorage(join(folder, 'client')),
        operatorKey: publicKeyOf(operatorKey),
      });
    await (await open()).publish(
      { name: 'test:lasting', entries: [{ type: 'release', version: '1.0.0', content: content('lasting') }] },
      { init: true },
    );
    await server.close();
    await running.registry.close();

    running = await startRegistry(options());
    server = await serve(running.registry, { port: server.port });
    cleanups.push(
      () => running.registry.close(),
      () => server.close(),
    );
    const client = await open();
    await client.publish({
      name: 'test:lasting',
      entries: [{ type: 'release', version: '1.1.0', content: content('more') }],
    });
    const to = join(folder, 'lasting.wasm');
    await client.clear();
    expect((await client.download('test:lasting', { version: '1.0.0' }, { to })).from).toBe('network');
    expect(await readFile(to, 'utf8')).toBe('lasting');
    expect((await client.update()).packages).toMatchObject([
      { name: 'test:lasting', records: 2, newRecords: 0 },
    ]);
  });
});
