import type { Registry } from '../src/create-registry.ts';
import { toResponse } from '../src/http/answers.ts';
import { SHORT_BODY } from '../src/http/direct-answers.ts';

/** By which door tests ask: `direct` takes the short way for whatever can go it. */
export const door: { name: 'fetch' | 'direct'; taken: number } = { name: 'fetch', taken: 0 };

/** The `fetch` of a registry by the door that is asked for now. */
export function doorOf({ fetch, direct }: Pick<Registry, 'fetch' | 'direct'>): Registry['fetch'] {
  if (door.name === 'fetch') return fetch;
  return async (request, context = {}) => {
    const { method } = request;
    const { pathname, search, host } = new URL(request.url);
    const endpoint = direct.find(method, pathname + search);
    if (endpoint === undefined) return fetch(request, context);
    const bytes = await beginningOf(request.clone().body);
    const isShort = endpoint.hasBody ? bytes.length > 0 && bytes.length <= SHORT_BODY : bytes.length === 0;
    if (!isShort) return fetch(request, context);
    door.taken += 1;
    const length = bytes.length === 0 ? {} : { 'content-length': String(bytes.length) };
    const headers = { host, ...length, ...Object.fromEntries(request.headers) };
    const answer = await endpoint.answer(
      { method, target: pathname + search, host, headers },
      { ...context, ...(endpoint.hasBody ? { bytes } : {}) },
    );
    return toResponse(answer);
  };
}

/** A body as far as it is short, and a little more of one that is not: it may have no end. */
async function beginningOf(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = body?.getReader();
  for (let size = 0; reader !== undefined && size <= SHORT_BODY; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  // Not waited for: it is over when the body itself is.
  reader?.cancel().catch(() => {});
  return Buffer.concat(chunks);
}
