import { mkdtemp, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodeUtf8 } from '@warg/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { storageSuite } from '../storage/storage-suite.ts';
import { fileDestination } from './file-destination.ts';
import { fileStorage } from './file-storage.ts';

const folders: string[] = [];
const makeFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warg-client-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

storageSuite('file storage', async () => fileStorage(await makeFolder()));

const name = 'http://127.0.0.1:8090/some/path';

async function written() {
  const folder = await makeFolder();
  const registry = fileStorage(folder).registry(name);
  const documents = new Map([
    ['registry', encodeUtf8('{"a":1}')],
    ['package/00', encodeUtf8('{"b":2}')],
  ]);
  await registry.commit(await registry.snapshot(), documents);
  const [place] = await readdir(join(folder, 'registries'));
  return { folder, registry, place: join(folder, 'registries', place!) };
}

describe('file storage: files', () => {
  it('uses names that every file system allows', async () => {
    const { folder } = await written();
    for (const path of await readdir(folder, { recursive: true })) expect(path).toMatch(/^[A-Za-z0-9./_-]+$/);
  });

  it('tells registries apart whose names look alike', async () => {
    const folder = await makeFolder();
    const storage = fileStorage(folder);
    for (const registry of [
      'https://a.example/x-y',
      'https://a.example/x/y',
      'http://localhost:1',
      'https://localhost:1',
    ]) {
      const place = storage.registry(registry);
      await place.commit(await place.snapshot(), new Map([['registry', encodeUtf8(registry)]]));
    }
    expect(await storage.registries()).toHaveLength(4);
    expect(await readdir(join(folder, 'registries'))).toHaveLength(4);
  });

  it('removes what no snapshot needs any more', async () => {
    const { registry, place } = await written();
    for (let i = 0; i < 5; i++) {
      await registry.commit(await registry.snapshot(), new Map([['registry', encodeUtf8(`{"a":${i}}`)]]));
    }
    // Two manifests, the documents of the last two commits, those of the first (half of them count), and the name.
    expect((await readdir(place)).sort()).toHaveLength(6);
  });

  it.each(['documents', 'manifest'])('detects a damaged file: %s', async (prefix) => {
    const { registry, place } = await written();
    const file = join(
      place,
      (await readdir(place)).find(
        (entry) => entry.startsWith(`${prefix}.`) || (entry.startsWith('manifest-') && prefix === 'manifest'),
      )!,
    );
    const bytes = await readFile(file);
    const read = async () => {
      const snapshot = await registry.snapshot();
      for (const key of snapshot.keys()) await snapshot.read(key);
    };
    for (let i = 0; i < bytes.length; i += 7) {
      const damaged = Uint8Array.from(bytes);
      damaged[i]! ^= 1;
      await writeFile(file, damaged);
      await expect(read()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: /warg reset/ });
    }
    await writeFile(file, bytes);
    await read();
    await truncate(file, bytes.length - 1);
    await expect(read()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    if (prefix !== 'manifest') {
      await rm(file);
      await expect(read()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    }
    await registry.reset();
    await read();
  });

  it('moves what counts out of files that are outdated for the most part', async () => {
    const { registry, place } = await written();
    const set = async (...documents: [string, string | undefined][]) => {
      const changes = documents.map(
        ([key, text]) => [key, text === undefined ? text : encodeUtf8(text)] as const,
      );
      await registry.commit(await registry.snapshot(), new Map(changes));
    };
    const long = 'x'.repeat(100);
    const expected = new Map([
      ['registry', '{"a":1}'],
      ['package/00', '{"b":2}'],
    ]);
    let state = 7;
    for (let i = 0; i < 200; i++) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      const key = `package/${String(state % 17).padStart(2, '0')}`;
      const text = i % 5 === 4 ? undefined : `${i} ${long.slice(state % 100)}`;
      if (text === undefined) expected.delete(key);
      else expected.set(key, text);
      expected.set('registry', `${i}`);
      await set([key, text], ['registry', `${i}`]);
    }
    const snapshot = await registry.snapshot();
    expect(snapshot.keys()).toEqual([...expected.keys()].sort());
    for (const [key, text] of expected) expect(await snapshot.read(key)).toEqual(encodeUtf8(text));
    const sizes = await Promise.all(
      (await readdir(place))
        .filter((file) => file.endsWith('.pack'))
        .map(async (file) => (await readFile(join(place, file))).length),
    );
    // What counts is at least half of each file but for the one of the commit before.
    const counts = [...expected.values()].reduce((sum, text) => sum + text.length, 0);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    expect(all - Math.max(...sizes)).toBeLessThanOrEqual(2 * counts);
  });

  it('gives each reader of a snapshot bytes of its own', async () => {
    const { registry } = await written();
    const snapshot = await registry.snapshot();
    for (let i = 0; i < 3; i++) {
      const bytes = (await snapshot.read('registry'))!;
      expect(bytes).toEqual(encodeUtf8('{"a":1}'));
      bytes.fill(0);
    }
  });

  it('leaves a damaged document where it is when its file is given up', async () => {
    const { registry, place } = await written();
    await registry.commit(
      await registry.snapshot(),
      new Map([
        ['package/01', encodeUtf8('short')],
        ['package/02', encodeUtf8('much longer than the other')],
      ]),
    );
    const file = (await readdir(place)).find((entry) => entry.startsWith('documents.2-'))!;
    await writeFile(join(place, file), `SHORT${'much longer than the other'}`);
    await registry.commit(await registry.snapshot(), new Map([['package/02', encodeUtf8('new')]]));
    await registry.commit(await registry.snapshot(), new Map([['registry', encodeUtf8('{}')]]));
    const snapshot = await registry.snapshot();
    expect(await snapshot.read('package/02')).toEqual(encodeUtf8('new'));
    await expect(snapshot.read('package/01')).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  it('reads what an older version wrote, a file for each document', async () => {
    const { registry, place } = await written();
    const bytes = encodeUtf8('{"old":true}');
    await writeFile(join(place, 'package-07.2-0123abcd.json'), bytes);
    const document = {
      file: 'package-07.2-0123abcd.json',
      size: bytes.length,
      sha256: digestOf(bytes).slice('sha256:'.length),
    };
    const line = JSON.stringify({
      format: 'warg-registry-state-1',
      registry: name,
      generation: 2,
      id: 'old',
      documents: { 'package/07': document },
    });
    const sum = digestOf(encodeUtf8(line)).slice('sha256:'.length);
    await writeFile(join(place, 'manifest-000000000002.json'), `${line}\n${sum}\n`);
    const snapshot = await registry.snapshot();
    expect(await snapshot.read('package/07')).toEqual(bytes);
    await registry.commit(snapshot, new Map([['registry', encodeUtf8('{}')]]));
    expect(await (await registry.snapshot()).read('package/07')).toEqual(bytes);
  });

  it('ignores what a killed commit left, and removes it later', async () => {
    const { registry, place } = await written();
    const left = join(place, 'package-00.2-deadbeef.json');
    await writeFile(left, '{"half');
    await writeFile(join(place, '.manifest.abc.part'), 'half');
    await registry.commit(await registry.snapshot(), new Map([['registry', encodeUtf8('{}')]]));
    expect(await readdir(place)).toContain('package-00.2-deadbeef.json');
    const before = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(left, before, before);
    await registry.commit(await registry.snapshot(), new Map([['registry', encodeUtf8('{}')]]));
    expect(await readdir(place)).not.toContain('package-00.2-deadbeef.json');
  });
});

describe('file storage: lock', () => {
  it('says who holds the lock when it stays held', async () => {
    const folder = await makeFolder();
    const storage = fileStorage({ registries: folder, content: join(folder, 'c'), lockTimeout: 50 });
    const registry = storage.registry(name);
    await registry.commit(await registry.snapshot(), new Map([['a', encodeUtf8('1')]]));
    const [place] = (await readdir(folder)).filter((entry) => entry !== 'c');
    const lock = join(folder, place!, 'lock');
    await writeFile(lock, JSON.stringify({ pid: process.ppid, host: hostname(), token: 'x' }));
    await expect(registry.exclusive(async () => {}, { signal: undefined })).rejects.toMatchObject({
      code: 'STORAGE_LOCKED',
      message: new RegExp(`process ${process.ppid} on `),
    });
    expect(await readFile(lock, 'utf8')).toContain('"x"');
  });

  it('takes over from a process that is gone, and from one that shows no sign of life', async () => {
    const { registry, place } = await written();
    const lock = join(place, 'lock');
    await writeFile(lock, JSON.stringify({ pid: 2 ** 30, host: hostname(), token: 'x' }));
    expect(await registry.exclusive(async () => 'ours', { signal: undefined })).toBe('ours');
    await writeFile(lock, JSON.stringify({ pid: 1, host: 'another.example', token: 'x' }));
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(lock, longAgo, longAgo);
    expect(await registry.exclusive(async () => 'ours', { signal: undefined })).toBe('ours');
    expect(await readdir(place)).not.toContain('lock');
  });

  it('lets one of two writers win that both believe to hold the lock', async () => {
    const { folder } = await written();
    const one = fileStorage(folder).registry(name);
    const two = fileStorage(folder).registry(name);
    const bases = [await one.snapshot(), await two.snapshot()];
    const results = await Promise.allSettled([
      one.commit(bases[0]!, new Map([['registry', encodeUtf8('one')]])),
      two.commit(bases[1]!, new Map([['registry', encodeUtf8('two')]])),
    ]);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('fileDestination', () => {
  it('leaves what is there where it shall not replace it', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'hello.wasm');
    const bytes = encodeUtf8('hello');
    const sink = await fileDestination(path, { replace: false }).open();
    await sink.write(bytes);
    await writeFile(path, 'a letter');
    await expect(sink.commit(digestOf(bytes))).rejects.toMatchObject({ code: 'DESTINATION_EXISTS' });
    await sink.abort();
    expect(await readFile(path, 'utf8')).toBe('a letter');
    await rm(path);
    const again = await fileDestination(path, { replace: false }).open();
    await again.write(bytes);
    expect(await again.commit(digestOf(bytes))).toBe(path);
    expect(await readdir(folder)).toEqual(['hello.wasm']);
  });

  it('replaces a link, not what it leads to', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'hello.wasm');
    await writeFile(join(folder, 'letter.txt'), 'a letter');
    await symlink('letter.txt', path);
    const sink = await fileDestination(path).open();
    await sink.write(encodeUtf8('hello'));
    await sink.commit(digestOf(encodeUtf8('hello')));
    expect(await readFile(join(folder, 'letter.txt'), 'utf8')).toBe('a letter');
    expect(await readFile(path, 'utf8')).toBe('hello');
  });

  it('shows a file only when it is whole', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'deep', 'er', 'hello.wasm');
    const destination = fileDestination(path);
    const bytes = encodeUtf8('hello');
    const aborted = await destination.open();
    await aborted.write(bytes);
    await aborted.abort();
    expect(await readdir(join(folder, 'deep', 'er'))).toEqual([]);
    const sink = await destination.open();
    await sink.write(bytes);
    expect(await readdir(join(folder, 'deep', 'er'))).not.toContain('hello.wasm');
    expect(await sink.commit(digestOf(bytes))).toBe(path);
    expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['hello.wasm']);
    expect(await readFile(path, 'utf8')).toBe('hello');
  });
});
