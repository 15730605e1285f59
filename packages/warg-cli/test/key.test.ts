import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { runHere } from './support/run.ts';

const REGISTRY = 'https://registry.example';
const key = generatePrivateKey();
const secret = encodePrivateKey(key);
const keyId = keyIdOf(publicKeyOf(key));

const configOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'config', 'warg', 'config.json'), 'utf8')) as Record<string, unknown>;
const keyringOf = (folder: string) => join(folder, 'config', 'warg', 'keyring');

describe('warg key new', () => {
  it('makes a key, keeps it in the keyring and lists it in the configuration', async () => {
    const folder = temporaryFolder();
    const made = await runHere(['key', 'new'], { folder });
    expect(made).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Key ID: sha256:.*\nPublic Key: ecdsa/),
    });
    expect(made.stderr).toContain('unencrypted');
    expect(readdirSync(keyringOf(folder))).toEqual(['service=warg-signing-key&user=default']);
    expect(configOf(folder)).toMatchObject({ keys: ['default'], keyringBackend: 'flat-file' });
    const shown = await runHere(['key', 'info', '--json'], { folder });
    expect(shown.json).toMatchObject({ source: 'keyring', entry: 'default' });
    expect(made.stdout).toContain(`Key ID: ${shown.json['keyId']}`);
  });

  it('never shows the private half', async () => {
    const folder = temporaryFolder();
    const runs = [
      await runHere(['key', 'new', '--json'], { folder }),
      await runHere(['key', 'info', '--json'], { folder }),
      await runHere(['key', 'new', '--verbose'], { folder }),
    ];
    const stored = readFileSync(join(keyringOf(folder), 'service=warg-signing-key&user=default'), 'utf8');
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(stored);
  });

  it('refuses to replace a key, and replaces it with --force', async () => {
    const folder = temporaryFolder();
    const first = await runHere(['key', 'new', '--json'], { folder });
    const again = await runHere(['key', 'new', '--json'], { folder });
    expect(again).toMatchObject({ code: 1, json: { error: { code: 'KEY_EXISTS' } } });
    expect((await runHere(['key', 'info', '--json'], { folder })).json['keyId']).toBe(first.json['keyId']);
    const forced = await runHere(['key', 'new', '--force', '--json'], { folder });
    expect(forced).toMatchObject({ code: 0, json: { replaced: first.json['keyId'] } });
    expect((await runHere(['key', 'info', '--json'], { folder })).json['keyId']).toBe(forced.json['keyId']);
  });

  it('refuses to replace what it cannot read', async () => {
    const folder = temporaryFolder();
    mkdirSync(keyringOf(folder), { recursive: true });
    const path = join(keyringOf(folder), 'service=warg-signing-key&user=default');
    writeFileSync(path, 'precious');
    expect(await runHere(['key', 'new'], { folder })).toMatchObject({ code: 1 });
    expect(readFileSync(path, 'utf8')).toBe('precious');
    expect((await runHere(['key', 'info', '--json'], { folder })).json).toMatchObject({
      error: { code: 'INVALID_KEY' },
    });
  });

  it('keeps a key for one registry beside the default one, in whatever spelling', async () => {
    const folder = temporaryFolder();
    await runHere(['key', 'new'], { folder });
    const own = await runHere(['key', 'new', '--registry', REGISTRY, '--json'], { folder });
    expect(own).toMatchObject({ code: 0, json: { entry: REGISTRY } });
    expect(configOf(folder)).toMatchObject({ keys: ['default', REGISTRY] });
    for (const spelling of [REGISTRY, `${REGISTRY}/`, 'registry.example']) {
      expect(
        (await runHere(['key', 'info', '--json', '--registry', spelling], { folder })).json,
      ).toMatchObject({
        keyId: own.json['keyId'],
      });
      expect(await runHere(['key', 'new', '--registry', spelling], { folder })).toMatchObject({ code: 1 });
    }
    expect(
      (await runHere(['key', 'info', '--json', '--registry', 'other.example'], { folder })).json,
    ).toMatchObject({
      entry: 'default',
    });
  });

  it('lets one of two at the same time win', async () => {
    const folder = temporaryFolder();
    const runs = await Promise.all([1, 2, 3, 4].map(() => runHere(['key', 'new', '--json'], { folder })));
    const won = runs.filter(({ code }) => code === 0);
    expect(won).toHaveLength(1);
    expect((await runHere(['key', 'info', '--json'], { folder })).json['keyId']).toBe(won[0]!.json['keyId']);
  });
});

