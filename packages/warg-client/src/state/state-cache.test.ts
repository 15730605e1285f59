import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serve } from '../../test/registry/serve.ts';
import { author, hello } from '../../test/registry/setup.ts';
import { testRegistry } from '../../test/registry/test-registry.ts';
import { WargClient } from '../client.ts';
import { fileStorage } from '../node.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { readRegistryState } from './registry-state.ts';
import { stateCache } from './state-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warg-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const address = 'https://registry.example';

it('what is kept is what would be read, and is read anew when it changed', async () => {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  const storage = fileStorage(folder);
  const client = await WargClient.open({ registry: address, storage, fetch: serve(registry) });
  const documents = storage.registry(client.registry);
  const cache = stateCache();
  const read = async () => {
    const snapshot: StorageSnapshot = await documents.snapshot();
    const found = await cache.read(snapshot);
    expect(found).toEqual(await readRegistryState(snapshot));
    return found;
  };
  expect(await read()).toBeUndefined();
  await client.update(['test:hello']);
  const first = await read();
  expect(first?.packages.size).toBe(1);
  expect(await read()).toBe(first);
  await registry.release('test:hello', '1.1.0', hello, author);
  await client.update(['test:hello']);
  const second = await read();
  expect(second).not.toBe(first);
  expect([...second!.packages.values()][0]?.records).toBe(2);
  await client.reset();
  expect(await read()).toBeUndefined();
});

it('a file that was changed is noticed by a client that has read it before', async () => {
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  const client = await WargClient.open({
    registry: address,
    storage: fileStorage(folder),
    fetch: serve(registry),
  });
  await client.update(['test:hello']);
  const stored = () => client.resolve('test:hello', '*', { refresh: false });
  await stored();
  const registries = join(folder, 'registries');
  const place = join(registries, readdirSync(registries)[0]!);
  for (const name of readdirSync(place).filter((each) => /\.(pack|json)$/.test(each))) {
    const path = join(place, name);
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    // In a pack the registry's own document is not the first: all of it is changed.
    for (let at = 0; at < changed.length; at += 10) changed[at]! ^= 1;
    writeFileSync(path, changed);
    await expect(stored()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    writeFileSync(path, bytes);
    await stored();
  }
});
