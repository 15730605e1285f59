import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerCredentials } from './docker-config.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-docker-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const lookUp = async (config: unknown, host = 'registry.example:5000') => {
  await writeFile(join(dir, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return await dockerCredentials(host, { DOCKER_CONFIG: dir, PATH: `${dir}:${process.env['PATH']}` });
};

const helper = async (name: string, script: string) => {
  const file = join(dir, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
};

const password = (username: string, secret: string) => ({ type: 'password', username, password: secret });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('dockerCredentials', () => {
  it('knows nobody where there is no configuration, or none for the host', async () => {
    expect(await dockerCredentials('registry.example', { DOCKER_CONFIG: join(dir, 'none') })).toBeUndefined();
    for (const config of [{}, { auths: { 'registry.example': { auth: base64('a:b') } } }, { auths: null }]) {
      expect(await lookUp(config)).toBeUndefined();
    }
  });

  it.each([
    [{ auth: base64('user:pass:word') }, password('user', 'pass:word')],
    [{ username: 'user', password: 'word' }, password('user', 'word')],
    [
      { auth: base64('user:'), identitytoken: 'token' },
      { type: 'identityToken', token: 'token' },
    ],
    [{}, undefined],
  ])('reads %o', async (entry, expected) => {
    expect(await lookUp({ auths: { 'registry.example:5000': entry } })).toEqual(expected);
  });

  it('looks Docker Hub up under the name that Docker uses', async () => {
    const config = { auths: { 'https://index.docker.io/v1/': { auth: base64('user:word') } } };
    expect(await lookUp(config, 'docker.io')).toEqual(password('user', 'word'));
    expect(await lookUp(config, 'notdocker.io')).toBeUndefined();
  });

  it('asks the helper of the host before that of all, and both before the file', async () => {
    const auths = { 'registry.example:5000': { auth: base64('file:word') } };
    await helper(
      'one',
      'read host; echo "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"$host\\"}"',
    );
    await helper('two', 'echo \'{"Username":"<token>","Secret":"identity"}\'');
    await helper('none', 'echo "credentials not found in native keychain"; exit 1');
    const credHelpers = { 'registry.example:5000': 'one' };
    expect(await lookUp({ auths, credsStore: 'two', credHelpers })).toEqual(
      password('get', 'registry.example:5000'),
    );
    expect(await lookUp({ auths, credsStore: 'two' })).toEqual({ type: 'identityToken', token: 'identity' });
    expect(await lookUp({ auths, credsStore: 'none' })).toEqual(password('file', 'word'));
  });

  it.each([
    ['a file that is no JSON', '{"auths"', 'Docker configuration'],
    ['an `auth` that is no base64', { auths: { 'registry.example:5000': { auth: 'top secret' } } }, '`auth`'],
    [
      'an `auth` without a user',
      { auths: { 'registry.example:5000': { auth: base64('secret') } } },
      '`auth`',
    ],
    ['a helper whose name is a path', { credsStore: '../secret' }, 'name of a credential helper'],
    ['a helper that is not there', { credsStore: 'missing' }, 'docker-credential-missing'],
    ['a helper that fails', { credsStore: 'broken' }, 'exit code 3'],
    ['a helper that says something else', { credsStore: 'chatty' }, 'expected JSON'],
  ])('refuses %s without repeating it', async (_, config, message) => {
    await helper('broken', 'echo secret; exit 3');
    await helper('chatty', 'echo secret');
    const error = await lookUp(config).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect((error as Error).message).not.toContain('secret');
  });
});
