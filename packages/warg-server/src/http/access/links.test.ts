import { digestOf, encodeUtf8 } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PrivateRegistry,
  privateRegistry,
  type TestToken,
  uploadUrls,
} from '../../../test/private-registry.ts';
import { testPackage } from '../../../test/publisher.ts';
import { base, openRegistry } from '../../../test/registry-caller.ts';
import { memoryContentStore } from '../../content/memory-content.ts';
import { hasLink, readLink, signLink } from './links.ts';

const text = 'the content';
const digest = digestOf(encodeUtf8(text));
const other = digestOf(encodeUtf8('other'));
const START = Date.UTC(2030, 0, 1);

let now = START;
let hosted: PrivateRegistry;
let token: TestToken;

beforeAll(async () => {
  hosted = await privateRegistry({
    access: { isPrivate: true, contentUrlSeconds: 600 },
    clock: { now: () => now },
    resignInterval: 0,
  });
  token = await hosted.addToken();
  const a = testPackage('ours:a', { now: () => now });
  await hosted.publish(token, a.init());
  await hosted.publish(token, a.release('1.0.0', digest), { [digest]: text });
  await hosted.publish(token, a.release('2.0.0', other), { [other]: 'other' });
});
afterAll(() => hosted.close());

/** The path and query of the URL that a token is told to download from. */
async function link(of = token, content = digest): Promise<string> {
  const answer = await hosted.caller(of).get(paths.content(content));
  const { contentSources } = answer.json<{ contentSources: Record<string, { url: string }[]> }>();
  return contentSources[content]![0]!.url.slice(base.length + 1);
}

const get = (path: string, headers = {}) => hosted.caller().get(path, headers);

describe('the URL of a content', () => {
  it('is all that a download takes, whole, in parts, and its head alone', async () => {
    const url = await link();
    const whole = await get(url);
    expect([whole.status, whole.text]).toEqual([200, text]);
    expect(whole.headers.get('cache-control')).toBe('private, no-store');
    const part = await get(url, { range: 'bytes=4-' });
    expect([part.status, part.text]).toEqual([206, 'content']);
    const head = await hosted.caller().request(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(text.length)]);
    const again = await get(url, { 'if-none-match': whole.headers.get('etag')! });
    expect(again.status).toBe(304);
    expect(again.headers.get('cache-control')).toBe('private, no-store');
  });

  it('has an end', async () => {
    const url = await link();
    now += 599_000;
    expect((await get(url)).status).toBe(200);
    now += 1000;
    const late = await get(url);
    expect(late.status).toBe(403);
    expect(late.json()).toMatchObject({ message: expect.stringMatching(/expired or was changed/) });
    expect((await get(await link())).status).toBe(200);
  });

  it('ends with the token that it was made for', async () => {
    const short = await hosted.addToken();
    const url = await link(short);
    expect((await get(url)).status).toBe(200);
    await hosted.revoke(short);
    expect((await get(url)).status).toBe(403);
  });

  it('is of no use when anything of it is changed', async () => {
    const url = new URL(await link(), base);
    const elsewhere = (await link(token, other)).split('?')[1]!;
    const file = url.pathname.slice(1);
    const changed = (change: (query: URLSearchParams) => void) => {
      const query = new URLSearchParams(url.search);
      change(query);
      return `${file}?${query}`;
    };
    const signature = url.searchParams.get('signature')!;
    const tampered = [
      `${file}?${elsewhere}`,
      `content/${other.replace(':', '-')}${url.search}`,
      `content/${unknownFile}${url.search}`,
      changed((query) => query.set('expires', String(Number(query.get('expires')) + 1))),
      changed((query) => query.set('token-id', 'f'.repeat(16))),
      changed((query) =>
        query.set('signature', (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)),
      ),
    ];
    for (const path of tampered) {
      const { status, text: message } = await get(path);
      expect([path, status]).toEqual([path, 403]);
      expect(message).toContain('expired or was changed');
    }
    const malformed = [
      file,
      `${file}?`,
      `${url.pathname.slice(1)}${url.search}&more=1`,
      `${file}?${url.search.slice(1)}&${url.search.slice(1)}`,
      `${file}${url.search.replace('signature=', 'SIGNATURE=')}`,
      `${file}?expires=1${url.search.slice(1)}`,
      changed((query) => query.set('signature', signature.slice(1))),
      changed((query) => query.set('expires', `0${query.get('expires')}`)),
    ];
    for (const path of malformed) expect([path, (await get(path)).status]).toEqual([path, 401]);
  });

  it.each(['content/../content/', 'content//', 'content/./', 'Content/', 'content%2f'])(
    'is for its path alone: not for %s',
    async (prefix) => {
      const [file, query] = (await link()).replace('content/', '').split('?') as [string, string];
      const { status, text: body } = await get(`${prefix}${file}?${query}`);
      // The first and the third are the same URL, which `URL` tidies up before anybody sees it.
      if (prefix.includes('.')) expect([status, body]).toEqual([200, text]);
      else expect(status).toBe(404);
    },
  );

  it('does not open what it was not made for: the API, or an upload', async () => {
    const query = (await link()).split('?')[1]!;
    for (const path of [paths.fetchCheckpoint(), paths.ledger(), paths.content(digest)]) {
      expect((await get(`${path}?${query}`)).status).toBe(401);
    }
    const a = testPackage('ours:b', { now: () => now });
    const record = a.init({ type: 'release', version: '1.0.0' as never, content: other });
    const upload = paths.recordContent(record.logId, record.recordId, other);
    await hosted.caller(token).publish(record);
    const answer = await hosted.caller().request(`${upload}?${query}`, { method: 'POST', body: 'other' });
    expect(answer.status).toBe(403);
  });
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 604_801])(
  'URLs are not good for %d s',
  async (lifetime) => {
    const access = { isPrivate: true, contentUrlSeconds: lifetime };
    await expect(openRegistry({ access })).rejects.toThrow(/contentUrlSeconds/);
  },
);

