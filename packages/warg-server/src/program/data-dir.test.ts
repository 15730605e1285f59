import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataDir, prepareDir } from './data-dir.ts';

describe('defaultDataDir', () => {
  it.each([
    ['linux', {}, '/home/me/.local/share/warg-server'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/warg-server'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/me/.local/share/warg-server'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/home/me/Library/Application Support/warg-server'],
  ] as const)('is where %s keeps data, with %o', (platform, env, dir) => {
    expect(defaultDataDir(platform, env, '/home/me')).toBe(dir);
  });
});

describe('prepareDir', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'warg-data-'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('makes a folder for its owner alone and leaves nothing in it', async () => {
    const made = join(dir, 'a', 'b');
    await prepareDir(made, '--data-dir');
    expect((await stat(made)).mode & 0o777).toBe(0o700);
    expect(await readdir(made)).toEqual([]);
  });

  it('says which folder cannot be used and which option names another', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    await expect(prepareDir(join(file, 'sub'), '--data-dir')).rejects.toThrow(
      /`.*sub` \(ENOTDIR\).*--data-dir/,
    );
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder that cannot be written [not as root]', async () => {
    await chmod(dir, 0o500);
    await expect(prepareDir(dir, '--data-dir')).rejects.toThrow('EACCES');
  });
});
