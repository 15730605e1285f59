import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, generatePrivateKey } from '@warg/crypto';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileContentStore } from '../src/content/file-content.ts';
import { createRegistry, type Registry, type RegistryOptions, sqliteStore } from '../src/create-registry.ts';
import { wasmContentPolicy } from '../src/policy/content/wasm-policy.ts';
import type { SourceGuard } from '../src/sources/guarded-fetch.ts';
import { isPublicAddress } from '../src/sources/public-address.ts';
import { releaseEntry, type TestRecord, testPackage } from './publisher.ts';
import { type Answer, type Body, callerOf, type RegistryCaller } from './registry-caller.ts';
import { type SourceServer, startSourceServer, tableLookup } from './source-server.ts';

let certificates: string;
let source: SourceServer;
let dir: string;
let registry: Registry;
let call: RegistryCaller;
const operatorKey = generatePrivateKey();

beforeAll(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'warg-certificates-'));
  source = await startSourceServer(certificates);
});
afterAll(() => {
  source?.close();
  rmSync(certificates, { recursive: true, force: true });
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-sources-'));
  source.asked.length = 0;
  source.headers.length = 0;
});
afterEach(async () => {
  await registry?.close();
  rmSync(dir, { recursive: true, force: true });
});

const here = { 'a.source.example': [['127.0.0.1']], 'b.source.example': [['127.0.0.1']] };

/** As a registry is in service, but that this machine's own address is as good as a public one. */
const guard = (more: Partial<SourceGuard> = {}): SourceGuard => ({
  hosts: [`a.source.example:${source.port}`, `b.source.example:${source.port}`],
  isAddressAllowed: (address) => address === '127.0.0.1' || isPublicAddress(address),
  lookup: tableLookup(here),
  ca: source.ca,
  ...more,
});

async function open(
  contentSources: SourceGuard | undefined,
  more: Partial<RegistryOptions> = {},
): Promise<void> {
  registry = await createRegistry({
    operatorKey,
    namespaces: ['test'],
    store: sqliteStore(join(dir, 'registry.db')),
    content: fileContentStore(join(dir, 'content')),
    maxContentBytes: 2 ** 20,
    ...(contentSources === undefined ? {} : { contentSources }),
    ...more,
  });
  call = callerOf(registry.fetch);
}

const urlAt = (path: string, host = 'a.source.example') => `https://${host}:${source.port}${path}`;

function publish(record: TestRecord, sources: Readonly<Record<string, readonly string[]>>): Promise<Answer> {
  const contentSources = new Map(
    Object.entries(sources).map(([digest, urls]) => [
      digest as Digest,
      urls.map((url) => ({ type: 'httpGet', url, acceptRanges: false }) as const),
    ]),
  );
  const { packageName, envelope } = record;
  return call.post(
    paths.publishRecord(record.logId),
    encodePublishRecordRequest({ packageName, record: envelope as never, contentSources }),
  );
}

const bytes = new Uint8Array(randomBytes(200_000));
const digest = digestOf(bytes);

function release(content: Digest = digest): TestRecord {
  const pkg = testPackage('test:hello');
  return pkg.init(releaseEntry('1.0.0', content));
}

const send = (body: Uint8Array) => (_: unknown, response: ServerResponse) => void response.end(body);

/** Publishes from these places and waits for what becomes of it. */
async function settled(...urls: string[]) {
  const record = release();
  const answer = await publish(record, { [digest]: urls });
  expect(answer.status).toBe(202);
  expect(answer.json()).toMatchObject({ state: 'processing' });
  return { record, state: await waitFor(record) };
}

