// A client that has seen a registry, and is shown another one.

import { expect } from 'vitest';
import { memoryStorage } from '../../src/storage/memory.ts';
import { type Fetch, serve } from './serve.ts';
import { author, contentsOf, hello, openClient } from './setup.ts';
import { type TestRegistry, testRegistry } from './test-registry.ts';

export const minute = 60_000;

/** A client's storage that has seen a registry, and the means to show it another. */
export async function seen(registry: TestRegistry, options: { readonly operatorKey?: string } = {}) {
  const storage = memoryStorage();
  let fetch: Fetch = serve(registry);
  const client = await openClient((input, init) => fetch(input, init), { storage, ...options });
  await client.update(['test:hello']);
  const before = await contentsOf(storage);
  return {
    storage,
    client,
    async refuses(other: TestRegistry, code: string) {
      fetch = serve(other);
      await expect(client.update()).rejects.toMatchObject({ name: 'ClientError', code });
      const { evidence, state } = split(await contentsOf(storage));
      expect(state).toEqual(split(before).state);
      return evidence;
    },
    async accepts(other: TestRegistry) {
      fetch = serve(other);
      return client.update();
    },
  };
}

export function split(contents: Record<string, string>) {
  const entries = Object.entries(contents);
  return {
    evidence: entries.filter(([key]) => key.startsWith('evidence/')).map(([key]) => key),
    state: entries.filter(([key]) => !key.startsWith('evidence/')),
  };
}

export async function helloRegistry(): Promise<TestRegistry> {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  await registry.release('test:hello', '1.1.0', hello, author);
  return registry;
}
