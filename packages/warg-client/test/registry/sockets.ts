// A registry behind a socket, and a client that goes there.

import type { ServerResponse } from 'node:http';
import { WargClient } from '../../src/client.ts';
import type { OpenOptions } from '../../src/options.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import { type Fetch, serve } from './serve.ts';
import { author, hello } from './setup.ts';
import { testRegistry } from './test-registry.ts';

export const open = (registry: string, options: Partial<OpenOptions> = {}) =>
  WargClient.open({ registry, storage: memoryStorage(), signer: author, ...options });

export async function helloFetch(): Promise<Fetch> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  return serve(registry);
}

export function redirect(response: ServerResponse, status: number, location: string): true {
  response.writeHead(status, { location }).end();
  return true;
}
