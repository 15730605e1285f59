import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { newUser } from './support/spawn.ts';
import { consumerOf, digestOf, FIRST, publisherOf, SECOND } from './support/users.ts';

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
});
afterAll(async () => registry.stop());

const publisher = () => publisherOf(registry.url);
const consumer = () => consumerOf(registry.url);

describe('the main flow, as a person sees it', () => {
  it('publishes and downloads', async () => {
    const ada = newUser();
    writeFileSync(join(ada.folder, 'hello.wasm'), FIRST);

    const config = await ada.warg('config', '--registry', registry.url);
    expect(config).toMatchObject({ code: 0, stdout: expect.stringContaining('Set configuration file') });
    const key = await ada.warg('key', 'new');
    expect(key).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Key ID: sha256:[0-9a-f]{64}\nPublic Key: /),
    });

    const release = await ada.warg('publish', 'release', 'example:hello', '--version', '0.1.0', 'hello.wasm');
    expect(release).toMatchObject({ code: 0 });
    expect(release.stdout).toMatch(
      /^Published example:hello\n {2}initialize the package\n {2}release 0\.1\.0 \(sha256:/,
    );
    expect(release.stderr).toContain(`trusting the operator of ${registry.url}`);
    expect(release.stderr).toContain(registry.operatorKey);

    const bob = await consumer();
    const download = await bob.warg('download', 'example:hello');
    expect(download).toMatchObject({ code: 0 });
    expect(download.stdout).toContain('Downloaded example:hello@0.1.0');
    expect(download.stdout).toContain(digestOf(FIRST));
    expect(download.stdout).toContain('proved');
    expect(download.stdout).toMatch(/checkpoint: \d+ records, signed \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    expect(readFileSync(join(bob.folder, 'hello.wasm'))).toEqual(FIRST);

    const info = await bob.warg('info', 'example:hello');
    expect(info).toMatchObject({ code: 0, stderr: '' });
    expect(info.stdout).toContain(`0.1.0  ${digestOf(FIRST)}`);
    expect(info.stdout).toContain('release, yank');

    for (const run of [config, key, release, download, info]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: no terminal, no colours
      expect(run.stdout + run.stderr).not.toMatch(/\u001b/);
    }
  });
});

describe('publishing', () => {
  it('takes the reference’s flags and positionals alike', async () => {
    const user = await publisher();
    const { publicKey: other, keyId } = await newUser().json('key', 'new');
    const name = ['--name', 'example:flags'];
    expect(await user.json('publish', 'init', 'example:flags')).toMatchObject({ state: 'published' });
    await user.json('publish', 'release', ...name, '--version', '0.1.0', 'first.wasm');
    await user.json('publish', 'release', '-n', 'example:flags', '-v', '0.2.0', 'second.wasm');
    await user.json('publish', 'release', 'example:flags@0.3.0', 'first.wasm');
    await user.json('publish', 'grant', ...name, other, '--permission', 'release');
    await user.json('publish', 'grant', 'example:flags', other, '--permission', 'yank');
    await user.json('publish', 'revoke', ...name, keyId, '--permission', 'release');
    await user.json('publish', 'yank', ...name, '--version', '0.1.0', '--yes');
    await user.json('publish', 'yank', 'example:flags@0.3.0', '--yes');
    const { package: info } = await user.json('info', 'example:flags');
    expect(info.releases).toMatchObject([
      { version: '0.1.0', state: 'yanked', digest: null },
      { version: '0.2.0', state: 'released', digest: digestOf(SECOND) },
      { version: '0.3.0', state: 'yanked' },
    ]);
    expect(info.keys).toContainEqual({ keyId, key: other, permissions: ['yank'] });
    expect(info.records).toBe(9);
  });

  it('says in one document what was published', async () => {
    const user = await publisher();
    const { keyId } = await user.json('key', 'info');
    const run = await user.warg('publish', 'release', 'example:document@1.0.0', 'first.wasm', '--json');
    expect(run.code).toBe(0);
    expect(run.json).toMatchObject({
      registry: expect.stringContaining('127.0.0.1'),
      package: 'example:document',
      recordId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      state: 'published',
      initialized: true,
      entries: [
        { type: 'init', keyId },
        { type: 'release', version: '1.0.0', digest: digestOf(FIRST) },
      ],
      assurance: 'proved',
      checkpoint: { logLength: expect.any(Number), timestamp: expect.any(Number) },
      operator: { key: registry.operatorKey, firstUse: true },
    });
  });

  it('submits without waiting, and waits later', async () => {
    const user = await publisher();
    const { recordId, state } = await user.json('publish', 'init', 'example:later', '--no-wait');
    expect(state).toBe('processing');
    expect(await user.json('publish', 'wait', 'example:later', recordId)).toMatchObject({
      recordId,
      state: 'published',
      package: { name: 'example:later', records: 1 },
    });
  });

  it('tries without sending', async () => {
    const user = await publisher();
    expect(await user.json('publish', 'init', 'example:dry', '--dry-run')).toMatchObject({
      state: 'dry-run',
    });
    expect(await user.warg('info', 'example:dry')).toMatchObject({ code: 1 });
  });

  it('signs with a key of the environment', async () => {
    const user = await consumer();
    const key = 'ecdsa-p256:hYJeFg8pf9FMViTmekqEULHgjDnzU7zRhiXBk2LgaUk=';
    writeFileSync(join(user.folder, 'key.txt'), `${key}\n`);
    expect(await user.warg('publish', 'init', 'example:headless', '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'KEY_NOT_FOUND' } },
    });
    await user.with({ WARG_SIGNING_KEY: key }).json('publish', 'init', 'example:headless');
    await user.with({ WARG_SIGNING_KEY_FILE: 'key.txt' }).json('publish', 'init', 'example:headless-file');
    expect((await user.json('info', 'example:headless')).package.keys).toMatchObject([
      { keyId: 'sha256:43c5af590fd34042bec3f6b96034a55c5862160770f7216dc467be3668d01202' },
    ]);
  });

  it('fails, and says why, where the package’s rules or the registry say no', async () => {
    const user = await publisher();
    await user.json('publish', 'release', 'example:rules@1.0.0', 'first.wasm');
    for (const [args, code] of [
      [['publish', 'init', 'example:rules'], 'PACKAGE_EXISTS'],
      [['publish', 'release', 'example:rules@1.0.0', 'second.wasm'], 'RECORD_INVALID'],
      [['publish', 'yank', 'example:rules@2.0.0', '--yes'], 'RECORD_INVALID'],
      [['publish', 'yank', 'example:rules@1.0.0'], 'CONFIRMATION_REQUIRED'],
      [['publish', 'release', 'example:rules@2.0.0', 'missing.wasm'], 'FILE_ACCESS'],
    ] as const) {
      expect(await user.warg(...args, '--json')).toMatchObject({ code: 1, json: { error: { code } } });
      const human = await user.warg(...args);
      expect(human).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^error: /) });
      expect(human.stderr).not.toContain('    at ');
    }
    const elsewhere = await user.warg('publish', 'init', 'nobody:knows');
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
    expect(elsewhere.stderr).toMatch(/^error: .*nobody/m);

    const stranger = await publisher();
    expect(
      await stranger.warg('publish', 'release', 'example:rules@3.0.0', 'first.wasm', '--json'),
    ).toMatchObject({
      code: 1,
    });
  });

  it('does not initialize a package where the configuration says so', async () => {
    const user = await publisher();
    await user.json('config', '--disable-auto-package-init', 'true');
    expect(
      await user.warg('publish', 'release', 'example:not-yet@1.0.0', 'first.wasm', '--json'),
    ).toMatchObject({
      code: 1,
      json: { error: { code: 'PACKAGE_NOT_INITIALIZED' } },
    });
  });
});

