import { digestOf, encodeUtf8, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { first, release } from './registry/publishing.ts';
import { serve } from './registry/serve.ts';
import { contentsOf, counting, hello, openClient } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

describe('publish', () => {
  it('makes a package, uploads its content, waits, and verifies that it is there', async () => {
    const registry = await testRegistry();
    const { fetch, calls } = counting(serve(registry));
    const storage = memoryStorage();
    const client = await openClient(fetch, { storage });
    const events: string[] = [];
    const result = await client.publish(first, { init: true, onProgress: ({ type }) => events.push(type) });
    expect(result).toMatchObject({ state: 'published', registryIndex: 1, initialized: true, missing: [] });
    expect(result.package?.releases).toMatchObject([{ version: '1.0.0', digest: digestOf(hello) }]);
    expect(result.package?.head.recordId).toBe(result.recordId);
    expect(registry.content.get(digestOf(hello))).toEqual(hello);
    expect([...new Set(events)]).toEqual([
      'hash',
      'checkpoint',
      'records',
      'verified',
      'first-use',
      'submitted',
      'upload',
      'published',
    ]);
    expect(calls.filter((call) => call.startsWith('POST v1/package'))).toHaveLength(2);
    // What was on its way is forgotten when it has arrived.
    expect(Object.keys(await contentsOf(storage)).filter((key) => key.startsWith('submission'))).toEqual([]);
  });

  it('takes content in every form', async () => {
    const registry = await testRegistry();
    const client = await openClient(serve(registry));
    const text = (name: string) => encodeUtf8(`content ${name}`);
    const bytes = text('bytes');
    const publishing = client.publish(
      {
        name: 'test:hello',
        entries: [
          release('1.0.0', bytes),
          release('2.0.0', new Blob([text('blob')])),
          release('3.0.0', new Response(text('stream')).body!),
          release(
            '4.0.0',
            (async function* () {
              yield text('iter');
              yield text('able');
            })(),
          ),
          release('5.0.0', { open: () => new Blob([text('source')]).stream() }),
          release('6.0.0', new Uint8Array(0)),
          release('7.0.0', new Uint8Array(3_000_000).fill(7)),
        ],
      },
      { init: true },
    );
    // What the caller does with its buffer afterwards is its own affair.
    bytes.fill(0);
    const { package: found } = await publishing;
    expect(found?.releases.map(({ digest }) => digest)).toEqual([
      digestOf(text('bytes')),
      digestOf(text('blob')),
      digestOf(text('stream')),
      digestOf(text('iter'), text('able')),
      digestOf(text('source')),
      digestOf(),
      digestOf(new Uint8Array(3_000_000).fill(7)),
    ]);
    expect(registry.content.size).toBe(7);
  });

  it('takes the digest of content that the registry has, or that is in the cache', async () => {
    const registry = await testRegistry();
    const storage = memoryStorage();
    const client = await openClient(serve(registry), { storage });
    await client.publish(first, { init: true });
    await client.publish({ name: 'test:hello', entries: [release('1.0.1', digestOf(hello))] });
    const other = encodeUtf8('from the cache');
    const sink = await storage.content.open();
    await sink.write(other);
    await sink.commit(digestOf(other));
    await client.publish({ name: 'test:hello', entries: [release('1.0.2', digestOf(other))] });
    expect(registry.content.get(digestOf(other))).toEqual(other);
    await expect(
      client.publish({ name: 'test:hello', entries: [release('1.0.3', digestOf(encodeUtf8('nowhere')))] }),
    ).rejects.toMatchObject({ code: 'CONTENT_MISSING' });
  });

  it('grants, revokes and yanks', async () => {
    const client = await openClient(serve(await testRegistry()));
    const friend = generatePrivateKey();
    await client.publish(first, { init: true });
    await client.publish({
      name: 'test:hello',
      entries: [{ type: 'grant', key: publicKeyOf(friend), permissions: ['release', 'yank'] }],
    });
    await client.publish({ name: 'test:hello', entries: [release('1.1.0')] }, { signer: friend });
    await client.publish(
      { name: 'test:hello', entries: [{ type: 'yank', version: '1.0.0' }] },
      { signer: () => friend },
    );
    const keyId = keyIdOf(publicKeyOf(friend));
    const { package: found } = await client.publish({
      name: 'test:hello',
      entries: [{ type: 'revoke', keyId, permissions: ['release'] }],
    });
    expect(found?.releases).toMatchObject([
      { version: '1.0.0', state: 'yanked', yankedBy: keyId },
      { version: '1.1.0', state: 'released', releasedBy: keyId },
    ]);
    await expect(
      client.publish({ name: 'test:hello', entries: [release('1.2.0')] }, { signer: friend }),
    ).rejects.toMatchObject({ code: 'RECORD_INVALID', cause: { code: 'UNAUTHORIZED_ACTION' } });
  });

  it('sends nothing that the rules of the package refuse', async () => {
    const registry = await testRegistry();
    const { fetch, calls } = counting(serve(registry));
    const client = await openClient(fetch);
    const refused = async (request: Parameters<typeof client.publish>[0], code: string, options = {}) => {
      await expect(client.publish(request, options)).rejects.toMatchObject({ name: 'ClientError', code });
    };
    await refused(first, 'PACKAGE_NOT_INITIALIZED');
    await client.publish(first, { init: true });
    calls.length = 0;
    await refused(first, 'RECORD_INVALID');
    await refused({ name: 'test:hello', entries: [{ type: 'init' }] }, 'PACKAGE_EXISTS');
    await refused({ name: 'test:hello', entries: [] }, 'NOTHING_TO_PUBLISH');
    await refused({ name: 'Test:Hello', entries: [{ type: 'init' }] }, 'INVALID_NAME');
    await refused({ name: 'test:hello', entries: [release('one')] }, 'INVALID_VERSION');
    await refused({ name: 'test:hello', entries: [release('1.1.0', 'sha256:1' as never)] }, 'INVALID_ENTRY');
    await refused(
      { name: 'test:hello', entries: [{ type: 'grant', key: 'key', permissions: ['yank'] }] },
      'INVALID_ENTRY',
    );
    await refused(
      { name: 'test:hello', entries: [{ type: 'revoke', keyId: 'x', permissions: [] }] },
      'INVALID_ENTRY',
    );
    await refused({ name: 'test:hello', entries: [release('1.1.0')] }, 'RECORD_INVALID', {
      signer: generatePrivateKey(),
    });
    const head = registry.leaves[0]!.recordId;
    await refused({ name: 'test:hello', entries: [release('1.1.0')], head }, 'PUBLISH_HEAD_MOVED');
    expect(calls.filter((call) => call.startsWith('POST v1/package'))).toEqual([]);
    const keyless = await openClient(fetch, { signer: undefined });
    await expect(keyless.publish(first)).rejects.toMatchObject({ code: 'SIGNER_MISSING' });
  });

  it('does all but send in a dry run', async () => {
    const { fetch, calls } = counting(serve(await testRegistry()));
    const storage = memoryStorage();
    const client = await openClient(fetch, { storage });
    const result = await client.publish(first, { init: true, dryRun: true });
    expect(result).toMatchObject({ state: 'dry-run', initialized: true });
    expect(result.record.entries).toMatchObject([{ type: 'init' }, { type: 'release', version: '1.0.0' }]);
    expect(calls.filter((call) => call.startsWith('POST v1/package'))).toEqual([]);
    expect(Object.keys(await contentsOf(storage))).toEqual(['pin', 'registry']);
  });

  it('returns without waiting where that is wanted, and waits later', async () => {
    const client = await openClient(serve(await testRegistry()));
    const { recordId, state: found } = await client.publish(first, { init: true, wait: false });
    expect(found).toBe('processing');
    const info = await client.waitForPublish('test:hello', recordId);
    expect(info.head.recordId).toBe(recordId);
    await expect(client.waitForPublish('test:hello', digestOf(hello))).rejects.toMatchObject({
      code: 'RECORD_UNKNOWN',
    });
  });

  it('gives up waiting after its timeout, and the record stays submitted', async () => {
    const registry = await testRegistry();
    const client = await openClient(serve(registry, { pollsUntilPublished: 8 }));
    await expect(client.publish(first, { init: true, timeout: 30 })).rejects.toMatchObject({
      code: 'PUBLISH_TIMEOUT',
    });
    // The same command again goes on with the same record.
    const { recordId } = await client.publish(first, { init: true });
    expect(registry.leaves.map((leaf) => leaf.recordId)).toEqual([registry.leaves[0]!.recordId, recordId]);
  });
});
