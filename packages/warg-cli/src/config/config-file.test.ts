import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testEnvironment } from '../../test/support/environment.ts';
import { emptyConfig } from './config.ts';
import {
  loadConfig,
  relativeToConfig,
  resolveConfigPath,
  userConfigPath,
  writeConfig,
} from './config-file.ts';
import { requireRegistry, resolveSettings } from './settings.ts';

const write = (path: string, value: unknown): void => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
};

describe('loadConfig', () => {
  it('answers with an empty configuration where there is none', async () => {
    const environment = testEnvironment();
    expect(await loadConfig(environment, undefined)).toEqual({
      config: emptyConfig,
      path: join(environment.folder, 'config', 'warg', 'config.json'),
      origin: 'user',
      exists: false,
    });
  });

  it('reads the user’s own file', async () => {
    const environment = testEnvironment();
    write(userConfigPath(environment), { homeUrl: 'user.example' });
    expect(await loadConfig(environment, undefined)).toMatchObject({
      config: { homeUrl: 'user.example' },
      origin: 'user',
      exists: true,
    });
  });

  it('prefers the nearest warg-config.json above the working directory', async () => {
    const environment = testEnvironment();
    const deep = join(environment.folder, 'a', 'b', 'c');
    mkdirSync(deep, { recursive: true });
    write(userConfigPath(environment), { homeUrl: 'user.example' });
    write(join(environment.folder, 'warg-config.json'), { homeUrl: 'far.example' });
    const inside = { ...environment, workingDirectory: deep };
    expect(await loadConfig(inside, undefined)).toMatchObject({ config: { homeUrl: 'far.example' } });
    write(join(environment.folder, 'a', 'b', 'warg-config.json'), { homeUrl: 'near.example' });
    expect(await loadConfig(inside, undefined)).toMatchObject({
      config: { homeUrl: 'near.example' },
      path: join(environment.folder, 'a', 'b', 'warg-config.json'),
      origin: 'project',
    });
  });

  it('walks past a folder of that name', async () => {
    const environment = testEnvironment();
    const below = join(environment.folder, 'below');
    mkdirSync(join(below, 'warg-config.json'), { recursive: true });
    write(join(environment.folder, 'warg-config.json'), { homeUrl: 'above.example' });
    expect(await loadConfig({ ...environment, workingDirectory: below }, undefined)).toMatchObject({
      config: { homeUrl: 'above.example' },
    });
  });

  it('reads the file that is named, and no other', async () => {
    const environment = testEnvironment();
    write(join(environment.folder, 'warg-config.json'), { homeUrl: 'project.example' });
    write(join(environment.folder, 'mine.json'), { homeUrl: 'mine.example' });
    expect(await loadConfig(environment, 'mine.json')).toMatchObject({
      config: { homeUrl: 'mine.example' },
      origin: 'option',
    });
    await expect(loadConfig(environment, 'missing.json')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });

  it('does not fall through to another file where one is broken', async () => {
    const environment = testEnvironment();
    write(userConfigPath(environment), { homeUrl: 'user.example' });
    writeFileSync(join(environment.folder, 'warg-config.json'), '{"homeUrl": ');
    await expect(loadConfig(environment, undefined)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });

  it('refuses a file that is far too large', async () => {
    const environment = testEnvironment();
    writeFileSync(join(environment.folder, 'large.json'), ' '.repeat(2 ** 20 + 1));
    await expect(loadConfig(environment, 'large.json')).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  });
});

describe('a file of the reference', () => {
  const fixture = fileURLToPath(new URL('../../test/fixtures/reference/config.json', import.meta.url));

  it('is read', async () => {
    const loaded = await loadConfig(testEnvironment(), fixture);
    expect(loaded.config).toMatchObject({
      homeUrl: 'http://127.0.0.1:8765/',
      keys: ['default', 'http://127.0.0.1:8765/'],
      keyringBackend: 'flat-file',
      unknown: {},
    });
  });

  it('is written again with the same members', async () => {
    const environment = testEnvironment();
    const { config } = await loadConfig(environment, fixture);
    const copy = join(environment.folder, 'new', 'config.json');
    await writeConfig(copy, config);
    expect(JSON.parse(readFileSync(copy, 'utf8'))).toEqual(JSON.parse(readFileSync(fixture, 'utf8')));
  });
});

describe('writeConfig', () => {
  it('keeps a symbolic link and the mode of the file', async () => {
    const { folder } = testEnvironment();
    const target = join(folder, 'target.json');
    writeFileSync(target, '{}', { mode: 0o640 });
    symlinkSync(target, join(folder, 'link.json'));
    await writeConfig(join(folder, 'link.json'), { ...emptyConfig, homeUrl: 'a.example' });
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ homeUrl: 'a.example' });
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });
});

describe('paths of a configuration', () => {
  it('are relative to the file', async () => {
    const { folder } = testEnvironment();
    const config = join(folder, 'a', 'config.json');
    mkdirSync(join(folder, 'a'));
    expect(await resolveConfigPath(config, '../content')).toBe(join(folder, 'content'));
    expect(await resolveConfigPath(config, '/content')).toBe('/content');
    expect(await relativeToConfig(config, join(folder, 'content'))).toBe(join('..', 'content'));
  });

  it('are relative to the folder that the file is really in', async () => {
    const { folder } = testEnvironment();
    mkdirSync(join(folder, 'real', 'inner'), { recursive: true });
    symlinkSync(join(folder, 'real', 'inner'), join(folder, 'link'));
    expect(await resolveConfigPath(join(folder, 'link', 'config.json'), '../content')).toBe(
      join(folder, 'real', 'content'),
    );
  });
});

describe('resolveSettings', () => {
  const PIN = 'ecdsa-p256:AkfXKaZAFb74yq0dlig0hv+7oVz3d04sdBeRz6+k9an3';
  const ID = `sha256:${'0'.repeat(64)}`;

  it('uses the platform’s folders by default', async () => {
    const environment = testEnvironment();
    const settings = await resolveSettings(environment, await loadConfig(environment, undefined));
    expect(settings).toMatchObject({
      registry: undefined,
      registriesDir: join(environment.folder, 'cache', 'warg', 'registries'),
      contentDir: join(environment.folder, 'cache', 'warg', 'content'),
      namespaceMapPath: join(environment.folder, 'cache', 'warg', 'namespaces'),
    });
    expect(() => requireRegistry(settings)).toThrow(expect.objectContaining({ code: 'NO_REGISTRY' }));
  });

  it('prefers options to the configuration', async () => {
    const environment = testEnvironment();
    write(join(environment.folder, 'warg-config.json'), {
      homeUrl: 'home.example',
      registriesDir: 'state',
      operatorKeys: { 'home.example': PIN, 'https://other.example/': ID },
      maxCheckpointAge: 60,
    });
    const loaded = await loadConfig(environment, undefined);
    expect(await resolveSettings(environment, loaded)).toMatchObject({
      registry: 'https://home.example/',
      registryAsWritten: 'home.example',
      registriesDir: join(environment.folder, 'state'),
      operatorKey: PIN,
      maxCheckpointAge: 60,
    });
    expect(
      await resolveSettings(environment, loaded, { registry: 'other.example', maxCheckpointAge: 5 }),
    ).toMatchObject({ registry: 'https://other.example/', operatorKey: ID, maxCheckpointAge: 5 });
    expect(await resolveSettings(environment, loaded, { operatorKey: ID })).toMatchObject({
      operatorKey: ID,
    });
    expect(await resolveSettings(environment, loaded, { registry: 'third.example' })).toMatchObject({
      operatorKey: undefined,
    });
  });
});
