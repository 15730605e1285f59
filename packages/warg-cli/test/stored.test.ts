import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { consumerOf, FIRST, publisherOf } from './support/users.ts';

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
});
afterAll(async () => registry.stop());

const publisher = () => publisherOf(registry.url);
const consumer = () => consumerOf(registry.url);

describe('what is stored', () => {
  it('is shown, updated, reset and cleared', async () => {
    const ada = await publisher();
    await ada.json('publish', 'release', 'example:stored@1.0.0', 'first.wasm');
    const user = await consumer();

    expect(await user.json('info')).toMatchObject({ packages: [], operator: { key: registry.operatorKey } });
    await user.json('download', 'example:stored', '--cache-only');
    await ada.json('publish', 'release', 'example:stored@1.1.0', 'second.wasm');
    expect((await user.json('info', '--offline')).packages).toMatchObject([
      { releases: [{ version: '1.0.0' }] },
    ]);
    const update = await user.warg('update');
    expect(update).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('example:stored: 1 new record of 2'),
    });
    expect(await user.json('update')).toMatchObject({
      packages: [{ name: 'example:stored', newRecords: 0 }],
    });
    expect((await user.warg('info', '--offline')).stdout).toContain('1.1.0');
    expect(await user.warg('update', 'example:nothing', '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'PACKAGE_NOT_FOUND' } },
    });

    expect(await user.json('clear')).toMatchObject({ removed: 1, bytes: FIRST.length });
    expect(await user.json('clear')).toMatchObject({ removed: 0 });

    expect(await user.json('reset')).toMatchObject({ operatorForgotten: false });
    expect((await user.json('info', '--offline')).packages).toEqual([]);
    expect(await user.json('reset', '--all')).toMatchObject({ operatorForgotten: false });
    expect(await user.json('info', 'example:stored')).toMatchObject({ operator: { firstUse: false } });
    expect(await user.warg('reset', '--forget-operator', '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'CONFIRMATION_REQUIRED' } },
    });
    expect(await user.json('reset', '--forget-operator', '--yes')).toMatchObject({ operatorForgotten: true });
    expect(await user.json('info', 'example:stored')).toMatchObject({ operator: { firstUse: true } });
  });

  it('has the reference’s map of namespaces', async () => {
    const user = await consumer();
    expect(await user.json('info', '--namespaces')).toEqual({ namespaces: {} });
    mkdirSync(join(user.folder, 'cache', 'warg'), { recursive: true });
    writeFileSync(join(user.folder, 'cache', 'warg', 'namespaces'), '{"other":"other.example"}');
    expect(await user.json('info', '-n')).toEqual({ namespaces: { other: 'other.example' } });
  });

  it('lies where the configuration says', async () => {
    await (await publisher()).json('publish', 'release', 'example:tool@1.0.0', 'first.wasm');
    const user = await consumer();
    await user.json('config', '--registries-dir', 'state', '--content-dir', 'content');
    await user.json('download', 'example:tool', '--cache-only');
    expect(readdirSync(user.folder)).toEqual(expect.arrayContaining(['state', 'content']));
    expect(existsSync(join(user.folder, 'cache'))).toBe(false);
  });
});
