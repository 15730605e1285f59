import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { runHere } from './support/run.ts';

const PIN = 'ecdsa-p256:AkfXKaZAFb74yq0dlig0hv+7oVz3d04sdBeRz6+k9an3';
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
const userConfig = (folder: string) => join(folder, 'config', 'warg', 'config.json');

describe('warg config', () => {
  it('shows the defaults and writes nothing', async () => {
    const folder = temporaryFolder();
    const shown = await runHere(['config', '--json'], { folder });
    expect(shown).toMatchObject({
      code: 0,
      json: {
        path: userConfig(folder),
        exists: false,
        written: false,
        effective: {
          registry: null,
          contentDir: join(folder, 'cache', 'warg', 'content'),
          keyringBackend: 'flat-file',
        },
      },
    });
    expect(existsSync(userConfig(folder))).toBe(false);
  });

  it('writes what is given to the user’s file, with paths relative to it', async () => {
    const folder = temporaryFolder();
    const set = await runHere(
      [
        'config',
        '--registry=http://localhost:8090',
        '--registries-dir=state',
        '--content-dir=content',
        '--namespace-path=namespaces',
        '--ignore-federation-hints=true',
        '--disable-auto-accept-federation-hints=true',
        '--disable-auto-package-init=true',
        '--disable-interactive=true',
        '--keyring-backend=flat-file',
        `--operator-key=${PIN}`,
        '--max-checkpoint-age=1h',
      ],
      { folder },
    );
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect(read(userConfig(folder))).toEqual({
      homeUrl: 'http://localhost:8090/',
      registriesDir: '../../state',
      contentDir: '../../content',
      namespaceMapPath: '../../namespaces',
      keyringAuth: false,
      ignoreFederationHints: true,
      disableAutoAcceptFederationHints: true,
      disableAutoPackageInit: true,
      disableInteractive: true,
      keyringBackend: 'flat-file',
      operatorKeys: { 'http://localhost:8090/': PIN },
      maxCheckpointAge: 3600,
    });
    expect((await runHere(['config', '--json'], { folder })).json).toMatchObject({
      effective: {
        registry: 'http://localhost:8090/',
        registriesDir: join(folder, 'state'),
        operatorKey: PIN,
        maxCheckpointAge: 3600,
      },
    });
  });

  it('changes only what is given, and keeps what it does not know', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(userConfig(folder), '..'), { recursive: true });
    writeFileSync(
      userConfig(folder),
      JSON.stringify({ homeUrl: 'a.example', future: [1], keys: ['default'] }),
    );
    await runHere(['config', '--content-dir', '/content'], { folder });
    expect(read(userConfig(folder))).toMatchObject({ homeUrl: 'a.example', future: [1], keys: ['default'] });
    await runHere(['config', '--registry', 'b.example'], { folder });
    expect(read(userConfig(folder))).toMatchObject({ homeUrl: 'https://b.example/', future: [1] });
  });

  it('writes to the path that is given, starting from the configuration that holds', async () => {
    const folder = temporaryFolder();
    await runHere(['config', '--registry', 'a.example', '--content-dir', 'content'], { folder });
    await runHere(['config', '--registry', 'b.example', 'project/warg-config.json'], { folder });
    expect(read(join(folder, 'project', 'warg-config.json'))).toMatchObject({
      homeUrl: 'https://b.example/',
      contentDir: '../content',
    });
    expect(read(userConfig(folder))).toMatchObject({ homeUrl: 'https://a.example/' });
    await runHere(['config', '--path', 'project/warg-config.json', '--max-checkpoint-age', '60'], { folder });
    expect(read(join(folder, 'project', 'warg-config.json'))).toMatchObject({
      homeUrl: 'https://b.example/',
      maxCheckpointAge: 60,
    });
  });

  it('writes to the file that holds', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'warg-config.json'), '{}');
    await runHere(['config', '--registry', 'a.example'], { folder });
    expect(read(join(folder, 'warg-config.json'))).toMatchObject({ homeUrl: 'https://a.example/' });
    expect(existsSync(userConfig(folder))).toBe(false);
    writeFileSync(join(folder, 'mine.json'), '{}');
    await runHere(['config', '--registry', 'b.example', '--config', 'mine.json'], { folder });
    expect(read(join(folder, 'mine.json'))).toMatchObject({ homeUrl: 'https://b.example/' });
  });

  it('starts anew with --overwrite, keeping the lists of keys', async () => {
    const folder = temporaryFolder();
    await runHere(['key', 'new'], { folder });
    await runHere(['config', '--registry', 'a.example', '--content-dir', 'content', '--operator-key', PIN], {
      folder,
    });
    expect(await runHere(['config', '--overwrite'], { folder })).toMatchObject({ code: 2 });
    await runHere(['config', '--overwrite', '--registry', 'b.example'], { folder });
    expect(read(userConfig(folder))).toEqual({
      homeUrl: 'https://b.example/',
      keys: ['default'],
      keyringAuth: false,
      ignoreFederationHints: false,
      disableAutoAcceptFederationHints: false,
      disableAutoPackageInit: false,
      disableInteractive: false,
      keyringBackend: 'flat-file',
      operatorKeys: { 'https://a.example/': PIN },
    });
  });

  it('refuses what makes no sense, and changes nothing', async () => {
    const folder = temporaryFolder();
    for (const args of [
      ['--registry', 'http://registry.example'],
      ['--registry', 'no registry'],
      ['--keyring-backend', 'nonsense'],
      ['--operator-key', 'nonsense'],
      ['--operator-key', PIN],
      ['--max-checkpoint-age', 'soon'],
      ['--ignore-federation-hints', 'perhaps'],
      ['--nonsense'],
      ['show'],
      ['a.json', 'b.json'],
    ]) {
      expect(await runHere(['config', ...args, '--json'], { folder })).toMatchObject({
        code: 2,
        json: { error: { code: 'USAGE' } },
      });
    }
    expect(existsSync(userConfig(folder))).toBe(false);
    expect(existsSync(join(folder, 'show'))).toBe(false);
  });

  it('says which file is broken', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'warg-config.json'), '{');
    const broken = await runHere(['config'], { folder });
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr).toContain(join(folder, 'warg-config.json'));
  });

  it('warns of a keyring that this version does not have', async () => {
    const set = await runHere(['config', '--keyring-backend', 'secret-service']);
    expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining('warning:') });
  });
});