describe('warg key set', () => {
  it('reads the key from standard input', async () => {
    const folder = temporaryFolder();
    expect(await runHere(['key', 'set', '--json'], { folder, stdin: `${secret}\n` })).toMatchObject({
      code: 0,
      json: { keyId },
    });
    expect((await runHere(['key', 'info', '--json'], { folder })).json['keyId']).toBe(keyId);
  });

  it('reads the key from a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'key.txt'), secret);
    expect((await runHere(['key', 'set', '--key-file', 'key.txt', '--json'], { folder })).json).toMatchObject(
      { keyId },
    );
    expect(await runHere(['key', 'set', '--key-file', 'missing'], { folder, stdin: secret })).toMatchObject({
      code: 1,
    });
  });

  it('refuses what is no key, without showing it, and what would replace one', async () => {
    const folder = temporaryFolder();
    const bad = await runHere(['key', 'set'], { folder, stdin: 'hunter2' });
    expect(bad.code).toBe(1);
    expect(bad.stderr).not.toContain('hunter2');
    expect(await runHere(['key', 'set', '--json'], { folder })).toMatchObject({
      code: 1,
      json: { error: { code: 'INVALID_KEY' } },
    });
    await runHere(['key', 'new'], { folder });
    expect((await runHere(['key', 'set', '--json'], { folder, stdin: secret })).json).toMatchObject({
      error: { code: 'KEY_EXISTS' },
    });
    expect(await runHere(['key', 'set', '--force'], { folder, stdin: secret })).toMatchObject({ code: 0 });
  });
});

describe('warg key info', () => {
  it('says where there is none', async () => {
    const none = await runHere(['key', 'info']);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('hint: Make one with `warg key new`');
  });

  it('says that a key may be in a keyring of the reference', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'warg-config.json'), JSON.stringify({ keys: ['default'] }));
    expect((await runHere(['key', 'info'], { folder })).stderr).toContain('perhaps in a keyring');
    expect(await runHere(['key', 'new'], { folder })).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(folder, 'warg-config.json'), 'utf8'))).not.toHaveProperty(
      'keyringBackend',
    );
  });

  it('prefers the environment’s key', async () => {
    const folder = temporaryFolder();
    await runHere(['key', 'new'], { folder });
    const variables = { WARG_SIGNING_KEY: secret };
    expect((await runHere(['key', 'info', '--json'], { folder, variables })).json).toMatchObject({
      keyId,
      source: 'environment',
    });
    const other = await runHere(['key', 'new', '--registry', REGISTRY], { folder, variables });
    expect(other.stderr).toContain('warning: WARG_SIGNING_KEY is set');
  });
});

describe('warg key delete', () => {
  it('wants to be sure where nobody can be asked', async () => {
    const folder = temporaryFolder();
    await runHere(['key', 'new'], { folder });
    expect(await runHere(['key', 'delete', '--json'], { folder })).toMatchObject({
      code: 1,
      json: { error: { code: 'CONFIRMATION_REQUIRED' } },
    });
    expect(readdirSync(keyringOf(folder))).toHaveLength(1);
    expect(await runHere(['key', 'delete', '--yes', '--json'], { folder })).toMatchObject({
      code: 0,
      json: { deleted: true, entry: 'default' },
    });
    expect(readdirSync(keyringOf(folder))).toEqual([]);
    expect(configOf(folder)).not.toHaveProperty('keys');
    expect(await runHere(['key', 'delete', '--yes'], { folder })).toMatchObject({ code: 1 });
  });

  it('does not delete the default key in place of a registry’s', async () => {
    const folder = temporaryFolder();
    await runHere(['key', 'new'], { folder });
    expect(
      (await runHere(['key', 'delete', '--yes', '--registry', REGISTRY, '--json'], { folder })).json,
    ).toMatchObject({ error: { code: 'KEY_NOT_FOUND' } });
    expect(readdirSync(keyringOf(folder))).toHaveLength(1);
  });
});

describe('a keyring that this version does not have', () => {
  const configured = () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'warg-config.json'), JSON.stringify({ keyringBackend: 'secret-service' }));
    return folder;
  };

  it('is not replaced by an unencrypted file without being told so', async () => {
    const folder = configured();
    const refused = await runHere(['key', 'new', '--json'], { folder });
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'KEYRING_BACKEND_UNAVAILABLE' } } });
    expect(existsSync(keyringOf(folder))).toBe(false);
    expect(await runHere(['key', 'new', '--keyring-backend', 'flat-file'], { folder })).toMatchObject({
      code: 0,
    });
    expect(await runHere(['key', 'new', '--keyring-backend', 'nonsense'], { folder })).toMatchObject({
      code: 2,
    });
  });

  it('is looked for in files, which is said', async () => {
    const folder = configured();
    await runHere(['key', 'new', '--keyring-backend', 'flat-file'], { folder });
    const info = await runHere(['key', 'info'], { folder });
    expect(info).toMatchObject({ code: 0, stderr: expect.stringContaining('secret-service') });
  });
});
