import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Credentials, startS3 } from '../../../test/s3-server.ts';
import { checkSignatures } from '../../../test/s3-signatures.ts';
import { freePort } from '../../../test/server-process.ts';
import type { StoreServer } from '../../../test/store-server.ts';
import type { ContentStore } from '../content-store.ts';
import { bytesOf, chunksOf, listed } from '../testing/content-streams.ts';
import { testContentStore } from '../testing/content-suite.ts';
import { bucketUrl, type S3Options, s3ContentStore } from './s3-content.ts';

let dir: string;
let server: StoreServer;
let gate: Awaited<ReturnType<typeof checkSignatures>>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-s3-'));
  server = await startS3(join(dir, 's3'), await freePort(), 'packages');
  gate = await checkSignatures(server.port, s3Credentials.secretAccessKey);
});
afterAll(async () => {
  gate?.close();
  await server?.kill();
  await rm(dir, { recursive: true, force: true });
});

const open = (options: Partial<S3Options> = {}): Promise<ContentStore> =>
  s3ContentStore({
    bucket: 'packages',
    prefix: 'some/where',
    endpoint: gate.url,
    credentials: s3Credentials,
    spoolDir: join(dir, 'spool'),
    patience: { pause: 1 },
    ...options,
  });

testContentStore({ describe, it }, 'S3', open);
testContentStore({ describe, it }, 'S3 without a prefix', () => open({ prefix: '' }));

describe('bucketUrl', () => {
  it.each([
    ['packages', undefined, 'https://packages.s3.eu-central-1.amazonaws.com/'],
    ['my.packages', undefined, 'https://s3.eu-central-1.amazonaws.com/my.packages'],
    ['packages', 'http://127.0.0.1:9000/', 'http://127.0.0.1:9000/packages'],
    ['packages', 'https://storage.example/s3', 'https://storage.example/s3/packages'],
  ])('%s at %s is %s', (bucket, endpoint, url) => {
    expect(bucketUrl(bucket, 'eu-central-1', endpoint).href).toBe(url);
  });
});

describe('s3ContentStore', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const digest = digestOf(bytes);

  it('lists more contents than one answer has', async () => {
    const digests = Array.from({ length: 8 }, (_, number) => digestOf(Uint8Array.of(number))).sort();
    const keys = [...digests.map((each) => `many/${each.replace(':', '-')}`), 'many/sha256-other'];
    // s3rver cannot continue a list: what it encrypts its tokens with has left Node.
    const pages = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://localhost').searchParams;
      const behind = keys.filter(
        (key) => key > (query.get('start-after') ?? '') && key.startsWith(query.get('prefix') ?? ''),
      );
      const objects = behind.slice(0, 3).map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
      response.end(`<R><IsTruncated>${behind.length > 3}</IsTruncated>${objects.join('')}</R>`);
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    const { port } = pages.address() as AddressInfo;
    const store = await open({ prefix: 'many', endpoint: `http://127.0.0.1:${port}` });
    expect(await listed(store)).toEqual(digests);
    await store.close();
    pages.closeAllConnections();
    pages.close();
  });

  it('neither lists nor removes what others put beside it', async () => {
    const store = await open({ prefix: 'shared', endpoint: server.url });
    await store.write(digest, chunksOf(bytes, 2), 10);
    const other = await open({ prefix: 'shared/deeper', endpoint: server.url });
    await other.write(digestOf(), chunksOf(new Uint8Array(), 1), 10);
    expect(await listed(store)).toEqual([digest]);
    await store.remove(digestOf());
    expect(await other.size(digestOf())).toBe(0);
    await Promise.all([store.close(), other.close()]);
  });

  it('keeps a content as one object that is named after the digest, and nothing in the spool', async () => {
    const store = await open({ prefix: 'named' });
    await store.write(digest, chunksOf(bytes, 2), 10);
    await store.write(digest, chunksOf(bytes.subarray(1), 2), 10).catch(() => {});
    const files = await readdir(join(dir, 's3', 'packages', 'named'));
    expect(files.filter((name) => name.endsWith('_object'))).toEqual([
      `${digest.replace(':', '-')}._S3rver_object`,
    ]);
    expect(await readdir(join(dir, 'spool'))).toEqual([]);
    await store.close();
  });

  it('has no content of which only a part is left, nor one that it did not put there', async () => {
    const store = await open({ prefix: 'parts' });
    await store.write(digest, chunksOf(bytes, 2), 10);
    const object = join(dir, 's3', 'packages', 'parts', `${digest.replace(':', '-')}._S3rver_object`);
    await truncate(object, 2);
    expect(await store.size(digest)).toBeUndefined();
    await store.write(digest, chunksOf(bytes, 2), 10);
    expect(await store.size(digest)).toBe(3);
    await rm(object.replace('_object', '_metadata.json'));
    expect(await store.size(digest)).toBeUndefined();
    await store.close();
  });

  it('makes URLs with which anybody can download for a while', async () => {
    const store = await open();
    await store.write(digest, chunksOf(bytes, 2), 10);
    const url = await store.temporaryUrl?.(digest, 60);
    expect(url?.searchParams.get('X-Amz-Expires')).toBe('60');
    const answer = await fetch(url as URL, { headers: { range: 'bytes=1-2' } });
    expect(answer.status).toBe(206);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes.subarray(1));
    expect((await fetch(`${(url as URL).href.slice(0, -4)}0000`)).status).toBe(403);
    await store.close();
  });

  it.each([
    ['a bucket that is not there', { bucket: 'other' }, /404 \(NoSuchBucket\)/],
    [
      'a key that is not known',
      { credentials: { accessKeyId: 'x', secretAccessKey: 'S3RVER' } },
      /InvalidAccessKeyId/,
    ],
    [
      'a secret that is wrong',
      { credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'y' } },
      /403 \(SignatureDoesNotMatch\)/,
    ],
    ['a server that is not there', { endpoint: 'http://127.0.0.1:1' }, /ECONNREFUSED|bad port/],
  ])('says at once that it cannot use %s', async (_, options, reason) => {
    const opening = open({ ...options, spoolDir: join(dir, 'unused') });
    await expect(opening).rejects.toMatchObject({
      code: 'CONTENT_STORE_UNAVAILABLE',
      cause: { message: expect.stringMatching(reason) },
    });
  });

  it('fails the writes that run when it is closed', async () => {
    const store = await open();
    let close: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes;
      await closed;
      yield bytes;
    }
    const writing = store.write(digest, slow(), 10);
    await store.close();
    close();
    await expect(writing).rejects.toThrow('closed');
  });

  it('gives back what another opening stored', async () => {
    const first = await open();
    await first.write(digest, chunksOf(bytes, 2), 10);
    await first.close();
    const second = await open();
    expect(await bytesOf(await second.read(digest))).toEqual(bytes);
    await second.close();
  });
});
