import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePrivateKey, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, testEnvironment } from '../../test/support/environment.ts';
import { findEnvironmentKey } from './environment-key.ts';
import { flatFileKeyring } from './flat-file.ts';
import { DEFAULT_USER, type Keyring, signingKeyEntry } from './keyring.ts';
import { createKey, findDefaultKey, findRegistryKey, findSigningKey, replaceKey } from './signing-keys.ts';

const REGISTRY = 'http://127.0.0.1:8765/';

async function keyringWith(
  users: readonly string[],
): Promise<{ keyring: Keyring; idOf: Map<string, string> }> {
  const keyring = flatFileKeyring(temporaryFolder());
  const idOf = new Map<string, string>();
  for (const user of users) {
    const key = generatePrivateKey();
    await createKey(keyring, user, key);
    idOf.set(user, keyIdOf(publicKeyOf(key)));
  }
  return { keyring, idOf };
}

async function foundFor(
  users: readonly string[],
  registry: string | undefined,
  keys: readonly string[] = [],
) {
  const { keyring, idOf } = await keyringWith(users);
  const found = await findSigningKey(keyring, registry, keys);
  if (found === undefined) return undefined;
  expect(keyIdOf(publicKeyOf(found.key))).toBe(idOf.get(found.user ?? ''));
  return found.user;
}

describe('files of the reference', () => {
  const keyring = flatFileKeyring(
    fileURLToPath(new URL('../../test/fixtures/reference/keyring', import.meta.url)),
  );
  const keys = [DEFAULT_USER, REGISTRY];

  it('have the default key', async () => {
    const found = await findSigningKey(keyring, undefined, keys);
    expect(found).toMatchObject({ source: 'keyring', user: DEFAULT_USER });
    expect(publicKeyOf(found!.key)).toBe('ecdsa-p256:AkfXKaZAFb74yq0dlig0hv+7oVz3d04sdBeRz6+k9an3');
    expect(keyIdOf(publicKeyOf(found!.key))).toBe(
      'sha256:43c5af590fd34042bec3f6b96034a55c5862160770f7216dc467be3668d01202',
    );
  });

  it('have the key of a registry', async () => {
    const found = await findSigningKey(keyring, REGISTRY, keys);
    expect(keyIdOf(publicKeyOf(found!.key))).toBe(
      'sha256:f3e9b2357cf0efcae05338123877063967e4208c8b4ff07065ba0e557be1d9ef',
    );
  });

  it('are written as the reference writes them', async () => {
    const { key } = (await findSigningKey(keyring, REGISTRY, keys))!;
    const folder = temporaryFolder();
    await createKey(flatFileKeyring(folder), REGISTRY, key);
    expect(readFileSync(flatFileKeyring(folder).describe(signingKeyEntry(REGISTRY)), 'utf8')).toBe(
      readFileSync(keyring.describe(signingKeyEntry(REGISTRY)), 'utf8'),
    );
  });
});

describe('findSigningKey', () => {
  it('finds nothing in an empty keyring', async () => {
    expect(await foundFor([], REGISTRY)).toBeUndefined();
    expect(await foundFor([], undefined)).toBeUndefined();
  });

  it('prefers the registry’s own key to the default one', async () => {
    expect(await foundFor([DEFAULT_USER, REGISTRY], REGISTRY, [DEFAULT_USER, REGISTRY])).toBe(REGISTRY);
  });

  it('falls back to the default key', async () => {
    expect(await foundFor([DEFAULT_USER], REGISTRY)).toBe(DEFAULT_USER);
    expect(await foundFor([DEFAULT_USER, 'other.example'], REGISTRY, ['other.example'])).toBe(DEFAULT_USER);
  });

  it('finds the registry’s key in whatever spelling it was stored', async () => {
    for (const user of [REGISTRY, 'http://127.0.0.1:8765', '127.0.0.1-8765']) {
      expect(await foundFor([DEFAULT_USER, user], 'http://127.0.0.1:8765')).toBe(user);
      expect(await foundFor([DEFAULT_USER, user], REGISTRY)).toBe(user);
    }
    expect(await foundFor(['Registry.Example'], 'https://registry.example', ['Registry.Example'])).toBe(
      'Registry.Example',
    );
  });

  it('does not use another registry’s key', async () => {
    expect(await foundFor(['other.example'], REGISTRY, ['other.example'])).toBeUndefined();
    expect(await foundFor(['other.example'], undefined, ['other.example'])).toBeUndefined();
  });

  it('says so where a key is damaged, and does not sign with another one in its place', async () => {
    const { keyring } = await keyringWith([DEFAULT_USER]);
    await keyring.create(signingKeyEntry(REGISTRY), 'ecdsa-p256:tooshort');
    const refused = expect.objectContaining({
      code: 'INVALID_KEY',
      message: expect.not.stringContaining('tooshort'),
    });
    await expect(findSigningKey(keyring, REGISTRY, [])).rejects.toThrow(refused);
    expect(await findRegistryKey(keyring, REGISTRY, [])).toMatchObject({ key: undefined });
  });

  it('allows a line end after a key', async () => {
    const keyring = flatFileKeyring(temporaryFolder());
    const key = generatePrivateKey();
    await keyring.create(signingKeyEntry(DEFAULT_USER), `${encodePrivateKey(key)}\n`);
    expect((await findDefaultKey(keyring))?.key).toBeDefined();
  });

  it('replaces only when told to', async () => {
    const { keyring, idOf } = await keyringWith([DEFAULT_USER]);
    const other = generatePrivateKey();
    expect(await createKey(keyring, DEFAULT_USER, other)).toBe(false);
    const kept = await findDefaultKey(keyring);
    expect(keyIdOf(publicKeyOf(kept!.key!))).toBe(idOf.get(DEFAULT_USER));
    await replaceKey(keyring, DEFAULT_USER, other);
    expect(publicKeyOf((await findDefaultKey(keyring))!.key!)).toBe(publicKeyOf(other));
  });
});

describe('findEnvironmentKey', () => {
  const key = generatePrivateKey();
  const text = encodePrivateKey(key);
  const find = async (variables: Record<string, string>, folder = temporaryFolder()) =>
    findEnvironmentKey(testEnvironment({ variables, folder }));

  it('finds nothing where no variable is set, or an empty one', async () => {
    expect(await find({})).toBeUndefined();
    expect(await find({ WARG_SIGNING_KEY: '', WARG_SIGNING_KEY_FILE: '' })).toBeUndefined();
  });

  it('reads the variable, and the file that the other one names', async () => {
    expect(publicKeyOf((await find({ WARG_SIGNING_KEY: text }))!.key)).toBe(publicKeyOf(key));
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'key.txt'), `${text}\r\n`);
    const found = await find({ WARG_SIGNING_KEY_FILE: 'key.txt' }, folder);
    expect(found).toMatchObject({ source: 'environment', place: 'WARG_SIGNING_KEY_FILE', user: undefined });
    expect(publicKeyOf(found!.key)).toBe(publicKeyOf(key));
  });

  it('refuses two of them, a file that is not there, and what is no key, without showing it', async () => {
    await expect(find({ WARG_SIGNING_KEY: text, WARG_SIGNING_KEY_FILE: 'x' })).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(find({ WARG_SIGNING_KEY_FILE: 'missing' })).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    await expect(find({ WARG_SIGNING_KEY: 'hunter2' })).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_KEY', message: expect.not.stringContaining('hunter2') }),
    );
  });
});