describe('a pending publish', () => {
  it('collects entries and sends them as one record', async () => {
    const user = await publisher();
    expect(await user.json('publish', 'start', 'example:together')).toMatchObject({ entries: [] });
    expect(await user.json('publish', 'init', 'example:together')).toMatchObject({ state: 'pending' });
    await user.json('publish', 'release', 'example:together@1.0.0', 'first.wasm');
    const release = await user.warg('publish', 'release', 'example:together@1.1.0', 'second.wasm');
    expect(release.stdout).toBe('Added to the pending publish of example:together as entry 3\n');
    expect(await user.warg('info', 'example:together')).toMatchObject({ code: 1 });

    const list = await user.warg('publish', 'list');
    expect(list.stdout).toContain('example:together: 3 entries');
    expect(list.stdout).toContain(`3. release 1.1.0 (${digestOf(SECOND)})`);
    expect((await user.json('publish', 'list')).pending).toMatchObject([
      { package: 'example:together', entries: [{ type: 'init' }, { type: 'release' }, { type: 'release' }] },
    ]);
    expect(await user.json('publish', 'submit')).toMatchObject({
      state: 'published',
      package: 'example:together',
    });
    const { package: info } = await user.json('info', 'example:together');
    expect(info).toMatchObject({ records: 1, releases: [{ version: '1.0.0' }, { version: '1.1.0' }] });
    expect(await user.warg('publish', 'list')).toMatchObject({ code: 1 });
  });

  it('is forgotten by abort, and must be named where there are several', async () => {
    const user = await publisher();
    for (const args of [['abort'], ['submit'], ['list']]) {
      expect(await user.warg('publish', ...args, '--json')).toMatchObject({
        code: 1,
        json: { error: { code: 'NO_PENDING_PUBLISH' } },
      });
    }
    await user.json('publish', 'start', 'example:one');
    expect(await user.warg('publish', 'start', 'example:one')).toMatchObject({ code: 1 });
    await user.json('publish', 'start', 'example:two');
    expect(await user.warg('publish', 'abort')).toMatchObject({ code: 2 });
    expect(await user.json('publish', 'abort', 'example:one')).toMatchObject({ aborted: true });
    expect(await user.json('publish', 'abort')).toMatchObject({ package: 'example:two' });
  });
});
