import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import type { User } from './support/spawn.ts';
import { consumerOf, digestOf, FIRST, publisherOf, SECOND } from './support/users.ts';

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
});
afterAll(async () => registry.stop());

const publisher = () => publisherOf(registry.url);
const consumer = () => consumerOf(registry.url);

describe('downloading', () => {
  let user: User;
  beforeAll(async () => {
    const ada = await publisher();
    await ada.json('publish', 'release', 'example:tool@1.0.0', 'first.wasm');
    await ada.json('publish', 'release', 'example:tool@1.1.0', 'second.wasm');
    await ada.json('publish', 'release', 'example:tool@2.0.0-rc.1', 'second.wasm');
    await ada.json('publish', 'release', 'example:tool@1.2.0', 'first.wasm');
    await ada.json('publish', 'yank', 'example:tool@1.2.0', '--yes');
    user = await consumer();
  });

  it.each([
    [['example:tool'], '1.1.0'],
    [['example:tool', '--version', '1.0.0'], '1.0.0'],
    [['example:tool', '-v', '1'], '1.1.0'],
    [['example:tool@1.0.0'], '1.0.0'],
    [['example:tool@~1.0'], '1.0.0'],
    [['example:tool', '--version', '>=1, <2'], '1.1.0'],
    [['example:tool@2.0.0-rc.1'], '2.0.0-rc.1'],
  ])('chooses the version of %j', async (args, version) => {
    expect(await user.json('download', ...args, '--cache-only')).toMatchObject({
      version,
      assurance: 'proved',
    });
  });

  it('says in one document what was downloaded', async () => {
    const path = join(user.folder, 'document', 'tool.wasm');
    expect(await user.json('download', 'example:tool', '--output', 'document')).toMatchObject({
      registry: expect.any(String),
      package: 'example:tool',
      version: '1.1.0',
      digest: digestOf(SECOND),
      size: SECOND.length,
      path,
      assurance: 'proved',
      asOf: expect.stringMatching(/^\d{4}-/),
      refreshed: true,
      checkpoint: { logLength: expect.any(Number), logRoot: expect.any(String), keyId: expect.any(String) },
      operator: { key: registry.operatorKey, origin: 'first-use' },
      warnings: [],
    });
    expect(readFileSync(path)).toEqual(SECOND);
  });

  it('writes to a file, a folder, standard output or nowhere', async () => {
    const inside = (path: string) => readFileSync(join(user.folder, path));
    await user.json('download', 'example:tool@1.0.0', '-o', 'named.wasm');
    expect(inside('named.wasm')).toEqual(FIRST);
    await user.json('download', 'example:tool@1.0.0', '-o', 'made/for/it');
    expect(inside('made/for/it/tool.wasm')).toEqual(FIRST);
    const piped = await user.warg('download', 'example:tool@1.0.0', '-o', '-');
    expect(piped).toMatchObject({ code: 0, bytes: FIRST });
    const quiet = await user.warg('download', 'example:tool@1.0.0', '-o', 'quiet.wasm', '--quiet');
    expect(quiet).toMatchObject({ code: 0, stdout: `${join(user.folder, 'quiet.wasm')}\n`, stderr: '' });
  });

  it('does not overwrite something else without --force', async () => {
    const path = join(user.folder, 'mine.wasm');
    writeFileSync(path, 'mine');
    const args = ['download', 'example:tool@1.0.0', '--output', 'mine.wasm'];
    expect(await user.warg(...args, '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'FILE_EXISTS' } },
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await user.json(...args, '--force');
    expect(readFileSync(path)).toEqual(FIRST);
    await user.json(...args);
    mkdirSync(join(user.folder, 'folder.wasm'));
    expect(await user.warg('download', 'example:tool', '-o', 'folder.wasm', '--force')).toMatchObject({
      code: 1,
    });
  });

  it('fails, and writes nothing, for what is not there', async () => {
    const fresh = await consumer();
    for (const [args, code] of [
      [['example:nothing'], 'PACKAGE_NOT_FOUND'],
      [['example:tool@3.0.0'], 'VERSION_NOT_FOUND'],
      [['example:tool@1.2.0'], 'VERSION_YANKED'],
    ] as const) {
      expect(await fresh.warg('download', ...args, '--json')).toMatchObject({
        code: 1,
        json: { error: { code } },
      });
    }
    expect(existsSync(join(fresh.folder, 'tool.wasm'))).toBe(false);
  });

  it('says that a content is withdrawn, and why, until it is given back', async () => {
    const fresh = await consumer();
    const digest = digestOf(FIRST);
    await registry.administer('content', 'withdraw', digest, '--reason', 'court order 7');
    const refused = await fresh.warg('download', 'example:tool@1.0.0', '--json');
    expect(refused).toMatchObject({
      code: 1,
      json: { error: { code: 'CONTENT_WITHDRAWN', details: { digest, reason: 'court order 7' } } },
    });
    const said = await fresh.warg('download', 'example:tool@1.0.0');
    expect(said.stderr).toMatch(/withdrew content .*court order 7\n.*The record stays proved/s);
    // Others of the package are to be had, and all of it is still proved.
    expect(await fresh.json('download', 'example:tool@1.1.0', '--cache-only')).toMatchObject({
      assurance: 'proved',
    });
    await registry.administer('content', 'restore', digest);
    await fresh.json('download', 'example:tool@1.0.0', '--cache-only');
  });

  it('works offline from what is stored, and says so', async () => {
    const away = await consumer();
    expect(await away.warg('download', 'example:tool', '--offline', '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'NOT_STORED' } },
    });
    await away.json('download', 'example:tool', '--cache-only');
    expect(await away.json('download', 'example:tool', '--offline')).toMatchObject({
      refreshed: false,
      from: 'cache',
    });
    expect((await away.warg('info', 'example:tool', '--offline')).stdout).toContain(
      'the registry was not asked',
    );
  });

  it('gets a file back that was damaged in the cache', async () => {
    const away = await consumer();
    const { path } = await away.json('download', 'example:tool@1.0.0', '--cache-only');
    writeFileSync(path, 'damaged');
    const again = await away.json('download', 'example:tool@1.0.0', '--output', 'again.wasm');
    expect(readFileSync(again.path)).toEqual(FIRST);
  });
});
