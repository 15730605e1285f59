import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noDockerRegistry, startDockerRegistry } from '../../../test/docker-registry.ts';
import { freePort } from '../../../test/server-process.ts';
import type { StoreServer } from '../../../test/store-server.ts';
import type { ContentStore } from '../content-store.ts';
import { bytesOf, chunksOf, listed, writeMany } from '../testing/content-streams.ts';
import { testContentStore } from '../testing/content-suite.ts';
import { type OciOptions, ociContentStore } from './oci-content.ts';

const what = noDockerRegistry === undefined ? '' : ` (skipped: ${noDockerRegistry})`;

describe.skipIf(noDockerRegistry !== undefined)(`an OCI registry${what}`, () => {
  let dir: string;
  let server: StoreServer;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'warg-oci-'));
    server = await startDockerRegistry(join(dir, 'registry'), await freePort());
  });
  afterAll(async () => {
    await server?.kill();
    await rm(dir, { recursive: true, force: true });
  });

  const open = (options: Partial<OciOptions> = {}): Promise<ContentStore> =>
    ociContentStore({
      host: new URL(server.url).host,
      repository: 'team/packages',
      credentials: async () => undefined,
      spoolDir: join(dir, 'spool'),
      patience: { pause: 1 },
      ...options,
    });

  testContentStore({ describe, it }, 'OCI', open);

  const bytes = new Uint8Array([1, 2, 3]);
  const digest = digestOf(bytes);
  const tag = digest.replace(':', '-');
  const get = (path: string, repository: string): Promise<Response> =>
    fetch(`${server.url}/v2/${repository}/${path}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });

  it('lists more contents than one answer has, and nothing of another repository', async () => {
    const store = await open({ repository: 'many' });
    expect(await listed(store)).toEqual([]);
    const digests = await writeMany(store, 103);
    expect(await listed(store)).toEqual(digests);
    await store.close();
  });

  it('keeps a content as a Wasm OCI artifact', async () => {
    const store = await open({ repository: 'artifacts' });
    await store.write(digest, chunksOf(bytes, 2), 10);
    const answer = await get(`manifests/${tag}`, 'artifacts');
    expect(answer.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
    const manifest = (await answer.json()) as { config: { digest: string; size: number } };
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.wasm.config.v0+json',
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        size: expect.any(Number),
      },
      layers: [{ mediaType: 'application/wasm', digest, size: 3 }],
      annotations: {
        'org.opencontainers.image.created': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    });
    const config = new Uint8Array(
      await (await get(`blobs/${manifest.config.digest}`, 'artifacts')).arrayBuffer(),
    );
    expect(digestOf(config)).toBe(manifest.config.digest);
    expect(config.byteLength).toBe(manifest.config.size);
    expect(JSON.parse(new TextDecoder().decode(config))).toEqual({
      created: '1970-01-01T00:00:00Z',
      architecture: 'wasm',
      os: 'wasip1',
      layerDigests: [digest],
    });
    expect(new Uint8Array(await (await get(`blobs/${digest}`, 'artifacts')).arrayBuffer())).toEqual(bytes);
    await store.close();
  });

  it('leaves neither tag nor spooled file after a wrong digest', async () => {
    const store = await open({ repository: 'wrong' });
    await store.write(digest, chunksOf(bytes.subarray(1), 2), 10).catch(() => {});
    expect((await get(`manifests/${tag}`, 'wrong')).status).toBe(404);
    expect((await get(`blobs/${digest}`, 'wrong')).status).toBe(404);
    expect(await readdir(join(dir, 'spool'))).toEqual([]);
    await store.close();
  });

  it('has no content whose manifest is missing, and makes it whole when it comes again', async () => {
    const store = await open({ repository: 'unfinished' });
    await store.write(digest, chunksOf(bytes, 2), 10);
    const name = (await get(`manifests/${tag}`, 'unfinished')).headers.get('docker-content-digest');
    const url = `${server.url}/v2/unfinished/manifests/${name}`;
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
    expect(await store.size(digest)).toBeUndefined();
    await store.write(digest, chunksOf(bytes, 2), 10);
    expect(await store.size(digest)).toBe(3);
    await store.close();
  });

  it('does not take somebody else’s artifact under its tag for a content', async () => {
    const store = await open({ repository: 'others' });
    const other = new Uint8Array([4]);
    await store.write(digest, chunksOf(bytes, 2), 10);
    await store.write(digestOf(other), chunksOf(other, 2), 10);
    const manifest = await (await get(`manifests/${tag}`, 'others')).text();
    const put = await fetch(`${server.url}/v2/others/manifests/${digestOf(other).replace(':', '-')}`, {
      method: 'PUT',
      body: manifest,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect(put.status).toBe(201);
    expect(await store.size(digestOf(other))).toBeUndefined();
    expect(await store.size(digest)).toBe(3);
    await store.close();
  });

  it('takes the same content from several processes at once', async () => {
    const stores = await Promise.all(
      [1, 2, 3].map(() => open({ repository: 'crowded', patience: { tries: 10, pause: 20 } })),
    );
    for (let round = 0; round < 10; round++) {
      const same = new Uint8Array(randomBytes(1000));
      await Promise.all(stores.map((store) => store.write(digestOf(same), chunksOf(same, 100), 1000)));
      expect(await bytesOf(await (stores[0] as ContentStore).read(digestOf(same)))).toEqual(same);
    }
    for (const store of stores) await store.close();
  });

  it('gives back what another opening stored', async () => {
    const first = await open();
    await first.write(digest, chunksOf(bytes, 2), 10);
    await first.close();
    const second = await open();
    expect(await bytesOf(await second.read(digest))).toEqual(bytes);
    await second.close();
  });

  it('says at once that it cannot use a server that is not there', async () => {
    const opening = open({ host: `127.0.0.1:${await freePort()}` });
    await expect(opening).rejects.toMatchObject({
      code: 'CONTENT_STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('ECONNREFUSED') },
    });
  });
});
