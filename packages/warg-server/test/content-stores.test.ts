import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf, encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { decodeContentSourcesResponse, paths } from '@warg/protocol/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noDockerRegistry, startDockerRegistry } from './docker-registry.ts';
import { faultProxy } from './fault-proxy.ts';
import { releaseEntry, testPackage } from './publisher.ts';
import { callerOf } from './registry-caller.ts';
import { s3Credentials, startS3 } from './s3-server.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from './server-process.ts';
import type { StoreServer } from './store-server.ts';

interface Backend {
  readonly name: string;
  readonly missing?: string | undefined;
  start(dir: string, port: number): Promise<StoreServer>;
  /** The options of a registry whose contents are in the store at this port. */
  options(port: number): readonly string[];
}

const aws = {
  AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
};

const backends: readonly Backend[] = [
  {
    name: 'S3',
    start: (dir, port) => startS3(dir, port, 'packages'),
    options: (port) => [
      ...['--content-store', 's3://packages/some/where'],
      ...['--content-store-endpoint', `http://127.0.0.1:${port}`],
    ],
  },
  {
    name: noDockerRegistry === undefined ? 'OCI' : `OCI (skipped: ${noDockerRegistry})`,
    missing: noDockerRegistry,
    start: (dir, port) => startDockerRegistry(dir, port),
    options: (port) => ['--content-store', `oci://127.0.0.1:${port}/some/where`],
  },
];

let dir: string;
const registries: ServerProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'warg-content-'));
  writeFileSync(join(dir, 'operator.key'), encodePrivateKey(generatePrivateKey()));
});
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.kill();
  rmSync(dir, { recursive: true, force: true });
});

const common = () => [
  ...['--data-dir', join(dir, 'data'), '--operator-key-file', join(dir, 'operator.key')],
  ...['--namespace', 'test'],
];

async function serve(options: readonly string[]): Promise<ServerProcess> {
  const env = { ...aws, DOCKER_CONFIG: dir };
  const registry = await startServer(await freePort(), [...common(), ...options], env);
  registries.push(registry);
  return registry;
}

const callerAt = (registry: ServerProcess) =>
  callerOf((request) => {
    const { pathname } = new URL(request.url);
    return fetch(`${registry.url}${pathname}`, request);
  });

function release() {
  const content = new Uint8Array(randomBytes(8 * 2 ** 20));
  const digest = digestOf(content);
  const pkg = testPackage('test:hello');
  return { content, digest, init: pkg.init(), record: pkg.record([releaseEntry('1.0.0', digest)]) };
}

/** Downloads as a client does: asks where the content is, and checks what comes. */
async function download(registry: ServerProcess, digest: Digest): Promise<Response> {
  const answer = (await callerAt(registry).get(paths.content(digest))).text;
  const [source] = decodeContentSourcesResponse(answer).contentSources.get(digest) ?? [];
  return await fetch(source?.url ?? '');
}

async function expectWhole(registry: ServerProcess, digest: Digest): Promise<void> {
  const answer = await download(registry, digest);
  expect(answer.status).toBe(200);
  expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(digest);
}

