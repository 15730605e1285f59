import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { makeToken, type RunningRegistry, revokeToken, startRegistry } from './support/registry.ts';
import { newUser, type User } from './support/spawn.ts';
import { hasTerminal, onTerminal } from './support/terminal.ts';
import { FIRST, publisherOf } from './support/users.ts';

let registry: RunningRegistry;
let folder: string;
let publish: string;
let read: string;

beforeAll(async () => {
  folder = temporaryFolder();
  registry = await startRegistry({ folder, args: ['--private'] });
  publish = await makeToken(folder, '--publish', '--namespace', 'example');
  read = await makeToken(folder, '--read', '--namespace', 'example');
  const user = await publisherOf(registry.url);
  expect((await user.given(publish, 'login')).code).toBe(0);
  await user.json('publish', 'release', 'example:private@1.0.0', 'first.wasm');
}, 60_000);
afterAll(async () => registry.stop());

function tokenFile(user: User): string {
  const label = new URL(registry.url).host.replace(':', '-');
  return join(user.folder, 'config', 'warg', 'keyring', `service=warg-auth-token%3A${label}&user=${label}`);
}

const configOf = (user: User) =>
  JSON.parse(readFileSync(join(user.folder, 'config', 'warg', 'config.json'), 'utf8'));

describe('warg login', () => {
  it('keeps a token that is good, and everything works with it', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url);
    const before = await user.warg('download', 'example:private', '--json');
    expect(before.json.error).toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining('warg login'),
      details: { status: 401, token: 'missing' },
    });
    const login = await user.given(`${read}\n`, 'login', '--json');
    expect(login.json).toEqual({
      registry: `${registry.url}/`,
      place: tokenFile(user),
      backend: 'flat-file',
      replaced: false,
    });
    expect(readFileSync(tokenFile(user), 'utf8')).toBe(read);
    expect(statSync(tokenFile(user)).mode & 0o777).toBe(0o600);
    expect(configOf(user)).toMatchObject({ keyringAuth: true, keyringBackend: 'flat-file' });
    await user.json('download', 'example:private', '--output', 'got.wasm');
    expect(readFileSync(join(user.folder, 'got.wasm'))).toEqual(FIRST);
    const runs = [before, login, await user.warg('info', '--verbose')];
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain('wargt_');
  });

  it('is told what is not there, and what it may not do', async () => {
    const user = await publisherOf(registry.url);
    await user.given(read, 'login');
    const missing = await user.warg('info', 'example:nothing', '--json');
    expect(missing.json.error).toMatchObject({ code: 'PACKAGE_NOT_FOUND', details: { absence: 'unproved' } });
    const refused = await user.warg('publish', 'release', 'example:mine@1.0.0', 'first.wasm', '--json');
    expect(refused.json.error).toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining('token that may do this'),
      details: { status: 403, token: 'insufficient' },
    });
  });

  it('keeps no token that is not good, and goes on with the old one', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url);
    await user.given(read, 'login');
    const revoked = await makeToken(folder, '--read', '--all-namespaces');
    await revokeToken(folder, revoked);
    const refused = await user.given(revoked, 'login', '--json');
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'UNAUTHORIZED' } } });
    expect(refused.json.error.details.token).toBe('refused');
    const slips: [string, string][] = [
      ['one letter missing', read.slice(0, -1)],
      ['nothing', '\n'],
      ['two words', 'a token'],
      ['too much', 'x'.repeat(100_000)],
    ];
    for (const [, text] of slips) {
      const slip = await user.given(text, 'login', '--json');
      expect(slip).toMatchObject({ code: 1, json: { error: { code: 'INVALID_TOKEN' } } });
      expect(slip.stdout + slip.stderr).not.toContain(read.slice(24, 40));
    }
    expect(readFileSync(tokenFile(user), 'utf8')).toBe(read);
  });

  it('says when a token that was kept is refused', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url);
    const short = await makeToken(folder, '--read', '--all-namespaces');
    await user.given(short, 'login');
    await user.json('update');
    await revokeToken(folder, short);
    const late = await user.warg('update', '--json');
    expect(late.json.error).toMatchObject({ hint: expect.stringContaining('expired or been revoked') });
  });

  it('names a keyring that it does not have, instead of writing elsewhere', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url, '--keyring-backend', 'secret-service');
    const refused = await user.given(read, 'login', '--json');
    expect(refused.json.error).toMatchObject({
      code: 'KEYRING_BACKEND_UNAVAILABLE',
      hint: expect.stringContaining('WARG_AUTH_TOKEN_FILE'),
    });
    expect(existsSync(tokenFile(user))).toBe(false);
    expect((await user.given(read, 'login', '--keyring-backend', 'flat-file')).code).toBe(0);
    expect(existsSync(tokenFile(user))).toBe(true);
  });

  it.skipIf(!hasTerminal)('asks for the token without showing it [no terminal to be had]', async () => {
    const user = newUser();
    const variables = {
      HOME: join(user.folder, 'home'),
      XDG_CONFIG_HOME: join(user.folder, 'config'),
      XDG_CACHE_HOME: join(user.folder, 'cache'),
    };
    const session = await onTerminal(['login', '--registry', registry.url], {
      folder: user.folder,
      variables,
      typing: { when: 'Token for', type: `${read}\r` },
    });
    expect(session).toMatchObject({ code: 0, screen: expect.stringContaining('Logged in to') });
    expect(session.raw).not.toContain(read.slice(-12));
  });
});

describe('warg logout', () => {
  it('forgets the token, once', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url);
    await user.given(read, 'login');
    expect(await user.json('logout')).toMatchObject({ removed: true, place: tokenFile(user) });
    expect(existsSync(tokenFile(user))).toBe(false);
    expect(await user.json('logout')).toMatchObject({ removed: false });
    expect((await user.warg('update')).code).toBe(1);
  });
});

describe('a token in the environment', () => {
  it('is sent without a keyring, and goes before it', async () => {
    const user = newUser();
    await user.json('config', '--registry', registry.url);
    await user.with({ WARG_AUTH_TOKEN: read }).json('update');
    writeFileSync(join(user.folder, 'token.txt'), `${read}\n`);
    await user.with({ WARG_AUTH_TOKEN_FILE: 'token.txt' }).json('update');
    const both = await user.with({ WARG_AUTH_TOKEN: read, WARG_AUTH_TOKEN_FILE: 'token.txt' }).warg('update');
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('are both set') });
    const slip = await user.with({ WARG_AUTH_TOKEN: 'two words' }).warg('update', '--json');
    expect(slip.json.error).toMatchObject({ code: 'INVALID_TOKEN' });
    const login = await user.with({ WARG_AUTH_TOKEN: read }).given(read, 'login');
    expect(login).toMatchObject({ code: 0, stderr: expect.stringContaining('goes before this token') });
  });

  it('is not sent to a registry that somebody’s project chose', async () => {
    const user = newUser().with({ WARG_AUTH_TOKEN: read });
    writeFileSync(join(user.folder, 'warg-config.json'), JSON.stringify({ homeUrl: registry.url }));
    const chosen = await user.warg('update');
    expect(chosen.code).toBe(1);
    expect(chosen.stderr).toMatch(/WARG_AUTH_TOKEN is not sent to .* name it with --registry/);
    await user.json('update', '--registry', registry.url);
  });
});
