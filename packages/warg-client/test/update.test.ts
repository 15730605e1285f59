import { encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { ClientError } from '../src/errors.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { type Fetch, json, serve } from './registry/serve.ts';
import { author, contentsOf, counting, hello, openClient, registryUrl } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

async function withPackages(count: number, releases = 1) {
  const registry = await testRegistry();
  for (let release = 1; release <= releases; release++) {
    for (let i = 0; i < count; i++) {
      await registry.release(`test:package-n${i}`, `1.${release}.0`, hello, author);
    }
  }
  return registry;
}

describe('update', () => {
  it('verifies a package and says on what ground', async () => {
    const registry = await withPackages(1);
    const client = await openClient(serve(registry));
    const result = await client.update(['test:package-n0']);
    expect(result).toMatchObject({
      registry: registryUrl,
      assurance: 'proved',
      firstUse: true,
      refreshed: true,
      newOperatorRecords: 1,
      previous: undefined,
      absent: [],
      packages: [{ name: 'test:package-n0', records: 1, newRecords: 1 }],
      operator: { key: publicKeyOf(registry.operatorKey), origin: 'first-use' },
    });
    expect(result.checkpoint).toEqual(registry.checkpoint);
    const info = await client.package('test:package-n0');
    expect(info.releases).toMatchObject([{ version: '1.1.0', state: 'released' }]);
    expect(info.firstUse).toBe(false);
    expect(info.head.registryIndex).toBe(1);
    expect([...info.keys.values()]).toEqual([publicKeyOf(author)]);
  });

  it('asks for what is new alone', async () => {
    const registry = await withPackages(3);
    const { fetch, calls } = counting(serve(registry));
    const client = await openClient(fetch);
    await client.update(['test:package-n0', 'test:package-n1']);
    calls.length = 0;
    // Nothing is new: one question.
    expect((await client.update()).packages.map(({ newRecords }) => newRecords)).toEqual([0, 0]);
    expect(calls).toEqual(['GET v1/fetch/checkpoint']);
    calls.length = 0;
    await registry.release('test:package-n1', '2.0.0', hello, author);
    const result = await client.update();
    expect(result.packages.map(({ name, newRecords }) => [name, newRecords])).toEqual([
      ['test:package-n0', 0],
      ['test:package-n1', 1],
    ]);
    expect(calls).toEqual([
      'GET v1/fetch/checkpoint',
      'POST v1/fetch/logs',
      'POST v1/proof/inclusion',
      'POST v1/proof/consistency',
    ]);
  });

  it('writes nothing when nothing changed, and one commit when something did', async () => {
    const registry = await withPackages(2);
    const storage = memoryStorage();
    const client = await openClient(serve(registry), { storage });
    await client.update(['test:package-n0', 'test:package-n1']);
    const generation = async () => (await storage.registry(registryUrl).snapshot()).generation;
    expect(await generation()).toBe(1);
    await client.update();
    expect(await generation()).toBe(1);
    await registry.release('test:package-n0', '2.0.0', hello, author);
    await registry.release('test:package-n1', '2.0.0', hello, author);
    await client.update();
    expect(await generation()).toBe(2);
  });

  it('reads page after page', async () => {
    const registry = await withPackages(3, 25);
    const { fetch, calls } = counting(serve(registry, { pageSize: 4 }));
    const client = await openClient(fetch);
    const result = await client.update(['test:package-n0', 'test:package-n1', 'test:package-n2']);
    expect(result.packages.map(({ records }) => records)).toEqual([25, 25, 25]);
    expect(calls.filter((call) => call.endsWith('logs'))).toHaveLength(7);
    const info = await client.package('test:package-n2');
    expect(info.releases).toHaveLength(25);
  });

  it('asks for many packages in batches, and proves their heads in batches', async () => {
    const registry = await withPackages(23);
    const { fetch, calls } = counting(serve(registry));
    const client = await openClient(fetch, { limits: { packagesPerRequest: 5, leavesPerRequest: 7 } });
    const names = Array.from({ length: 23 }, (_, i) => `test:package-n${i}`);
    expect((await client.update(names)).packages).toHaveLength(23);
    expect(calls.filter((call) => call.endsWith('logs'))).toHaveLength(5);
    // 23 packages and the operator log.
    expect(calls.filter((call) => call.endsWith('inclusion'))).toHaveLength(4);
    expect(await client.packages()).toHaveLength(23);
  });

  it('proves the absence of names that the registry does not know, among names that it knows', async () => {
    const registry = await withPackages(2);
    const client = await openClient(serve(registry));
    const result = await client.update(['test:no-a', 'test:package-n0', 'test:no-b', 'test:package-n1']);
    expect(result.packages.map(({ name }) => name)).toEqual(['test:package-n0', 'test:package-n1']);
    expect(result.absent.map(({ name, absence }) => [name, absence])).toEqual([
      ['test:no-a', 'proved'],
      ['test:no-b', 'proved'],
    ]);
    await expect(client.package('test:no-a')).rejects.toMatchObject({
      code: 'PACKAGE_NOT_FOUND',
      details: { absence: 'proved', name: 'test:no-a' },
    });
  });

  it('says unproved where the registry offers no proof of absence', async () => {
    const client = await openClient(serve(await withPackages(1), { absence: false }));
    await expect(client.package('test:no-a')).rejects.toMatchObject({
      code: 'PACKAGE_NOT_FOUND',
      details: { absence: 'unproved' },
    });
  });

  it('passes on the hint of where a namespace is to be found', async () => {
    const inner = serve(await testRegistry());
    const client = await openClient(async (input, init) => {
      const response = await inner(input, init);
      if (response.status === 404) response.headers.set('warg-registry-hint', 'other=registry.example');
      return response;
    });
    await expect(client.package('other:thing')).rejects.toMatchObject({
      code: 'PACKAGE_NOT_FOUND',
      details: { hint: { namespace: 'other', registry: 'registry.example' } },
    });
  });

  it('gets the whole operator log when only unknown names are asked for', async () => {
    const registry = await testRegistry();
    const client = await openClient(serve(registry));
    await client.update(['test:none']);
    const other = generatePrivateKey();
    await registry.appendOperator(
      [{ type: 'grantFlat', key: publicKeyOf(other), permissions: ['commit'] }],
      registry.operatorKey,
    );
    await registry.sign(other);
    const result = await client.update(['test:none']);
    expect(result.newOperatorRecords).toBe(1);
    expect(result.absent).toMatchObject([{ absence: 'proved' }]);
  });

  it('answers offline from what is stored, as of then', async () => {
    const registry = await withPackages(2);
    const storage = memoryStorage();
    const online = await openClient(serve(registry), { storage });
    await online.update(['test:package-n0']);
    const asOf = registry.checkpoint;
    await registry.release('test:package-n0', '9.0.0', hello, author);
    await online.update(['test:package-n1']);

    const offline = await openClient(serve(registry), { storage, offline: true });
    const info = await offline.package('test:package-n0');
    expect(info).toMatchObject({ refreshed: false, firstUse: false, assurance: 'proved', records: 1 });
    expect(info.checkpoint).toEqual(asOf);
    expect((await offline.package('test:package-n1')).checkpoint).toEqual(registry.checkpoint);
    await expect(offline.package('test:package-n7')).rejects.toMatchObject({ code: 'NOT_STORED' });
    await expect(offline.update()).rejects.toMatchObject({ code: 'OFFLINE' });
    await expect(offline.publish({ name: 'test:a', entries: [{ type: 'init' }] })).rejects.toMatchObject({
      code: 'OFFLINE',
    });
    expect((await offline.operator())?.namespaces.get('test')).toEqual({ state: 'defined' });
  });

  it('keeps apart what the user wrote differently, whatever it resolves to', async () => {
    const registry = await withPackages(1);
    const storage = memoryStorage();
    const documents = {
      '.well-known/wasm-pkg/registry.json': JSON.stringify({ wargUrl: `${registryUrl}/` }),
    };
    const fetch = serve(registry, { documents });
    const one = await openClient(fetch, { storage, registry: 'http://localhost:1' });
    const two = await openClient(fetch, { storage, registry: 'http://localhost:2' });
    await one.update(['test:package-n0']);
    await two.update();
    expect(await storage.registries()).toEqual(['http://localhost:1', 'http://localhost:2']);
    expect(await two.packages()).toEqual([]);
    expect((await one.packages())[0]?.registry).toBe('http://localhost:1');
    expect(Object.keys(await contentsOf(storage))).toEqual([]);
  });

  it('says when the newest checkpoint is old, where no age was demanded', async () => {
    const registry = await testRegistry({ now: Date.now() - 3 * 86_400_000 });
    const client = await openClient(serve(registry));
    expect((await client.update()).warnings).toMatchObject([/3 days old/]);
  });

  it('cleans what a registry wants people to read', async () => {
    const registry = await testRegistry();
    const inner = serve(registry);
    const client = await openClient(async (input, init) => {
      const request = new Request(input as Request, init);
      const response = await inner(request.clone());
      if (!request.url.endsWith('logs')) return response;
      const answer = (await response.json()) as object;
      return json(
        200,
        JSON.stringify({ ...answer, warnings: [{ message: 'beware\u001b[2J\n of\u202e this' }] }),
      );
    });
    expect((await client.update()).warnings).toEqual(['beware [2J of this']);
  });

  it('reads logs again from their start when the registry does not know its own tokens any more', async () => {
    const registry = await withPackages(2, 3);
    const storage = memoryStorage();
    const inner = serve(registry);
    const falseTokens: Fetch = async (input, init) => {
      const response = await inner(input, init);
      const text = await response.text();
      return new Response(text.replaceAll(/"fetchToken":"[^"]*"/g, '"fetchToken":"false"'), response);
    };
    const strict: Fetch = async (input, init) => {
      const request = new Request(input as Request, init);
      const text = await request.clone().text();
      if (text.includes('"false"')) return json(404, '{"status":404,"type":"fetchToken","id":"false"}');
      return inner(request);
    };
    await (await openClient(falseTokens, { storage })).update(['test:package-n0', 'test:package-n1']);
    await registry.release('test:package-n0', '9.0.0', hello, author);
    const client = await openClient(strict, { storage });
    const result = await client.update();
    expect(result.packages.map(({ records, newRecords }) => [records, newRecords])).toEqual([
      [4, 1],
      [3, 0],
    ]);
    // But not other records than before.
    const other = await testRegistry({ operatorKey: registry.operatorKey, now: registry.now });
    await other.release('test:package-n1', '6.6.6', hello, author);
    const logId = [...other.logs.keys()].at(-1)!;
    registry.logs.set(
      logId,
      other.logs.get(logId)!.map((record, i) => ({ ...record, registryIndex: i + 1 })),
    );
    await registry.release('test:package-n0', '9.1.0', hello, author);
    await expect(client.update()).rejects.toMatchObject({ code: 'LOG_VANISHED' });
  });

  it('is cancelled at any call, with the reason given, and leaves nothing', async () => {
    const registry = await withPackages(2);
    const storage = memoryStorage();
    const inner = serve(registry);
    await (await openClient(inner, { storage })).update(['test:package-n0']);
    await registry.release('test:package-n0', '3.0.0', hello, author);
    const before = await contentsOf(storage);
    for (const path of ['checkpoint', 'logs', 'inclusion', 'consistency', 'absence']) {
      const controller = new AbortController();
      const reason = new Error(`stop at ${path}`);
      const client = await openClient(
        async (input, init) => {
          const request = new Request(input as Request, init);
          if (request.url.endsWith(path)) controller.abort(reason);
          return inner(request);
        },
        { storage },
      );
      await expect(
        client.update(['test:package-n0', 'test:none'], { signal: controller.signal }),
      ).rejects.toBe(reason);
      expect(await contentsOf(storage)).toEqual(before);
    }
    await expect(
      (await openClient(inner, { storage })).update([], { signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
  });

  it('runs two updates of one client one after the other', async () => {
    const registry = await withPackages(4);
    const storage = memoryStorage();
    const client = await openClient(serve(registry), { storage });
    const results = await Promise.all([0, 1, 2, 3].map((i) => client.update([`test:package-n${i}`])));
    expect(results.map(({ firstUse }) => firstUse)).toEqual([true, false, false, false]);
    expect(await client.packages()).toHaveLength(4);
  });

  it('detects stored state that was changed, and begins anew after a reset', async () => {
    const registry = await withPackages(1);
    const storage = memoryStorage();
    const client = await openClient(serve(registry), { storage });
    await client.update(['test:package-n0']);
    const documents = storage.registry(registryUrl);
    const snapshot = await documents.snapshot();
    for (const key of snapshot.keys()) {
      const good = (await snapshot.read(key))!;
      for (const bad of [
        encodeUtf8('{'),
        encodeUtf8('[]'),
        encodeUtf8('{"format":"x"}'),
        good.slice(0, -5),
        mangled(good),
      ]) {
        await documents.commit(await documents.snapshot(), new Map([[key, bad]]));
        const anew = await openClient(serve(registry), { storage });
        const error = await anew.package('test:package-n0').catch((caught: unknown) => caught);
        expect(error, key).toBeInstanceOf(ClientError);
        expect((error as ClientError).code).toMatch(/^STORAGE_(CORRUPT|FORMAT_UNKNOWN)$/);
        expect((error as ClientError).message).toContain('warg reset');
        await documents.commit(await documents.snapshot(), new Map([[key, good]]));
      }
    }
    await documents.commit(await documents.snapshot(), new Map([['registry', encodeUtf8('nonsense')]]));
    await client.reset();
    expect(await contentsOf(storage)).toEqual({});
    expect((await client.package('test:package-n0')).firstUse).toBe(true);
  });
});

/** Changes one letter inside the first record. */
function mangled(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const at = text.search(/"contentBytes":"|"key":"/) + 24;
  return encodeUtf8(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`);
}
