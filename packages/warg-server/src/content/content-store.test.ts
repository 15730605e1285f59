import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@warg/crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContentStore } from './content-store.ts';
import { fileContent } from './file-content.ts';
import { memoryContent } from './memory-content.ts';

const mebibyte = 2 ** 20;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'warg-content-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

async function* brokenAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error('connection lost');
}

async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const stores: readonly (readonly [string, () => Promise<ContentStore>])[] = [
  ['fileContent', () => fileContent(join(dir, 'content'))],
  ['memoryContent', async () => memoryContent()],
];

describe.each(stores)('%s', (_, open) => {
  it('gives back what was written, whatever the sizes of its chunks', async () => {
    const store = await open();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 999 }),
        async (bytes, size) => {
          const digest = digestOf(bytes);
          expect(await store.write(digest, chunksOf(bytes, size), mebibyte)).toBe(bytes.byteLength);
          expect(await store.size(digest)).toBe(bytes.byteLength);
          expect(await bytesOf(await store.read(digest))).toEqual(bytes);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('streams contents larger than its own chunks, and any part of them', async () => {
    const store = await open();
    const bytes = new Uint8Array(randomBytes(3 * 128 * 1024 + 17));
    const digest = digestOf(bytes);
    await store.write(digest, chunksOf(bytes, 65_536), mebibyte);
    expect(await bytesOf(await store.read(digest))).toEqual(bytes);
    for (const [start, end] of [
      [0, 0],
      [131_071, 131_072],
      [5, 300_000],
      [0, bytes.length - 1],
    ] as const) {
      expect(await bytesOf(await store.read(digest, { start, end }))).toEqual(bytes.subarray(start, end + 1));
    }
  });

  it('has no content that it was not given', async () => {
    const store = await open();
    expect(await store.size(digestOf(new Uint8Array(1)))).toBeUndefined();
    await expect(store.read(digestOf(new Uint8Array(1)))).rejects.toThrow();
  });

  it('refuses other bytes than the digest says', async () => {
    const store = await open();
    const digest = digestOf(new Uint8Array([1]));
    await expect(store.write(digest, chunksOf(new Uint8Array([2]), 1), 10)).rejects.toMatchObject({
      code: 'CONTENT_DIGEST_MISMATCH',
    });
    expect(await store.size(digest)).toBeUndefined();
  });

  it('refuses a content beyond the cap, and takes one that is just as large', async () => {
    const store = await open();
    const bytes = new Uint8Array(100);
    const digest = digestOf(bytes);
    await expect(store.write(digest, chunksOf(bytes, 7), 99)).rejects.toMatchObject({
      code: 'CONTENT_TOO_LARGE',
    });
    expect(await store.size(digest)).toBeUndefined();
    expect(await store.write(digest, chunksOf(bytes, 7), 100)).toBe(100);
  });

  it('passes on the error of a body that breaks off, and keeps nothing of it', async () => {
    const store = await open();
    const bytes = new Uint8Array(10);
    await expect(store.write(digestOf(bytes), brokenAfter(bytes), 100)).rejects.toThrow('connection lost');
    expect(await store.size(digestOf(bytes))).toBeUndefined();
  });

  it('takes the same content from two writers at once', async () => {
    const store = await open();
    const bytes = new Uint8Array(randomBytes(200_000));
    const digest = digestOf(bytes);
    await Promise.all([1, 2, 3].map((n) => store.write(digest, chunksOf(bytes, n * 10_000), mebibyte)));
    expect(await bytesOf(await store.read(digest))).toEqual(bytes);
  });
});

describe('fileContent', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const digest = digestOf(bytes);

  it('keeps a content in one private file that is named after the digest', async () => {
    const store = await fileContent(dir);
    await store.write(digest, chunksOf(bytes, 2), 10);
    const path = join(dir, 'files', digest.replace(':', '-'));
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'files'))).mode & 0o777).toBe(0o700);
  });

  it('leaves no temporary file, whatever happens', async () => {
    const store = await fileContent(dir);
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
    await fileContent(dir);
    expect((await readdir(join(dir, 'tmp'))).sort()).toEqual([living, 'mine.txt'].sort());
  });

  it('fails a read of a file that shrank, instead of giving less', async () => {
    const store = await fileContent(dir);
    await store.write(digest, chunksOf(bytes, 2), 10);
    await writeFile(join(dir, 'files', digest.replace(':', '-')), 'x');
    await expect(bytesOf(await store.read(digest, { start: 0, end: 2 }))).rejects.toThrow();
  });

  it('breaks off the writes that run when it is closed', async () => {
    const store = await fileContent(dir);
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
