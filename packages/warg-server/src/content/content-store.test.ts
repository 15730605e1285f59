import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileContentStore } from './file-content.ts';
import { memoryContentStore } from './memory-content.ts';
import { openSpool } from './spool.ts';
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

/** A body of which half is there, and the rest when it is told. */
function held(bytes: Uint8Array) {
  let start: () => void = () => {};
  let goOn: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const going = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 1);
    start();
    await going;
    yield bytes.subarray(1);
  }
  return { body: body(), started, goOn };
}

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

  it('removes at start what was given up an hour ago and more, and nothing else', async () => {
    const tmp = join(dir, 'tmp');
    await mkdir(tmp, { recursive: true });
    const old = ['00ff.part', `${process.pid}-00ff.part`, 'mine.txt'];
    const recent = ['11ff.part', `${process.pid}-11ff.part`, '1-11ff.part', 'yours.txt'];
    for (const name of [...old, ...recent]) await writeFile(join(tmp, name), 'x');
    const then = new Date(Date.now() - 61 * 60_000);
    for (const name of old) await utimes(join(tmp, name), then, then);
    await fileContentStore(dir);
    expect((await readdir(tmp)).sort()).toEqual([...recent, 'mine.txt'].sort());
  });

  it('leaves alone what others write to the same folder, whose process ids may be the same in containers', async () => {
    const store = await fileContentStore(dir);
    const { body, started, goOn } = held(bytes);
    const writing = store.write(digest, body, 10);
    await started;
    const other = await fileContentStore(dir);
    goOn();
    expect(await writing).toBe(bytes.length);
    expect(await other.size(digest)).toBe(bytes.length);
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

describe('openSpool', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const long = new Date(Date.now() - 2 * 3_600_000);

  it('removes what is given up while it runs', async () => {
    const spool = await openSpool(dir, { interval: 5 });
    const { body, started, goOn } = held(bytes);
    const taking = spool.take(digestOf(bytes), body, 10, async ({ path, size }) => {
      expect(await readFile(path)).toHaveLength(size);
      return size;
    });
    await started;
    const [own] = await readdir(dir);
    await writeFile(join(dir, '00ff.part'), 'x');
    await utimes(join(dir, '00ff.part'), long, long);
    await vi.waitFor(async () => expect(await readdir(dir)).toEqual([own]), 30_000);
    goOn();
    expect(await taking).toBe(bytes.length);
    await spool.close();
  });

  it('makes young again what it writes, however old it looks', async () => {
    const spool = await openSpool(dir, { interval: 5 });
    const { body, started, goOn } = held(bytes);
    const taking = spool.take(digestOf(bytes), body, 10, async () => 'taken');
    await started;
    const path = join(dir, (await readdir(dir))[0]!);
    const recent = new Date(Date.now() - 30 * 60_000);
    await utimes(path, recent, recent);
    await vi.waitFor(
      async () => expect((await stat(path)).mtimeMs).toBeGreaterThan(recent.getTime()),
      30_000,
    );
    goOn();
    expect(await taking).toBe('taken');
    await spool.close();
  });
});
