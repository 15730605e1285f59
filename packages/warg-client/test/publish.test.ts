import { digestOf, encodeUtf8, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import type { PublishEntry } from '../src/options.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { type Fetch, json, serve } from './registry/serve.ts';
import { author, contentsOf, counting, hello, openClient } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

const release = (
  version: string,
  content: Extract<PublishEntry, { type: 'release' }>['content'] = hello,
): PublishEntry => ({
  type: 'release',
  version,
  content,
});
const first = { name: 'test:hello', entries: [release('1.0.0')] };
const lost = () => Promise.reject(new TypeError('fetch failed'));

/** Does something instead of, or after, the honest answer to the calls that match. */
function meddling(
  fetch: Fetch,
  matches: string,
  meddle: (honest: () => Promise<Response>, count: number) => Promise<Response>,
): Fetch {
  let count = 0;
  return async (input, init) => {
    const request = new Request(input as Request, init);
    const call = `${request.method} ${new URL(request.url).pathname}`;
    return new RegExp(matches).test(call) ? meddle(() => fetch(request), count++) : fetch(request);
  };
}

const submission = '^POST /v1/package/[^/]+/record$';
const upload = '^POST .*/content/';
const state = '^GET /v1/package/[^/]+/record/[^/]+$';

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

describe('publish, when answers are lost', () => {
  it.each([
    [
      'before the record arrives',
      (honest: () => Promise<Response>, count: number) => (count === 0 ? lost() : honest()),
    ],
    [
      'after the record arrived',
      (honest: () => Promise<Response>, count: number) => (count === 0 ? honest().then(lost) : honest()),
    ],
    [
      'as a gateway error',
      (honest: () => Promise<Response>, count: number) =>
        count === 0 ? honest().then(() => json(502, '{}')) : honest(),
    ],
  ])('%s: publishes once', async (_name, meddle) => {
    const registry = await testRegistry();
    const client = await openClient(meddling(serve(registry), submission, meddle));
    const { recordId } = await client.publish(first, { init: true });
    expect(registry.leaves.slice(1).map((leaf) => leaf.recordId)).toEqual([recordId]);
  });

  it('of an upload: publishes once', async () => {
    for (const arrives of [true, false]) {
      const registry = await testRegistry();
      const meddle = async (honest: () => Promise<Response>, count: number) => {
        if (count > 0) return honest();
        if (arrives) await honest();
        return lost();
      };
      const client = await openClient(meddling(serve(registry), upload, meddle));
      await client.publish(first, { init: true });
      expect(registry.leaves).toHaveLength(2);
    }
  });

  it('while waiting: goes on when the registry is back', async () => {
    const registry = await testRegistry();
    const meddle = (honest: () => Promise<Response>, count: number) =>
      count > 1 && count < 6 ? lost() : honest();
    const client = await openClient(meddling(serve(registry, { pollsUntilPublished: 3 }), state, meddle), {
      limits: { retries: 0 },
    });
    await client.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
  });

  it('and the process was stopped: another one finds the record that was published', async () => {
    const registry = await testRegistry();
    const storage = memoryStorage();
    const controller = new AbortController();
    const stopping = await openClient(
      meddling(serve(registry), submission, async (honest) => {
        const response = await honest();
        controller.abort(new Error('stopped'));
        return response;
      }),
      { storage },
    );
    await stopping.publish(first, { init: true, signal: controller.signal }).catch(() => {});
    const { fetch, calls } = counting(serve(registry));
    const next = await openClient(fetch, { storage });
    await next.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
    expect(calls.filter((call) => call.startsWith('POST v1/package'))).toHaveLength(2);
    // Now the record is in the log, and somebody forgot to say so to the storage.
    const { envelope, recordId, record } = await next.publish({
      name: 'test:hello',
      entries: [release('2.0.0')],
    });
    const { keepSubmission } = await import('../src/state/submission.ts');
    const context = { documents: storage.registry(next.registry) } as never;
    const purpose = JSON.stringify({
      prev: record.prev,
      signer: envelope.keyId,
      entries: [{ type: 'release', version: '2.0.0', content: digestOf(hello) }],
    });
    await keepSubmission(context, registry.leaves[1]!.logId, { envelope, recordId, purpose }, undefined);
    const again = await next.publish({ name: 'test:hello', entries: [release('2.0.0')] });
    expect(again).toMatchObject({ state: 'published', recordId, registryIndex: 2 });
    expect(registry.leaves).toHaveLength(3);
    // But not for another purpose.
    await keepSubmission(
      context,
      registry.leaves[1]!.logId,
      { envelope, recordId, purpose: 'other' },
      undefined,
    );
    await expect(next.publish({ name: 'test:hello', entries: [release('2.0.0')] })).rejects.toMatchObject({
      code: 'RECORD_INVALID',
    });
  });

  it('by a registry that forgot the record: sends it once more', async () => {
    const registry = await testRegistry();
    let inner = serve(registry, { pollsUntilPublished: 3 });
    let polls = 0;
    const client = await openClient((input, init) => {
      const request = new Request(input as Request, init);
      if (request.method === 'GET' && /record\/[^/]+$/.test(request.url) && polls++ === 2)
        inner = serve(registry);
      return inner(request);
    });
    await client.publish(first, { init: true });
    expect(registry.leaves).toHaveLength(2);
  });
});

describe('publish, beside others', () => {
  it('waits for the record that is before it, and comes after', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry, { pollsUntilPublished: 4 });
    const client = await openClient(fetch);
    await client.publish(first, { init: true });
    const versions = ['1.1.0', '1.2.0', '1.3.0'];
    const clients = await Promise.all(versions.map(() => openClient(fetch)));
    await Promise.all(
      versions.map((version, i) => clients[i]!.publish({ name: 'test:hello', entries: [release(version)] })),
    );
    const info = await client.package('test:hello');
    expect(info.releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '1.2.0', '1.3.0']);
  });

  it('signs again when the head moved before its record was taken', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry);
    await (await openClient(fetch)).publish(first, { init: true });
    const meddle = async (honest: () => Promise<Response>, count: number) => {
      registry.now = Date.now();
      if (count === 0) await registry.release('test:hello', '1.1.0', hello, author);
      return honest();
    };
    const client = await openClient(meddling(fetch, submission, meddle));
    const { package: found } = await client.publish({ name: 'test:hello', entries: [release('1.2.0')] });
    expect(found?.releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    // Unless the caller said which head it must follow.
    const { head } = await client.package('test:hello');
    const strict = await openClient(
      meddling(fetch, submission, async (honest) => {
        registry.now = Date.now();
        await registry.release('test:hello', '1.3.0', hello, author);
        return honest();
      }),
    );
    await expect(
      strict.publish({ name: 'test:hello', entries: [release('1.4.0')], head: head.recordId }),
    ).rejects.toMatchObject({ code: 'PUBLISH_REJECTED' });
  });

  it('gives up when others get in between again and again', async () => {
    const registry = await testRegistry();
    const fetch = serve(registry);
    await (await openClient(fetch)).publish(first, { init: true });
    const client = await openClient(
      meddling(fetch, submission, async (honest, count) => {
        registry.now = Date.now();
        await registry.release('test:hello', `2.${count}.0`, hello, author);
        return honest();
      }),
      { limits: { publishAttempts: 3 } },
    );
    await expect(client.publish({ name: 'test:hello', entries: [release('1.2.0')] })).rejects.toMatchObject({
      code: 'PUBLISH_REJECTED',
    });
  });
});

