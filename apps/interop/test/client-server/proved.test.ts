// The client and the server of this house with a cache between them, which does what a CDN does with GET.

import { afterEach, describe, expect, it } from 'vitest';
import { content, openClient, startRegistry, text } from './registry.ts';

type Fetch = Awaited<ReturnType<typeof startRegistry>>['fetch'];

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** Keeps what may be kept for good, by its whole URL. */
function cdn(origin: Fetch) {
  const kept = new Map<string, { readonly body: ArrayBuffer; readonly headers: Headers }>();
  const asked: string[] = [];
  const hits: string[] = [];
  const fetch: Fetch = async (request) => {
    const { pathname, search } = new URL(request.url);
    const found = request.method === 'GET' ? kept.get(request.url) : undefined;
    if (found !== undefined) {
      hits.push(pathname);
      return new Response(found.body, { headers: found.headers });
    }
    asked.push(`${request.method} ${pathname}${search}`);
    const answer = await origin(request);
    const control = answer.headers.get('cache-control') ?? '';
    if (request.method !== 'GET' || answer.status !== 200 || !/^public,.*\bimmutable\b/.test(control))
      return answer;
    const body = await answer.arrayBuffer();
    kept.set(request.url, { body, headers: answer.headers });
    return new Response(body, { headers: answer.headers });
  };
  return { fetch, asked, hits };
}

describe('with a cache before the registry', () => {
  it('the second client that is new asks the registry for the newest checkpoint, and the cache for the rest', async () => {
    const { fetch: origin, registry } = await startRegistry();
    close = () => registry.close();
    const publisher = await openClient(origin);
    const release = { type: 'release', version: '1.0.0', content: content('one') } as const;
    await publisher.publish({ name: 'test:hello', entries: [release] }, { init: true });

    const { fetch, asked, hits } = cdn(origin);
    for (const isFirst of [true, false]) {
      asked.length = 0;
      const client = await openClient(fetch);
      expect(text(await (await client.download('test:hello')).bytes())).toBe('one');
      const found = asked.filter((call) => /v1\/(fetch|proof|proved)/.test(call));
      expect(found.map((call) => call.replace(/sha256:.*/, '…'))).toEqual(
        isFirst ? ['GET /v1/fetch/checkpoint', 'GET /v1/proved/…'] : ['GET /v1/fetch/checkpoint'],
      );
    }
    expect(hits.some((path) => path.startsWith('/v1/proved/'))).toBe(true);

    // Who has the operator log asks under another URL, and a new length is another one, too.
    await publisher.publish({ name: 'test:hello', entries: [{ ...release, version: '1.1.0' }] });
    const client = await openClient(fetch);
    expect((await client.package('test:hello')).releases).toHaveLength(2);
  });
});
