import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '@warg/crypto';
import { decodePackageRecordResponse, paths, type UploadEndpoint } from '@warg/protocol/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ContentStore } from '../src/content/content-store.ts';
import { s3ContentStore } from '../src/content/s3/s3-content.ts';
import type { Registry, RegistryOptions } from '../src/create-registry.ts';
import { wasmContentPolicy } from '../src/policy/content/wasm-policy.ts';
import { releaseEntry, type TestRecord, testPackage } from './publisher.ts';
import { type Body, openRegistry, type RegistryCaller } from './registry-caller.ts';
import { s3Credentials, startS3 } from './s3-server.ts';
import { checkSignatures } from './s3-signatures.ts';
import { freePort } from './server-process.ts';
import type { StoreServer } from './store-server.ts';
import { coreModule } from './wasm-samples.ts';

let dir: string;
let s3: StoreServer;
let gate: Awaited<ReturnType<typeof checkSignatures>>;
let registry: Registry;
let call: RegistryCaller;
let content: ContentStore;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'warg-staged-'));
  s3 = await startS3(join(dir, 's3'), await freePort(), 'packages');
  gate = await checkSignatures(s3.port, s3Credentials.secretAccessKey);
});
afterAll(async () => {
  gate?.close();
  await s3?.kill();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(() => registry.close());

async function open(options: Partial<RegistryOptions> = {}): Promise<void> {
  content = await s3ContentStore({
    bucket: 'packages',
    prefix: 'some/where',
    endpoint: gate.url,
    credentials: s3Credentials,
    spoolDir: join(dir, 'spool'),
    patience: { pause: 1 },
  });
  const opened = await openRegistry({
    content,
    contentUploadSeconds: 300,
    maxContentBytes: 2 ** 20,
    ...options,
  });
  registry = opened;
  call = opened.call;
}

async function submit(bytes: Uint8Array) {
  const pkg = testPackage('test:hello');
  const record = pkg.init(releaseEntry('1.0.0', digestOf(bytes)));
  const answer = decodePackageRecordResponse((await call.publish(record)).text);
  if (answer.state !== 'sourcing') throw new Error(`expected sourcing, found ${answer.state}`);
  return {
    record,
    digest: digestOf(bytes),
    upload: answer.missingContent.get(digestOf(bytes))?.upload ?? [],
  };
}

async function put({ method, url, headers }: UploadEndpoint, bytes: Uint8Array): Promise<number> {
  const response = await fetch(url, { method, headers: Object.fromEntries(headers), body: bytes as Body });
  await response.arrayBuffer();
  return response.status;
}

const complete = ({ logId, recordId }: TestRecord, digest: Digest) =>
  call.request(paths.completeContent(logId, recordId, digest), { method: 'POST' });

/** Whether something lies where the content was put. */
async function isStaged({ recordId }: TestRecord, digest: Digest): Promise<boolean> {
  const found = await content.staging?.open(digest, recordId);
  await found?.body.cancel();
  return found !== undefined;
}

describe('an upload into the content store', () => {
  const bytes = () => new Uint8Array(randomBytes(300_000));

  it('is offered behind our own, is taken over when it is complete, and leaves nothing beside the content', async () => {
    await open();
    const sample = bytes();
    const { record, digest, upload } = await submit(sample);
    const [own, direct, ...more] = upload;
    expect(own).toEqual({
      type: 'http',
      method: 'POST',
      url: paths.recordContent(record.logId, record.recordId, digest),
      headers: new Map(),
    });
    expect(direct).toMatchObject({ type: 'http', method: 'PUT' });
    const checksum = Buffer.from(digest.slice(7), 'hex').toString('base64');
    expect(direct?.headers).toEqual(new Map([['x-amz-checksum-sha256', checksum]]));
    expect(new URL(direct!.url).searchParams.get('X-Amz-Expires')).toBe('300');
    expect(more).toEqual([]);

    expect(await put(direct!, sample)).toBe(200);
    expect(await content.size(digest)).toBeUndefined();
    expect((await complete(record, digest)).status).toBe(201);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
    expect((await call.get(`content/${digest.replace(':', '-')}`)).bytes).toEqual(sample);
    expect(await isStaged(record, digest)).toBe(false);
  });

  it('cannot be used for another content, nor without the checksum', async () => {
    await open();
    const sample = bytes();
    const [, direct] = (await submit(sample)).upload;
    expect(await put({ ...direct!, headers: new Map() }, sample)).toBe(403);
    const other = Buffer.from(randomBytes(32)).toString('base64');
    expect(await put({ ...direct!, headers: new Map([['x-amz-checksum-sha256', other]]) }, sample)).toBe(403);
    const moved = direct!.url.replace(/sha256-[0-9a-f]{64}\?/, `sha256-${'0'.repeat(64)}?`);
    expect(await put({ ...direct!, url: moved }, sample)).toBe(403);
    expect(await put({ ...direct!, method: 'DELETE' }, sample)).toBe(403);
  });

  it('is not believed: other bytes are refused and removed, and our own upload is still there', async () => {
    await open();
    const sample = bytes();
    const { record, digest, upload } = await submit(sample);
    // s3rver does not know the checksum.
    expect(await put(upload[1]!, bytes())).toBe(200);
    const answer = await complete(record, digest);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('does not match');
    expect(await isStaged(record, digest)).toBe(false);
    expect(await content.size(digest)).toBeUndefined();
    expect((await complete(record, digest)).status).toBe(404);
    expect((await call.upload(record, digest, sample as Body)).status).toBe(201);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
  });

  it('is refused and removed when it is larger than the registry accepts', async () => {
    await open();
    const sample = new Uint8Array(2 ** 20 + 1);
    const { record, digest, upload } = await submit(sample);
    expect(await put(upload[1]!, sample)).toBe(200);
    expect((await complete(record, digest)).status).toBe(413);
    expect(await isStaged(record, digest)).toBe(false);
  });

  it('is looked at by the content policy', async () => {
    await open({ contentPolicy: wasmContentPolicy({ kinds: ['component'] }) });
    const { record, digest, upload } = await submit(coreModule);
    expect(await put(upload[1]!, coreModule)).toBe(200);
    expect((await complete(record, digest)).status).toBe(422);
    expect(await call.settle(record)).toMatchObject({ state: 'rejected' });
    expect(await isStaged(record, digest)).toBe(false);
    expect(await content.size(digest)).toBeUndefined();
  });

  it('is taken over once, however often that is asked for at once', async () => {
    await open();
    const sample = bytes();
    const { record, digest, upload } = await submit(sample);
    await put(upload[1]!, sample);
    const answers = await Promise.all([1, 2, 3].map(() => complete(record, digest)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
    expect((await complete(record, digest)).status).toBe(405);
  });

  it.each([
    ['was not put there', true, 404],
    ['the record does not need', false, 400],
  ])('cannot be completed with a content that %s', async (_, isNeeded, status) => {
    await open();
    const { record, digest } = await submit(bytes());
    const other = digestOf(bytes());
    expect((await complete(record, isNeeded ? digest : other)).status).toBe(status);
  });

  it('is not offered unless the operator wants it', async () => {
    await open({ contentUploadSeconds: undefined as never });
    const { record, digest, upload } = await submit(bytes());
    expect(upload).toHaveLength(1);
    expect((await complete(record, digest)).status).toBe(404);
  });

  it('is removed when nobody completed it in time', async () => {
    await open();
    const sample = bytes();
    const { record, digest, upload } = await submit(sample);
    await put(upload[1]!, sample);
    expect(await content.staging?.removeOlder(Date.now() - 3_600_000)).toBe(0);
    expect(await isStaged(record, digest)).toBe(true);
    expect(await content.staging?.removeOlder(Date.now() + 3_600_000)).toBeGreaterThanOrEqual(1);
    expect(await isStaged(record, digest)).toBe(false);
  });
});