describe('publish, when the registry does not want it', () => {
  const answers: readonly [string, string, string, number, string][] = [
    ['the signer', submission, 'UNAUTHORIZED', 401, '{"status":401,"message":"unknown key"}'],
    ['the record', submission, 'PUBLISH_REFUSED', 422, '{"status":422,"message":"too new"}'],
    ['the namespace', submission, 'PUBLISH_REFUSED', 404, '{"status":404,"type":"namespace","id":"test"}'],
    [
      'an imported namespace',
      submission,
      'PUBLISH_REFUSED',
      409,
      '{"status":409,"type":"namespaceImport","id":"test"}',
    ],
    ['the content', upload, 'PUBLISH_REFUSED', 422, '{"status":422,"message":"no component"}'],
  ];
  it.each(answers)('%s: says why', async (_name, call, code, status, body) => {
    const client = await openClient(
      meddling(serve(await testRegistry()), call, async () => json(status, body)),
    );
    const error: unknown = await client.publish(first, { init: true }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ClientError', code, details: { status } });
    const { message } = JSON.parse(body) as { message?: string };
    if (message !== undefined) expect((error as Error).message).toContain(message);
  });

  it('after it took it: says why', async () => {
    const client = await openClient(
      meddling(serve(await testRegistry()), state, async (honest) => {
        const { recordId } = (await (await honest()).json()) as { recordId: string };
        return json(200, JSON.stringify({ recordId, state: 'rejected', reason: 'not today' }));
      }),
    );
    await expect(client.publish(first, { init: true })).rejects.toMatchObject({
      code: 'PUBLISH_REJECTED',
      details: { reason: 'not today' },
    });
  });

  it('with an upload that is no upload', async () => {
    const endpoints = [
      { upload: [] },
      { upload: [{ type: 'http', method: 'DELETE', url: 'x' }] },
      { upload: [{ type: 'http', method: 'POST', url: 'http://elsewhere.example/x' }] },
      { upload: [{ type: 'http', method: 'POST', url: 'x', headers: { cookie: 'a=b' } }] },
      { upload: [{ type: 'http', method: 'POST', url: 'x', headers: { authorization: 'a\nb' } }] },
    ];
    for (const endpoint of endpoints) {
      const client = await openClient(
        meddling(serve(await testRegistry()), submission, async (honest) => {
          const answer = (await (await honest()).json()) as object;
          return json(202, JSON.stringify({ ...answer, missingContent: { [digestOf(hello)]: endpoint } }));
        }),
      );
      await expect(client.publish(first, { init: true })).rejects.toMatchObject({
        code: expect.stringMatching(/^(UPLOAD_FAILED|INSECURE_URL)$/) as string,
      });
    }
  });

  it('by lying about the record', async () => {
    const lies = [
      { recordId: digestOf(hello), state: 'processing' },
      { state: 'published', registryIndex: 0 },
      { state: 'published', registryIndex: 77 },
      { state: 'unheard of' },
      {},
    ];
    for (const lie of lies) {
      const storage = memoryStorage();
      const client = await openClient(
        meddling(serve(await testRegistry()), submission, async (honest) => {
          const { recordId } = (await (await honest()).json()) as { recordId: string };
          return json(202, JSON.stringify({ recordId, ...lie }));
        }),
        { storage },
      );
      await expect(client.publish(first, { init: true })).rejects.toMatchObject({ name: 'ClientError' });
    }
  });
});

describe('publish, cancelled', () => {
  it('at any call, rejects with the reason, and can be done again', async () => {
    for (const call of ['checkpoint$', submission, upload, state]) {
      const registry = await testRegistry();
      const storage = memoryStorage();
      const controller = new AbortController();
      const reason = new Error(`stop at ${call}`);
      const client = await openClient(
        meddling(serve(registry), call, async (honest, count) => {
          if (count === 0) controller.abort(reason);
          return honest();
        }),
        { storage },
      );
      await expect(client.publish(first, { init: true, signal: controller.signal })).rejects.toBe(reason);
      await client.publish(first, { init: true });
      expect(registry.leaves).toHaveLength(2);
    }
  });

  it('while content is hashed, keeps nothing of it', async () => {
    const storage = memoryStorage();
    const client = await openClient(serve(await testRegistry()), { storage });
    const controller = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 5) controller.abort(new Error('enough'));
        yield new Uint8Array(1000);
      }
    }
    await expect(
      client.publish(
        { name: 'test:hello', entries: [release('1.0.0', endless())] },
        { signal: controller.signal },
      ),
    ).rejects.toThrow('enough');
    expect(await storage.content.clear()).toEqual({ count: 0, bytes: 0 });
  });

  it('content that changes between hashing and sending is not sent as what it was', async () => {
    const registry = await testRegistry();
    const client = await openClient(serve(registry));
    let opened = 0;
    const changing = { open: () => new Blob([`version ${opened++}`]).stream() };
    await expect(
      client.publish({ name: 'test:hello', entries: [release('1.0.0', changing)] }, { init: true }),
    ).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(registry.leaves).toHaveLength(1);
  });
});

