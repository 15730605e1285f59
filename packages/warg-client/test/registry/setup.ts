import { encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { WargClient } from '../../src/client.ts';
import type { OpenOptions } from '../../src/options.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import type { ClientStorage } from '../../src/storage/storage.ts';
import type { Fetch } from './serve.ts';

export const registryUrl = 'http://127.0.0.1:8090';
export const author = generatePrivateKey();
export const hello = encodeUtf8('hello, world');

/** A client that keeps what it stores to itself, unless it is given a storage. */
export function openClient(fetch: Fetch, options: Partial<OpenOptions> = {}): Promise<WargClient> {
  return WargClient.open({
    registry: registryUrl,
    storage: memoryStorage(),
    fetch,
    signer: author,
    ...options,
  });
}

/** All that a storage holds for a registry, byte for byte. */
export async function contentsOf(
  storage: ClientStorage,
  registry = registryUrl,
): Promise<Record<string, string>> {
  const snapshot = await storage.registry(registry).snapshot();
  const contents: Record<string, string> = {};
  for (const key of snapshot.keys()) {
    contents[key] = Buffer.from((await snapshot.read(key))!).toString('latin1');
  }
  return contents;
}

/** Which calls were made, in order. */
export function counting(fetch: Fetch): { readonly fetch: Fetch; readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    fetch: (input, init) => {
      const request = new Request(input as Request, init);
      calls.push(`${request.method} ${new URL(request.url).pathname.slice(1)}`);
      return fetch(request);
    },
  };
}
