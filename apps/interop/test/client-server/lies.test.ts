// A proxy in front of a real registry falsifies one answer at a time: a bit here, the end there. Whatever it does,
// the client fails with an error of its own and stores nothing, or believes what is true all the same.

import { type ClientStorage, memoryStorage, type WargClient } from '@warg/client';
import { WargError } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { content, openClient, type Running, registryUrl, startRegistry, text } from './registry.ts';

let running: Running;
let seenBefore: ReadonlyMap<string, Uint8Array>;

beforeAll(async () => {
  running = await startRegistry();
  const publisher = await openClient(running.fetch);
  const release = (version: string) =>
    ({ type: 'release', version, content: content(`content ${version}`) }) as const;
  await publisher.publish({ name: 'test:hello', entries: [release('1.0.0')] }, { init: true });
  const storage = memoryStorage();
  await (await openClient(running.fetch, { storage })).update(['test:hello']);
  seenBefore = await documentsOf(storage);
  await publisher.publish({ name: 'test:other', entries: [release('1.0.0')] }, { init: true });
  await publisher.publish({ name: 'test:hello', entries: [release('1.1.0')] });
});
afterAll(() => running.registry.close());

async function documentsOf(storage: ClientStorage): Promise<ReadonlyMap<string, Uint8Array>> {
  const snapshot = await storage.registry(registryUrl).snapshot();
  const documents = new Map<string, Uint8Array>();
  for (const key of snapshot.keys()) documents.set(key, (await snapshot.read(key))!);
  return documents;
}

async function storageThatSaw(): Promise<ClientStorage> {
  const storage = memoryStorage();
  const documents = storage.registry(registryUrl);
  await documents.commit(await documents.snapshot(), seenBefore);
  return storage;
}

/** What is believed, in a form that can be compared: without tokens, which prove nothing and harm nobody. */
function believed(documents: ReadonlyMap<string, Uint8Array>): unknown {
  return [...documents].map(([key, bytes]) => [key, text(bytes).replaceAll(/"fetchToken":"[^"]*"/g, '')]);
}

type Falsify = (body: Uint8Array) => Uint8Array;

/** Some bits flipped all over the body, and the body cut short or prolonged. */
function* falsifications(length: number): Generator<readonly [string, Falsify]> {
  for (let at = 0; at < length; at += Math.max(1, Math.floor(length / 150))) {
    yield [
      `bit of byte ${at}`,
      (body) => {
        const changed = Uint8Array.from(body);
        changed[at]! ^= 1 << (at % 7);
        return changed;
      },
    ];
  }
  for (const part of [0, 0.3, 0.9]) yield [`cut to ${part}`, (body) => body.slice(0, body.length * part)];
  yield ['prolonged', (body) => Uint8Array.from([...body, 0x7d])];
  yield ['twice', (body) => Uint8Array.from([...body, ...body])];
}

function proxy(path: RegExp, falsify: Falsify): Running['fetch'] {
  return async (request) => {
    const answer = await running.fetch(request);
    if (!path.test(new URL(request.url).pathname)) return answer;
    const body = falsify(new Uint8Array(await answer.arrayBuffer()));
    const headers = new Headers(answer.headers);
    headers.delete('content-length');
    return new Response(body.slice(), { status: answer.status, headers });
  };
}

const update = (client: WargClient) => client.update(['test:hello', 'test:other', 'test:none']);
const download = async (client: WargClient) => {
  const found = await client.download('test:hello', '1');
  expect(text(await found.bytes())).toBe('content 1.1.0');
};

describe('a falsified answer', () => {
  const calls: readonly [string, RegExp, (client: WargClient) => Promise<unknown>][] = [
    ['with the checkpoint', /checkpoint$/, update],
    ['with the logs', /logs$/, update],
    ['with proofs of inclusion', /inclusion$/, update],
    ['with a proof of consistency', /consistency$/, update],
    ['with a proof of absence', /absence$/, update],
    ['with the sources of content', /^\/v1\/content\//, download],
    ['with content', /^\/content\//, download],
  ];
  it.each(calls)('%s does no harm', async (_name, path, ask) => {
    let length = 0;
    const honest = await storageThatSaw();
    await ask(
      await openClient(
        proxy(path, (body) => {
          length = body.length;
          return body;
        }),
        { storage: honest },
      ),
    );
    const truth = believed(await documentsOf(honest));
    expect(length).toBeGreaterThan(0);
    let refused = 0;
    for (const [name, falsify] of falsifications(length)) {
      const storage = await storageThatSaw();
      const client = await openClient(proxy(path, falsify), { storage, limits: { retries: 0 } });
      const error: unknown = await ask(client).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      const after = await documentsOf(storage);
      if (error === undefined) {
        expect(believed(after), name).toEqual(truth);
        continue;
      }
      expect(error, name).toBeInstanceOf(WargError);
      // A download updates first: then that is what is stored, and the content is not.
      if (ask === update) expect(after, name).toEqual(seenBefore);
      else expect(await storage.content.clear()).toEqual({ count: 0, bytes: 0 });
      refused++;
    }
    expect(refused).toBeGreaterThan(10);
  });
});
