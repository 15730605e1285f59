import { link, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishExclusively } from './durable-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warg-client-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('publishExclusively', () => {
  it('gives a file its name once', async () => {
    const [one, two, to] = ['one', 'two', 'to'].map((name) => join(folder, name)) as [string, string, string];
    await writeFile(one, 'one');
    await writeFile(two, 'two');
    expect(await publishExclusively(one, to)).toBe(true);
    expect(await publishExclusively(two, to)).toBe(false);
    expect(await readFile(to, 'utf8')).toBe('one');
    expect((await readdir(folder)).sort()).toEqual(['to', 'two']);
  });

  it('knows its own file under that name, as where a network lost the answer to the first attempt', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    await writeFile(from, 'mine');
    await link(from, to);
    expect(await publishExclusively(from, to)).toBe(true);
    expect(await readdir(folder)).toEqual(['to']);
  });

  it('takes no symbolic link for it', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    await writeFile(from, 'mine');
    await symlink(from, to);
    expect(await publishExclusively(from, to)).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['from', 'to']);
  });
});
