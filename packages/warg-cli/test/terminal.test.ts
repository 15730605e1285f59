import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { newUser } from './support/spawn.ts';
import { hasTerminal, onTerminal, type Typing } from './support/terminal.ts';

const KEY = 'ecdsa-p256:hYJeFg8pf9FMViTmekqEULHgjDnzU7zRhiXBk2LgaUk=';

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
});
afterAll(async () => registry.stop());

function person(more: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const variables = {
    HOME: join(folder, 'home'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...more,
  };
  return {
    folder,
    user: newUser(folder),
    key: join(folder, 'config', 'warg', 'keyring', 'service=warg-signing-key&user=default'),
    run: async (args: readonly string[], typing?: Typing) =>
      onTerminal(args, { folder, variables, ...(typing === undefined ? {} : { typing }) }),
  };
}

it.skipIf(!hasTerminal)('asks before a key is deleted [no terminal to be had]', async () => {
  const { user, key, run } = person();
  await user.json('key', 'new');
  const when = 'Delete the signing key';
  const no = await run(['key', 'delete'], { when, type: 'n' });
  expect(no).toMatchObject({ code: 1, screen: expect.stringContaining('error: nothing was changed') });
  const away = await run(['key', 'delete'], { when, type: '\u0003' });
  expect(away).toMatchObject({ code: 130, screen: expect.stringContaining('error: interrupted') });
  expect(existsSync(key)).toBe(true);
  const yes = await run(['key', 'delete'], { when, type: 'y' });
  expect(yes).toMatchObject({ code: 0, screen: expect.stringContaining('Deleted the signing key') });
  expect(existsSync(key)).toBe(false);
});

it.skipIf(!hasTerminal)('asks for a key without showing it [no terminal to be had]', async () => {
  const { user, run } = person();
  const set = await run(['key', 'set'], { when: 'Signing key', type: `${KEY}\r` });
  expect(set).toMatchObject({ code: 0, screen: expect.stringContaining('Key ID: sha256:43c5af59') });
  expect(set.raw).not.toContain(KEY.slice(-12));
  expect(await user.json('key', 'info')).toMatchObject({ source: 'keyring' });
});

it.skipIf(!hasTerminal)('never asks where the configuration forbids it [no terminal to be had]', async () => {
  const { user, run } = person();
  await user.json('config', '--disable-interactive', 'true');
  await user.json('key', 'new');
  const refused = await run(['key', 'delete']);
  expect(refused).toMatchObject({ code: 1, screen: expect.stringContaining('hint: Say --yes') });
});

it.skipIf(!hasTerminal)(
  'shows colours and progress, and leaves neither behind [no terminal to be had]',
  async () => {
    const { folder, user, run } = person();
    await user.json('config', '--registry', registry.url);
    await user.json('key', 'new');
    writeFileSync(join(folder, 'large.wasm'), Buffer.alloc(4_000_000, 7));
    const release = await run(['publish', 'release', 'example:large@1.0.0', 'large.wasm']);
    expect(release.code).toBe(0);
    expect(release.screen).toContain('Uploading  100%  4.0 MB of 4.0 MB');
    expect(release.raw).toContain('\u001b[32mPublished\u001b[39m');
    // Whatever was shown on the way was removed before the result.
    expect(release.screen.split('\n').find((line) => line.includes('Published'))).toMatch(
      /\rPublished example:large$/,
    );

    const yank = await run(['publish', 'yank', 'example:large@1.0.0'], {
      when: 'Yank example:large@1.0.0?',
      type: 'y',
    });
    expect(yank).toMatchObject({ code: 0, screen: expect.stringContaining('Published example:large') });
  },
);

it.skipIf(!hasTerminal)('shows no colours where NO_COLOR says so [no terminal to be had]', async () => {
  const { run } = person({ NO_COLOR: '1' });
  for (const args of [['--help'], ['config'], ['key', 'info']]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect((await run(args)).raw).not.toMatch(/\u001b/);
  }
});
