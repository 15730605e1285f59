import { encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { encodePublishRecordRequest, type PackageRecordResponse, paths } from '@warg/protocol/api';
import type { ContentStore } from '../src/content/content-store.ts';
import { memoryContentStore } from '../src/content/memory-content.ts';
import { createRegistry, type Registry, type RegistryOptions } from '../src/create-registry.ts';
import type { RequestContext } from '../src/http/request-context.ts';
import { requireDocumented } from './documented-answers.ts';
import { doorOf } from './doors.ts';
import { digestNamed, type TestRecord } from './publisher.ts';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON, after a look at its content type. */
  json<T = Record<string, unknown>>(): T;
}

/** What a request may be sent with. */
export type Body = NonNullable<RequestInit['body']>;

/** Speaks to a registry as a client does, and holds every answer against `openapi.json`. */
export interface RegistryCaller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends JSON, or a text or bytes as they are. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  request(path: string, init?: RequestInit, context?: RequestContext): Promise<Answer>;
  publish(record: TestRecord): Promise<Answer>;
  upload(record: TestRecord, digest: string, body: Body): Promise<Answer>;
  /** Publishes and waits until the sequencer is done with the record. */
  settle(record: TestRecord): Promise<PackageRecordResponse>;
}

export const base = 'http://registry.test:8090';

export function callerOf(fetch: Registry['fetch']): RegistryCaller {
  const request: RegistryCaller['request'] = async (path, init, context) => {
    const response = await fetch(new Request(`${base}/${path}`, init), context);
    await requireDocumented(init?.method ?? 'GET', path, response);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text,
      json<T>() {
        const type = response.headers.get('content-type');
        if (type !== 'application/json') throw new Error(`expected JSON, found ${type}: ${text}`);
        return JSON.parse(text) as T;
      },
    };
  };
  const post: RegistryCaller['post'] = (path, body, headers = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    return request(path, {
      method: 'POST',
      body: (raw ? body : JSON.stringify(body)) as Body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  };
  const publish: RegistryCaller['publish'] = ({ logId, packageName, envelope }) =>
    post(
      paths.publishRecord(logId),
      encodePublishRecordRequest({ packageName, record: envelope as never, contentSources: new Map() }),
    );
  return {
    request,
    post,
    publish,
    get: (path, headers = {}) => request(path, { headers }),
    upload: ({ logId, recordId }, digest, body) =>
      request(paths.recordContent(logId, recordId, digest), {
        method: 'POST',
        body,
        duplex: 'half',
      } as RequestInit),
    async settle(record) {
      const published = await publish(record);
      if (published.status !== 202) throw new Error(`not taken: ${published.status} ${published.text}`);
      for (;;) {
        const state = (
          await request(paths.record(record.logId, record.recordId))
        ).json<PackageRecordResponse>();
        if (state.state !== 'processing') return state;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** A content store that has the contents of `digestNamed` of these names already. */
export async function contentNamed(...names: readonly string[]): Promise<ContentStore> {
  const content = memoryContentStore();
  for (const name of names) {
    await content.write(digestNamed(name), bytesOf(name), 1000);
  }
  return content;
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield encodeUtf8(text);
}

/** A registry in memory with the namespace `test`, and a caller of it. */
export async function openRegistry(
  options: Partial<RegistryOptions> = {},
): Promise<Registry & { readonly call: RegistryCaller }> {
  const registry = await createRegistry({
    operatorKey: generatePrivateKey(),
    namespaces: ['test', { namespace: 'far', state: 'imported', registry: 'far.example' }],
    ...options,
  });
  return { ...registry, call: callerOf(doorOf(registry)) };
}