describe('pending publishes', () => {
  it('gather entries over several processes and become one record', async () => {
    const registry = await testRegistry();
    const storage = memoryStorage();
    const open = () => openClient(serve(registry), { storage });
    await (await open()).pending.start('test:hello');
    await expect((await open()).pending.start('test:hello')).rejects.toMatchObject({
      code: 'PENDING_EXISTS',
    });
    await (await open()).pending.add('test:hello', [release('1.0.0')]);
    const friend = publicKeyOf(generatePrivateKey());
    await (await open()).pending.add('test:hello', [
      release('1.1.0', new Blob(['more'])),
      { type: 'grant', key: friend, permissions: ['release'] },
      { type: 'yank', version: '1.0.0' },
      { type: 'revoke', keyId: keyIdOf(friend), permissions: ['release'] },
    ]);
    await (await open()).pending.start('test:other');
    const list = await (await open()).pending.list();
    expect(list.map(({ name, entries }) => [name, entries.length])).toEqual([
      ['test:hello', 5],
      ['test:other', 0],
    ]);
    expect(list[0]?.entries[0]).toEqual({
      type: 'release',
      version: '1.0.0',
      content: digestOf(hello),
      size: 12,
    });
    const { record, package: found } = await (await open()).pending.submit('test:hello', { init: true });
    expect(record.entries.map(({ type }) => type)).toEqual([
      'init',
      'release',
      'release',
      'grantFlat',
      'yank',
      'revokeFlat',
    ]);
    expect(found?.releases).toHaveLength(2);
    expect(await (await open()).pending.get('test:hello')).toBeUndefined();
    await expect((await open()).pending.submit('test:other')).rejects.toMatchObject({
      code: 'NOTHING_TO_PUBLISH',
    });
    await (await open()).pending.abort('test:other');
    expect(await (await open()).pending.list()).toEqual([]);
    for (const action of ['abort', 'submit'] as const) {
      await expect((await open()).pending[action]('test:other')).rejects.toMatchObject({
        code: 'PENDING_MISSING',
      });
    }
    await expect((await open()).pending.add('test:other', [release('1.0.0')])).rejects.toMatchObject({
      code: 'PENDING_MISSING',
    });
  });

  it('stay when the registry refuses them', async () => {
    const client = await openClient(
      meddling(serve(await testRegistry()), submission, async () =>
        json(422, '{"status":422,"message":"no"}'),
      ),
    );
    await client.pending.start('test:hello');
    await client.pending.add('test:hello', [release('1.0.0')]);
    await expect(client.pending.submit('test:hello', { init: true })).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
    });
    expect((await client.pending.get('test:hello'))?.entries).toHaveLength(1);
  });
});
