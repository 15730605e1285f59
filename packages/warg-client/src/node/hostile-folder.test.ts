// A folder of registries that somebody else made: a project's configuration may name one that came with the project.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUtf8 } from '@warg/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStorage } from './file-storage.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const name = 'https://registry.example';

/** A home with files of long ago, and the place where a storage will look for the registry. */
async function trap() {
  const root = await mkdtemp(join(tmpdir(), 'warg-client-'));
  folders.push(root);
  const home = join(root, 'home');
  await mkdir(home);
  const longAgo = new Date(Date.now() - 7_200_000);
  for (const file of ['letter.txt', 'data.json', '.profile']) {
    await writeFile(join(home, file), file);
    await utimes(join(home, file), longAgo, longAgo);
  }
  const registries = join(root, 'project', 'state');
  await mkdir(registries, { recursive: true });
  const sum = createHash('sha256').update(name).digest('hex').slice(0, 12);
  const registry = fileStorage({ registries, content: join(root, 'content') }).registry(name);
  const commit = async () =>
    registry.exclusive(
      async () => registry.commit(await registry.snapshot(), new Map([['registry', encodeUtf8('{}')]])),
      { signal: undefined },
    );
  return { home, place: join(registries, `registry.example-${sum}`), registry, commit };
}

async function isUntouched(home: string): Promise<boolean> {
  const files = ['letter.txt', 'data.json', '.profile'];
  const texts = await Promise.all(files.map((file) => readFile(join(home, file), 'utf8').catch(() => '')));
  return texts.every((text, at) => text === files[at]);
}

/** A list of documents as somebody makes it up, its checksum right. */
async function makeUp(place: string, documents: unknown): Promise<void> {
  await mkdir(place);
  const list = { format: 'warg-registry-state-1', registry: name, generation: 1, id: 'a', documents };
  const line = JSON.stringify(list);
  const sum = createHash('sha256').update(line).digest('hex');
  await writeFile(join(place, 'manifest-000000000001.json'), `${line}\n${sum}\n`);
}

describe('a folder of registries that somebody else made', () => {
  it('costs no file of ours that a link leads to', async () => {
    const { home, place, registry, commit } = await trap();
    await symlink(home, place);
    for (let i = 0; i < 3; i++) await commit();
    expect(await isUntouched(home)).toBe(true);
    await registry.reset();
    expect(await isUntouched(home)).toBe(true);
  });

  it('does not write the registry’s name through a link', async () => {
    const { home, place, commit } = await trap();
    await mkdir(place);
    await symlink(join(home, 'new.txt'), join(place, 'registry.txt'));
    await commit();
    expect(await readdir(home)).not.toContain('new.txt');
  });

  it.each([
    ['a path', '../../../home/letter.txt'],
    ['a file beside', 'letter.txt'],
    ['no text', 7],
    ['a file of documents outside', '../documents.1-01234567.pack'],
  ])('is damaged where its list of documents names %s', async (_, file) => {
    const { home, place, registry } = await trap();
    await makeUp(place, { pin: { file, size: 10, sha256: '00' } });
    await expect(registry.snapshot()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    await registry.reset();
    expect(await isUntouched(home)).toBe(true);
  });

  it.each([
    [-1, 2],
    [0.5, 2],
    [0, -1],
    [0, Number.MAX_SAFE_INTEGER],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2, 1],
    ['0', 2],
  ])('is damaged where a document lies at %j and has %j bytes', async (offset, size) => {
    const { place, registry } = await trap();
    const file = 'documents.1-01234567.pack';
    const sha256 = createHash('sha256').update('{}').digest('hex');
    await makeUp(place, { pin: { file, offset, size, sha256 } });
    await writeFile(join(place, file), '{}');
    const read = async () => (await registry.snapshot()).read('pin');
    await expect(read()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  it.each([null, 7, { pin: null }, { pin: {} }])(
    'is damaged where its documents are %j',
    async (documents) => {
      const { place, registry } = await trap();
      await makeUp(place, documents);
      await expect(registry.snapshot()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    },
  );
});
