import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/support/environment.ts';
import { flatFileKeyring, flatFileName } from './flat-file.ts';

const entry = { service: 'warg-signing-key', user: 'default' };

describe('flatFileName', () => {
  // The names that the reference gives to the same entries.
  it.each([
    ['default', 'service=warg-signing-key&user=default'],
    ['http://127.0.0.1:8765/', 'service=warg-signing-key&user=http%3A%2F%2F127.0.0.1%3A8765%2F'],
    ['a b+c~d*e-f._', 'service=warg-signing-key&user=a+b%2Bc%7Ed*e-f._'],
    ['☃', 'service=warg-signing-key&user=%E2%98%83'],
  ])('names the entry of %s', (user, name) => {
    expect(flatFileName({ service: 'warg-signing-key', user })).toBe(name);
  });
});

describe('flatFileKeyring', () => {
  it('has nothing at first, and makes no folder to find that out', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    const keyring = flatFileKeyring(folder);
    expect(await keyring.get(entry)).toBeUndefined();
    expect(await keyring.delete(entry)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('keeps a secret in a file and a folder for the owner alone, without anything added', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    const keyring = flatFileKeyring(folder);
    expect(await keyring.create(entry, 'secret')).toBe(true);
    const path = join(folder, 'service=warg-signing-key&user=default');
    expect(keyring.describe(entry)).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe('secret');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(await keyring.get(entry)).toBe('secret');
  });

  it('closes a folder that others could enter', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    mkdirSync(folder, { mode: 0o755 });
    await flatFileKeyring(folder).create(entry, 'secret');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('never replaces a secret that is to be created', async () => {
    const keyring = flatFileKeyring(temporaryFolder());
    expect(await keyring.create(entry, 'first')).toBe(true);
    expect(await keyring.create(entry, 'second')).toBe(false);
    expect(await keyring.get(entry)).toBe('first');
  });

  it('lets one of many win', async () => {
    const folder = temporaryFolder();
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, at) => flatFileKeyring(folder).create(entry, `secret ${at}`)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await flatFileKeyring(folder).get(entry)).toBe(`secret ${won.indexOf(true)}`);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('replaces and deletes', async () => {
    const folder = temporaryFolder();
    const keyring = flatFileKeyring(folder);
    await keyring.create(entry, 'first');
    await keyring.replace(entry, 'second');
    expect(await keyring.get(entry)).toBe('second');
    expect(await keyring.delete(entry)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps an old file private when it is replaced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, flatFileName(entry));
    writeFileSync(path, 'first', { mode: 0o644 });
    await flatFileKeyring(folder).replace(entry, 'second');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('says what is wrong where the folder is a file', async () => {
    const path = join(temporaryFolder(), 'keyring');
    writeFileSync(path, '');
    await expect(flatFileKeyring(path).create(entry, 'secret')).rejects.toMatchObject({
      code: 'FILE_ACCESS',
    });
  });
});