async function waitFor(record: TestRecord): Promise<Record<string, unknown>> {
  for (;;) {
    const state = (await call.get(paths.record(record.logId, record.recordId))).json();
    if (state['state'] !== 'processing') return state;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const generic = {
  state: 'rejected',
  reason: expect.stringMatching(/^its content could not be fetched from where it was said to be: /),
};

describe('a source that a publisher names', () => {
  it('is not asked unless the operator wants it', async () => {
    await open(undefined);
    const answer = await publish(release(), { [digest]: [urlAt('/x')] });
    expect(answer.status).toBe(501);
    expect(source.asked).toEqual([]);
  });

  it('is asked for the content, with nothing that says who asks', async () => {
    await open(guard());
    source.answer(send(bytes));
    const { state } = await settled(urlAt('/file?x=y'));
    expect(state).toMatchObject({ state: 'published' });
    expect((await call.get(`content/${digest.replace(':', '-')}`)).bytes).toEqual(bytes);
    expect(source.asked).toEqual(['a.source.example /file?x=y']);
    expect(Object.keys(source.headers[0]!).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(source.headers[0]).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it('may redirect to another one that is allowed, three times', async () => {
    await open(guard());
    source.answer((request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop === 3) response.end(bytes);
      else response.writeHead(302, { location: urlAt(`/${hop + 1}`, 'b.source.example') }).end();
    });
    expect((await settled(urlAt('/0'))).state).toMatchObject({ state: 'published' });
    expect(source.asked).toHaveLength(4);
  });

  it('is followed by the next one when it fails', async () => {
    await open(guard());
    source.answer((request, response) => {
      if (request.url === '/bad') response.writeHead(404).end();
      else response.end(bytes);
    });
    expect((await settled(urlAt('/bad'), urlAt('/good'))).state).toMatchObject({ state: 'published' });
    expect(source.asked).toEqual(['a.source.example /bad', 'a.source.example /good']);
  });

  it.each([
    ['answers 404', (_: unknown, response: ServerResponse) => void response.writeHead(404).end(bytes)],
    ['has other bytes', send(new Uint8Array(randomBytes(200_000)))],
    ['has no bytes', send(new Uint8Array())],
    ['is too large', send(new Uint8Array(2 ** 20 + 1))],
    [
      'is too large and does not say so',
      (_: unknown, response: ServerResponse) => {
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
        };
        more();
      },
    ],
    [
      'encodes the content',
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes)),
    ],
    [
      'breaks off',
      (_: unknown, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 1000), () => response.destroy());
      },
    ],
    ['breaks off before it says anything', (_: unknown, response: ServerResponse) => void response.destroy()],
    [
      'redirects for ever',
      (_: unknown, response: ServerResponse) => void response.writeHead(302, { location: '/again' }).end(),
    ],
    [
      'redirects to another host',
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(302, { location: urlAt('/x', 'c.source.example') }).end(),
    ],
    [
      'redirects to http',
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(302, { location: `http://a.source.example:${source.port}/x` }).end(),
    ],
    [
      'redirects to one with a password',
      (_: unknown, response: ServerResponse) =>
        void response.writeHead(302, { location: `https://u:p@a.source.example:${source.port}/x` }).end(),
    ],
    ['redirects nowhere', (_: unknown, response: ServerResponse) => void response.writeHead(302).end()],
    [
      'would go on in another protocol',
      (_: unknown, response: ServerResponse) =>
        void response.socket?.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n',
        ),
    ],
    [
      'has headers without end',
      (_: unknown, response: ServerResponse) =>
        void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`),
    ],
  ])('fails its record when it %s, with words that tell nothing', async (_, answer) => {
    await open(guard());
    source.answer(answer);
    const { record, state } = await settled(urlAt('/file'));
    expect(state).toMatchObject(generic);
    // The very same record may be sent again, for the content to be uploaded.
    expect((await call.publish(record)).json()).toMatchObject({ state: 'sourcing' });
    expect((await call.upload(record, digest, bytes as Body)).status).toBe(201);
    expect(await waitFor(record)).toMatchObject({ state: 'published' });
  });

  it.each([
    ['never answers', () => {}],
    ['never ends', (_: unknown, response: ServerResponse) => void response.write('x')],
    [
      'only ever says that it will answer',
      (_: unknown, response: ServerResponse) => {
        const { socket } = response;
        const more = (): void => {
          if (socket?.writable) socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => setImmediate(more));
        };
        more();
      },
    ],
    [
      'sends a byte now and then',
      (_: unknown, response: ServerResponse) => {
        const timer = setInterval(
          () => (response.destroyed ? clearInterval(timer) : response.write('x')),
          10,
        );
      },
    ],
  ])('fails its record when it %s within the time', async (_, answer) => {
    await open(guard({ timeLimit: 300 }));
    source.answer(answer);
    expect((await settled(urlAt('/file'))).state).toMatchObject(generic);
  });

  it.each([
    ['a private address', [['10.0.0.1']]],
    ['the address of this machine', [['127.0.0.1']]],
    ['the same as IPv6', [['::1']]],
    ['the same, hidden', [['::ffff:127.0.0.1']]],
    ['that of the provider’s secrets', [['169.254.169.254']]],
    ['nothing', [[]]],
    ['a name that is not', undefined],
  ])('is not connected to when it stands for %s', async (_, addresses) => {
    const table: Record<string, readonly (readonly string[])[]> = addresses
      ? { 'a.source.example': addresses }
      : {};
    await open(guard({ lookup: tableLookup(table), isAddressAllowed: isPublicAddress }));
    source.answer(send(bytes));
    expect((await settled(urlAt('/file'))).state).toMatchObject(generic);
    expect(source.asked).toEqual([]);
  });

  it('is looked up for each connection, so that what it stands for cannot change in between', async () => {
    // The first answer is good, the second is not: as if somebody had looked before the connection alone.
    const lookup = tableLookup({ 'a.source.example': [['127.0.0.1'], ['127.0.0.2']] });
    await open(guard({ lookup }));
    source.answer((_, response) => void response.writeHead(302, { location: '/again' }).end());
    expect((await settled(urlAt('/file'))).state).toMatchObject(generic);
    expect(source.asked).toEqual(['a.source.example /file']);
  });

  it('is not connected to when its host is itself an address that is not public', async () => {
    const hosts = [`127.0.0.1:${source.port}`];
    await open(guard({ hosts, isAddressAllowed: isPublicAddress }));
    expect((await settled(urlAt('/file', '127.0.0.1'))).state).toMatchObject(generic);
    expect(source.asked).toEqual([]);
  });

  it('must have a certificate that is good', async () => {
    const { ca: _, ...rest } = guard();
    await open(rest);
    expect((await settled(urlAt('/file'))).state).toMatchObject(generic);
    expect(source.asked).toEqual([]);
  });

  it('is subject to the content policy', async () => {
    await open(guard(), { contentPolicy: wasmContentPolicy() });
    source.answer(send(bytes));
    expect((await settled(urlAt('/file'))).state).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('is not valid WebAssembly'),
    });
  });

  it.each([
    ['http', () => `http://a.source.example:${source.port}/`, 422],
    ['another host', () => 'https://elsewhere.example/', 422],
    ['another port', () => 'https://a.source.example/', 422],
    ['a password', () => `https://u:p@a.source.example:${source.port}/`, 422],
  ])('is refused at once with %s', async (_, url, status) => {
    await open(guard());
    const answer = await publish(release(), { [digest]: [urlAt('/'), url()] });
    expect(answer.status).toBe(status);
    expect(source.asked).toEqual([]);
  });

  it('is refused for what the record does not release, and for none or too many places', async () => {
    await open(guard());
    const other = digestOf(new Uint8Array(1));
    expect((await publish(release(), { [other]: [urlAt('/')] })).status).toBe(400);
    expect((await publish(release(), { [digest]: Array.from({ length: 5 }, () => urlAt('/')) })).status).toBe(
      400,
    );
    const many = Object.fromEntries(
      Array.from({ length: 33 }, (_, number) => [digestOf(Uint8Array.of(number)), [urlAt('/')]]),
    );
    expect((await publish(release(), many)).status).toBe(422);
  });

  it('leaves what has no source to the publisher', async () => {
    await open(guard());
    source.answer(send(bytes));
    const other = new Uint8Array(randomBytes(100));
    const pkg = testPackage('test:hello');
    const record = pkg.init(releaseEntry('1.0.0', digest), releaseEntry('1.1.0', digestOf(other)));
    const answer = await publish(record, { [digest]: [urlAt('/')] });
    expect(answer.json()).toMatchObject({ state: 'sourcing', missingContent: { [digestOf(other)]: {} } });
    expect(Object.keys(answer.json<{ missingContent: object }>().missingContent)).toHaveLength(1);
    expect((await call.upload(record, digestOf(other), other as Body)).status).toBe(201);
    expect(await waitFor(record)).toMatchObject({ state: 'published' });
  });

  it('may be overtaken by an upload', async () => {
    await open(guard());
    source.answer(() => {});
    const record = release();
    await publish(record, { [digest]: [urlAt('/')] });
    expect((await call.upload(record, digest, bytes as Body)).status).toBe(201);
    expect(await waitFor(record)).toMatchObject({ state: 'published' });
  });

  it('is asked again after a restart in the middle, once the claim has ended', async () => {
    let now = Date.now();
    const clock = { now: () => now };
    await open(guard(), { clock });
    const asked = new Promise<void>((resolve) => source.answer(() => resolve()));
    const record = release();
    await publish(record, { [digest]: [urlAt('/')] });
    await asked;
    await registry.close();

    source.answer(send(bytes));
    await open(guard(), { clock });
    expect((await call.get(paths.record(record.logId, record.recordId))).json()).toMatchObject({
      state: 'processing',
    });
    await registry.close();
    now += 6 * 60_000;
    await open(guard(), { clock });
    expect(await waitFor(record)).toMatchObject({ state: 'published' });
    expect(source.asked).toHaveLength(2);
  });
});