describe('the URL of a content that its store hands out itself', () => {
  it('takes one of ours, and is good no longer', async () => {
    const asked: number[] = [];
    const elsewhere = await privateRegistry({
      access: { isPrivate: true, contentUrlSeconds: 60 },
      contentRedirectSeconds: 3600,
      content: {
        ...memoryContentStore(),
        temporaryUrl: async (_, seconds) => {
          asked.push(seconds);
          return new URL('https://store.test/content');
        },
      },
    });
    const owner = await elsewhere.addToken();
    const a = testPackage('ours:a');
    await elsewhere.publish(owner, a.init());
    await elsewhere.publish(owner, a.release('1.0.0', digest), { [digest]: text });
    const answer = await elsewhere.caller(owner).get(paths.content(digest));
    const { contentSources } = answer.json<{ contentSources: Record<string, { url: string }[]> }>();
    const url = contentSources[digest]![0]!.url.slice(base.length + 1);
    expect((await elsewhere.caller().get(url.split('?')[0]!)).status).toBe(401);
    expect((await elsewhere.caller().get(`${url}x`)).status).toBe(401);
    expect(asked).toEqual([]);
    const redirect = await elsewhere.caller().get(url);
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'https://store.test/content']);
    expect(redirect.headers.get('cache-control')).toBe('private, no-store');
    expect(asked).toEqual([60]);
    await elsewhere.close();
  });
});

const unknownFile = digestOf(encodeUtf8('unknown')).replace(':', '-');

describe('the URL of an upload', () => {
  it('is all that it takes, ends, and is given anew to who asks after the record', async () => {
    const a = testPackage('ours:c', { now: () => now });
    const content = digestOf(encodeUtf8('new'));
    const record = a.init({ type: 'release', version: '1.0.0' as never, content });
    const call = hosted.caller(token);
    const [[, url]] = uploadUrls(await call.publish(record)) as [[string, string]];
    const post = (path: string) => hosted.caller().request(path, { method: 'POST', body: 'new' });
    expect((await post(url.split('?')[0]!)).status).toBe(401);
    now += 3_600_000;
    expect((await post(url)).status).toBe(403);
    const status = await call.get(paths.record(record.logId, record.recordId));
    const [[, fresh]] = uploadUrls(status) as [[string, string]];
    expect(fresh).not.toBe(url);
    expect((await post(fresh)).status).toBe(201);
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
  });

  it('of somebody who may only read is of no use', async () => {
    const a = testPackage('ours:d', { now: () => now });
    const content = digestOf(encodeUtf8('newer'));
    const record = a.init({ type: 'release', version: '1.0.0' as never, content });
    await hosted.caller(token).publish(record);
    const reader = hosted.caller(await hosted.addToken({ scope: 'read', namespaces: ['ours'] }));
    const [[, url]] = uploadUrls(await reader.get(paths.record(record.logId, record.recordId))) as [
      [string, string],
    ];
    const answer = await hosted.caller().request(url, { method: 'POST', body: 'newer' });
    expect(answer.status).toBe(403);
  });
});

describe('links', () => {
  const key = new Uint8Array(32).fill(3);
  const grant = { tokenId: '0123456789abcdef', expires: 2_000_000_000 };
  const search = `?${signLink(key, 'content/x', grant)}`;

  it('are read as they were signed, with the same key and for the same path', () => {
    expect(hasLink(search)).toBe(true);
    expect(readLink(key, 'content/x', search, 0)).toEqual(grant);
    expect(readLink(new Uint8Array(32), 'content/x', search, 0)).toBeUndefined();
    expect(readLink(key, 'content/y', search, 0)).toBeUndefined();
    expect(readLink(key, 'content/x', search, grant.expires * 1000)).toBeUndefined();
  });

  it('have one spelling', () => {
    // The last letter of 32 bytes in base64 has two bits to spare.
    const last = search.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = search.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1];
    expect(Buffer.from(twin.slice(-43), 'base64url')).toEqual(Buffer.from(search.slice(-43), 'base64url'));
    expect(readLink(key, 'content/x', twin, 0)).toBeUndefined();
    for (const changed of [search.slice(1), `${search}#`, `${search}=`, search.replace('=2', '=+2'), '']) {
      expect(hasLink(changed)).toBe(false);
    }
  });
});
