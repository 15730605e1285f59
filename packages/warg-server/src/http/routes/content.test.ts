import { encodeUtf8 } from '@warg/crypto';
import { decodeContentSourcesResponse, paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestNamed, testPackage } from '../../../test/publisher.ts';
import { base, contentNamed, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const name = 'the content of a release';
const bytes = encodeUtf8(name);
const digest = digestNamed(name);
const file = `content/${digest.replace(':', '-')}`;
const etag = `"${digest.replace(':', '-')}"`;

beforeAll(async () => {
  const opened = await openRegistry({ content: contentNamed(name, 'unnamed') });
  registry = opened;
  call = opened.call;
  const pkg = testPackage('test:hello');
  await call.settle(pkg.init());
  await call.settle(pkg.release('1.0.0', digest));
});
afterAll(() => registry.close());

describe('v1/content', () => {
  it('says where a content is, as an absolute URL', async () => {
    const answer = await call.get(paths.content(digest));
    expect(answer.json()).toEqual({
      contentSources: {
        [digest]: [{ type: 'httpGet', url: `${base}/${file}`, acceptRanges: true, size: bytes.length }],
      },
    });
  });

  it.each([
    [{ publicUrl: 'https://registry.example/' }, 'https://registry.example'],
    [
      { publicUrl: 'https://registry.example', contentBaseUrl: 'https://cdn.example/x/' },
      'https://cdn.example/x',
    ],
  ])('builds it on %o', async (options, expected) => {
    const other = await openRegistry({ content: contentNamed(name), ...options });
    const pkg = testPackage('test:hello');
    await other.call.settle(pkg.init());
    await other.call.settle(pkg.release('1.0.0', digest));
    const { contentSources } = decodeContentSourcesResponse(
      (await other.call.get(paths.content(digest))).text,
    );
    expect(contentSources.get(digest)?.[0]?.url).toBe(`${expected}/${file}`);
    await other.close();
  });

  it.each([
    ['that is not here', digestNamed('nowhere')],
    ['that no published record names', digestNamed('unnamed')],
  ])('has no answer to a content %s', async (_, other) => {
    const answer = await call.get(paths.content(other));
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ status: 404, type: 'contentDigest', id: other });
    expect((await call.get(`content/${other.replace(':', '-')}`)).status).toBe(404);
  });

  it.each(['x', 'sha256:', 'sha256:abcd', `sha512:${'ab'.repeat(64)}`])('cannot read %s', async (text) => {
    expect((await call.get(paths.content(text))).status).toBe(400);
  });
});

describe('content', () => {
  it('downloads', async () => {
    const answer = await call.get(file);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(name);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      'cache-control': 'public, max-age=31536000, immutable, no-transform',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      etag,
    });
  });

  it('says the same of it to HEAD', async () => {
    const answer = await call.request(file, { method: 'HEAD', headers: { range: 'bytes=0-1' } });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect(answer.headers.get('etag')).toBe(etag);
  });

  it('downloads a part', async () => {
    const answer = await call.get(file, { range: 'bytes=4-10' });
    expect(answer.status).toBe(206);
    expect(answer.text).toBe('content');
    expect(answer.headers.get('content-range')).toBe(`bytes 4-10/${bytes.length}`);
    expect(answer.headers.get('content-length')).toBe('7');
  });

  it('gives a part only of the content that the client means', async () => {
    expect((await call.get(file, { range: 'bytes=0-2', 'if-range': etag })).text).toBe('the');
    expect((await call.get(file, { range: 'bytes=0-2', 'if-range': '"other"' })).text).toBe(name);
  });

  it('says 416 to a part behind the end', async () => {
    const answer = await call.get(file, { range: 'bytes=1000-' });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
    expect(answer.json()).toMatchObject({ status: 416 });
  });

  it('says 304 to whoever has it', async () => {
    const answer = await call.get(file, { 'if-none-match': `"x", ${etag}` });
    expect(answer.status).toBe(304);
    expect(answer.text).toBe('');
    expect(answer.headers.get('etag')).toBe(etag);
  });

  it.each([
    `content/${digest}`,
    `content/${digest.replace(':', '-').toUpperCase()}`,
    `content/${digest.replace(':', '-')}/`,
    `content/..%2f${digest.replace(':', '-')}`,
    'content/..%2f..%2fregistry.db',
    'content/%2e%2e/registry.db',
    'content/sha256-',
    'content/',
  ])('has nothing at %s', async (path) => {
    const answer = await call.get(path);
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ status: 404 });
  });
});
