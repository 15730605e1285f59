// A real registry in this process, and clients of it that need no socket.

import { memoryStorage, type OpenOptions, WargClient } from '@warg/client';
import { encodeUtf8, generatePrivateKey, type PrivateKey } from '@warg/crypto';
import { createRegistry, type Registry, type RegistryOptions } from '@warg/server';

export const registryUrl = 'https://registry.example';
export const author = generatePrivateKey();
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
export const content = (words: string) => encodeUtf8(words);

export interface Running {
  readonly registry: Registry;
  readonly operatorKey: PrivateKey;
  readonly calls: string[];
  /** Answers as the registry does, and counts. */
  readonly fetch: (request: Request) => Promise<Response>;
}

export async function startRegistry(options: Partial<RegistryOptions> = {}): Promise<Running> {
  const operatorKey = options.operatorKey ?? generatePrivateKey();
  const registry = await createRegistry({ namespaces: ['test'], ...options, operatorKey });
  const calls: string[] = [];
  return {
    registry,
    operatorKey,
    calls,
    fetch: (request) => {
      calls.push(`${request.method} ${new URL(request.url).pathname}`);
      return registry.fetch(request);
    },
  };
}

export function openClient(fetch: Running['fetch'], options: Partial<OpenOptions> = {}): Promise<WargClient> {
  return WargClient.open({
    registry: registryUrl,
    storage: memoryStorage(),
    fetch,
    signer: author,
    ...options,
  });
}
