// What tests publish, and how they get between a client and a registry.

import type { PublishEntry } from '../../src/options.ts';
import type { Fetch } from './serve.ts';
import { hello } from './setup.ts';

export const release = (
  version: string,
  content: Extract<PublishEntry, { type: 'release' }>['content'] = hello,
): PublishEntry => ({
  type: 'release',
  version,
  content,
});
export const first = { name: 'test:hello', entries: [release('1.0.0')] };
export const lost = () => Promise.reject(new TypeError('fetch failed'));

/** Does something instead of, or after, the honest answer to the calls that match. */
export function meddling(
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

export const submission = '^POST /v1/package/[^/]+/record$';
export const upload = '^POST .*/content/';
export const state = '^GET /v1/package/[^/]+/record/[^/]+$';
