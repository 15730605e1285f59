import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noDockerRegistry, startDockerRegistry } from '../../../test/docker-registry.ts';
import { type FaultProxy, faultProxy } from '../../../test/fault-proxy.ts';
import { s3Credentials, startS3 } from '../../../test/s3-server.ts';
import { freePort } from '../../../test/server-process.ts';
import type { StoreServer } from '../../../test/store-server.ts';
import type { ContentStore } from '../content-store.ts';
import { ociContentStore } from '../oci/oci-content.ts';
import { s3ContentStore } from '../s3/s3-content.ts';
import { bytesOf, chunksOf } from '../testing/content-streams.ts';
import type { Patience } from './exchange.ts';

interface Backend {
  readonly name: string;
  readonly missing?: string | undefined;
  start(dir: string, port: number): Promise<StoreServer>;
  open(url: string, spoolDir: string, patience: Partial<Patience>): Promise<ContentStore>;
}

const backends: readonly Backend[] = [
  {
    name: 'S3',
    start: (dir, port) => startS3(dir, port, 'packages'),
    open: (endpoint, spoolDir, patience) =>
      s3ContentStore({ bucket: 'packages', endpoint, credentials: s3Credentials, spoolDir, patience }),
  },
  {
    name: noDockerRegistry === undefined ? 'OCI' : `OCI (skipped: ${noDockerRegistry})`,
    missing: noDockerRegistry,
    start: (dir, port) => startDockerRegistry(dir, port),
    open: (url, spoolDir, patience) =>
      ociContentStore({
        host: new URL(url).host,
        repository: 'packages',
        credentials: async () => undefined,
        spoolDir,
        patience,
      }),
  },
];

/** Too large for the buffers between two processes to hold. */
const size = 24 * 2 ** 20;
const cap = 2 ** 30;
const unavailable = {
  code: 'CONTENT_STORE_UNAVAILABLE',
  message: expect.stringContaining('try again later'),
};

for (const backend of backends) {
  describe.skipIf(backend.missing !== undefined)(`a flaky store: ${backend.name}`, () => {
    let dir: string;
    let server: StoreServer;
    let proxy: FaultProxy;
    let store: ContentStore;
    const content = () => {
      const bytes = new Uint8Array(randomBytes(size));
      return { bytes, digest: digestOf(bytes) };
    };

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'warg-faults-'));
      server = await backend.start(join(dir, 'store'), await freePort());
    });
    afterAll(async () => {
      await server?.kill();
      await rm(dir, { recursive: true, force: true });
    });
    beforeEach(async () => {
      proxy = await faultProxy(server.port);
      store = await open({});
    });
    afterEach(async () => {
      await store.close();
      proxy.close();
    });

    const open = (patience: Partial<Patience>) =>
      backend.open(proxy.url, join(dir, 'spool'), { pause: 1, ...patience });

    async function isWhole({ bytes, digest }: ReturnType<typeof content>): Promise<void> {
      expect(await store.size(digest)).toBe(size);
      expect(Buffer.compare(await bytesOf(await store.read(digest)), bytes)).toBe(0);
    }

    it('takes an upload whose connection is cut in its middle', async () => {
      const it = content();
      proxy.strike({ direction: 'up', after: size / 2 });
      expect(await store.write(it.digest, chunksOf(it.bytes, 65_536), cap)).toBe(size);
      expect(proxy.struck()).toBe(1);
      await isWhole(it);
    });

    it.each([0, 200, 500, 900, 1500])(
      'takes an upload although an answer to it is lost after %i bytes',
      async (after) => {
        const bytes = new Uint8Array(randomBytes(1000));
        proxy.strike({ direction: 'down', after });
        expect(await store.write(digestOf(bytes), chunksOf(bytes, 100), cap)).toBe(1000);
        expect(await bytesOf(await store.read(digestOf(bytes)))).toEqual(bytes);
      },
    );

    it('does not acknowledge an upload in whose middle the store is killed, and takes it afterwards', async () => {
      const it = content();
      proxy.strike({ direction: 'up', after: size / 2, onStrike: () => server.kill() });
      const writing = store.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      await expect(writing).rejects.toMatchObject(unavailable);
      // Nobody knows what the store has: that it has nothing is not the answer.
      await expect(store.size(it.digest)).rejects.toMatchObject(unavailable);
      await expect(store.read(it.digest)).rejects.toMatchObject(unavailable);
      expect(await readdir(join(dir, 'spool'))).toEqual([]);
      server = await backend.start(join(dir, 'store'), server.port);
      expect(await store.size(it.digest)).toBeUndefined();
      await store.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      await isWhole(it);
    });

    it('gives up an upload to a store that stands still, and takes it afterwards', async () => {
      const it = content();
      const impatient = await open({ tries: 1, idle: 3_000 });
      proxy.strike({
        direction: 'up',
        after: size / 2,
        onStrike: () => server.signal('SIGSTOP'),
        cut: false,
      });
      const writing = impatient.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      await expect(writing).rejects.toMatchObject(unavailable);
      await expect(impatient.size(it.digest)).rejects.toMatchObject(unavailable);
      server.signal('SIGCONT');
      await impatient.close();
      await store.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      await isWhole(it);
    });

    it('breaks off a download in whose middle the store is killed', async () => {
      const it = content();
      await store.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      proxy.strike({ direction: 'down', after: size / 2, onStrike: () => server.kill() });
      const reading = (async () => bytesOf(await store.read(it.digest)))();
      await expect(reading).rejects.toThrow();
      server = await backend.start(join(dir, 'store'), server.port);
      await isWhole(it);
    });

    it('breaks off a download from a store that stands still', async () => {
      const it = content();
      const impatient = await open({ tries: 1, idle: 3_000 });
      await store.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      // A cut after half of it would be an error of its own; this one says nothing more.
      const reading = (async () => {
        const reader = (await impatient.read(it.digest)).getReader();
        await reader.read();
        server.signal('SIGSTOP');
        while (!(await reader.read()).done);
      })();
      await expect(reading).rejects.toThrow('nothing moved for 3000 ms');
      server.signal('SIGCONT');
      await impatient.close();
      await isWhole(it);
    });

    it('stops trying when it is closed', async () => {
      const it = content();
      const patient = await open({ tries: 1000, pause: 600_000 });
      const struck = new Promise<void>((resolve) => {
        proxy.strike({ direction: 'up', after: size / 2, onStrike: resolve });
      });
      const writing = patient.write(it.digest, chunksOf(it.bytes, 65_536), cap);
      writing.catch(() => {});
      await struck;
      await patient.close();
      await expect(writing).rejects.toThrow('closed');
    });
  });
}
