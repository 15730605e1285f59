import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileContentStore } from './file-content.ts';
import { memoryContentStore } from './memory-content.ts';
import { brokenAfter, bytesOf, chunksOf } from './testing/content-streams.ts';
import { testContentStore } from './testing/content-suite.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-content-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

testContentStore({ describe, it }, 'memory', async () => memoryContentStore());
testContentStore({ describe, it }, 'files', () => fileContentStore(join(dir, 'content')));

describe('fileContentStore', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const digest = digestOf(bytes);

  it('keeps a content in one private file that is named after the digest', async () => {
    const store = await fileContentStore(dir);
    await store.write(digest, chunksOf(bytes, 2), 10);
    const path = join(dir, 'files', digest.replace(':', '-'));
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'files'))).mode & 0o777).toBe(0o700);
  });

  it('leaves no temporary file, whatever happens', async () => {
    const store = await fileContentStore(dir);
    await store.write(digest, chunksOf(bytes, 2), 10);
    await store.write(digest, chunksOf(bytes, 2), 2).catch(() => {});
    await store.write(digest, chunksOf(bytes.subarray(1), 2), 10).catch(() => {});
    await store.write(digest, brokenAfter(bytes), 10).catch(() => {});
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  });

  it('removes at start what a process that is gone left, and nothing else', async () => {
    await mkdir(join(dir, 'tmp'), { recursive: true });
    const gone = `${2 ** 22 + 1}-00ff.part`;
    const own = `${process.pid}-00ff.part`;
    const living = `${process.ppid}-00ff.part`;
    for (const name of [gone, own, living, 'mine.txt']) await writeFile(join(dir, 'tmp', name), 'x');
    await fileContentStore(dir);
    expect((await readdir(join(dir, 'tmp'))).sort()).toEqual([living, 'mine.txt'].sort());
  });

  it('fails a read of a file that shrank, instead of giving less', async () => {
    const store = await fileContentStore(dir);
    await store.write(digest, chunksOf(bytes, 2), 10);
    await writeFile(join(dir, 'files', digest.replace(':', '-')), 'x');
    await expect(bytesOf(await store.read(digest, { start: 0, end: 2 }))).rejects.toThrow();
  });

  it('breaks off the writes that run when it is closed', async () => {
    const store = await fileContentStore(dir);
    let close: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes;
      await closed;
      yield bytes;
    }
    const writing = store.write(digest, slow(), 10);
    await store.close();
    close();
    await expect(writing).rejects.toThrow('closed');
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  });
});