for (const backend of backends) {
  describe.skipIf(backend.missing !== undefined)(`a registry with its contents in ${backend.name}`, () => {
    let storeDir: string;
    let store: StoreServer;

    beforeAll(async () => {
      storeDir = mkdtempSync(join(tmpdir(), 'warg-store-'));
      store = await backend.start(storeDir, await freePort());
    });
    afterAll(async () => {
      await store?.kill();
      rmSync(storeDir, { recursive: true, force: true });
    });

    it('publishes and serves, also after a restart', async () => {
      const { content, digest, init, record } = release();
      const first = await serve(backend.options(store.port));
      const call = callerAt(first);
      await call.settle(init);
      await call.publish(record);
      const wrong = await call.upload(record, digest, content.subarray(1));
      expect(wrong.status).toBe(400);
      expect((await call.upload(record, digest, content)).status).toBe(201);
      expect(await call.settle(record)).toMatchObject({ state: 'published' });
      await expectWhole(first, digest);
      await first.kill();

      const second = await serve(backend.options(store.port));
      await expectWhole(second, digest);
      const url = `${second.url}/content/${digest.replace(':', '-')}`;
      const part = await fetch(url, { headers: { range: 'bytes=5-70000' } });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes 5-70000/${content.byteLength}`);
      expect(Buffer.compare(await part.bytes(), content.subarray(5, 70_001))).toBe(0);
      const head = await fetch(url, { method: 'HEAD' });
      expect(head.headers.get('content-length')).toBe(String(content.byteLength));
      expect(readdirSync(join(dir, 'data'))).not.toContain('content');
      expect(readdirSync(join(dir, 'data', 'uploads'))).toEqual([]);
    });

    it('knows a content that another record brought, and asks for none twice', async () => {
      const { content, digest, init, record } = release();
      const call = callerAt(await serve(backend.options(store.port)));
      await call.settle(init);
      await call.publish(record);
      await call.upload(record, digest, content);
      const other = testPackage('test:other');
      expect(await call.settle(other.init(releaseEntry('1.0.0', digest)))).toMatchObject({
        state: 'published',
      });
    });

    it('says 503 while the store is gone, keeps the record waiting, and goes on when it is back', async () => {
      const { content, digest, init, record } = release();
      const proxy = await faultProxy(store.port);
      const registry = await serve(backend.options(proxy.port));
      const call = callerAt(registry);
      await call.settle(init);
      await call.publish(record);
      proxy.strike({ direction: 'up', after: 2 ** 20, onStrike: () => store.kill() });
      const upload = await call.upload(record, digest, content);
      expect(upload.status).toBe(503);
      expect(upload.json()).toEqual({ status: 503, message: expect.stringContaining('try again later') });
      const status = (await call.get(paths.record(record.logId, record.recordId))).json();
      expect(status).toMatchObject({ state: 'sourcing', missingContent: { [digest]: expect.anything() } });
      // Whether it has the content of another record cannot be known either.
      const other = testPackage('test:other').init(releaseEntry('1.0.0', digest));
      expect((await call.publish(other)).status).toBe(503);

      store = await backend.start(storeDir, store.port);
      expect((await call.upload(record, digest, content)).status).toBe(201);
      expect(await call.settle(record)).toMatchObject({ state: 'published' });
      await expectWhole(registry, digest);

      await store.kill();
      expect((await call.get(`content/${digest.replace(':', '-')}`)).status).toBe(503);
      expect((await call.get('v1/fetch/checkpoint')).status).toBe(200);
      store = await backend.start(storeDir, store.port);
      proxy.strike({ direction: 'down', after: 2 ** 20 });
      const broken = await download(registry, digest);
      await expect(broken.arrayBuffer()).rejects.toThrow();
      await expectWhole(registry, digest);
      proxy.close();
    });

    it('says at its start that the store cannot be used', async () => {
      const options = backend.options(await freePort());
      const { status, stderr } = runToEnd(options, { ...aws, DOCKER_CONFIG: dir });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^error: cannot use the content store `(s3|oci):\/\/.*--content-store.*ECONNREFUSED/,
      );
    });
  });
}

describe('--content-redirect', () => {
  it('sends downloads to the store itself', async () => {
    const [s3] = backends as [Backend];
    const store = await s3.start(join(dir, 's3'), await freePort());
    try {
      const { content, digest, init, record } = release();
      const registry = await serve([...s3.options(store.port), '--content-redirect', '60']);
      const call = callerAt(registry);
      await call.settle(init);
      await call.publish(record);
      await call.upload(record, digest, content);
      await call.settle(record);
      const url = `${registry.url}/content/${digest.replace(':', '-')}`;
      const answer = await fetch(url, { redirect: 'manual' });
      expect(answer.status).toBe(307);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const target = new URL(answer.headers.get('location') ?? '');
      expect(target.origin).toBe(store.url);
      expect(target.searchParams.get('X-Amz-Expires')).toBe('60');
      await expectWhole(registry, digest);
      expect((await fetch(url, { method: 'HEAD', redirect: 'manual' })).status).toBe(200);
      const missing = `${registry.url}/content/sha256-${'0'.repeat(64)}`;
      expect((await fetch(missing, { redirect: 'manual' })).status).toBe(404);
    } finally {
      await store.kill();
    }
  });
});

function runToEnd(options: readonly string[], env: Record<string, string>) {
  const args = [PROGRAM, '--listen', '127.0.0.1:0', ...common(), ...options];
  return spawnSync(process.execPath, args, {
    env: programEnvironment(env) as NodeJS.ProcessEnv,
    encoding: 'utf8',
    timeout: 50_000,
  });
}

describe('options that do not go together', () => {
  const s3 = ['--content-store', 's3://packages'];
  const oci = ['--content-store', 'oci://127.0.0.1:1/packages'];
  const endpoint = ['--content-store-endpoint', 'http://127.0.0.1:1'];
  it.each([
    [[...s3, ...endpoint, '--content-dir', 'x'], {}, '--content-store'],
    [[...s3, ...endpoint], { WARG_CONTENT_DIR: 'x' }, '--content-store'],
    [endpoint, {}, '--content-store-endpoint is for a content store in S3'],
    [[...oci, ...endpoint], {}, '--content-store-endpoint is for a content store in S3'],
    [[...oci, '--content-redirect', '60'], {}, '--content-redirect is for a content store in S3'],
    [s3, aws, 'needs a region: set AWS_REGION'],
    [[...s3, ...endpoint], { AWS_ACCESS_KEY_ID: 'x' }, 'needs credentials: set AWS_ACCESS_KEY_ID and'],
    [['--content-store', 'file://x'], {}, 'Expected a bucket'],
    [[...s3, ...endpoint, '--content-redirect', '0'], aws, 'Expected a number of seconds'],
  ] as const)('%j with %j', (options, env, message) => {
    const { status, stderr } = runToEnd(options, env);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
