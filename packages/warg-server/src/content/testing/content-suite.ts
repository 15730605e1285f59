import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { digestOf } from '@warg/crypto';
import type { ContentStore, StoredContent } from '../content-store.ts';
import { brokenAfter, bytesOf, chunksOf } from './content-streams.ts';

/** What is used of a test runner; vitest, jest, mocha and `node:test` fit. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

const mebibyte = 2 ** 20;

/**
 * Defines the tests that every {@link ContentStore} must pass.
 *
 * @param api the test runner
 * @param name what the store is called
 * @param open opens a store; what earlier tests stored may be in it. The suite closes it
 * @example testContentStore({ describe, it }, 'memory', async () => memoryContentStore());
 */
export function testContentStore(api: TestApi, name: string, open: () => Promise<ContentStore>): void {
  const test = (title: string, body: (store: ContentStore) => Promise<void>): void =>
    api.it(title, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  api.describe(`content store: ${name}`, () => {
    for (const [size, chunk] of [
      [0, 1],
      [1, 1],
      [5000, 999],
      [70_001, 65_536],
    ] as const) {
      test(`gives back ${size} bytes that came in chunks of ${chunk}`, async (store) => {
        const bytes = new Uint8Array(randomBytes(size));
        const digest = digestOf(bytes);
        assert.equal(await store.write(digest, chunksOf(bytes, chunk), mebibyte), size);
        assert.equal(await store.size(digest), size);
        assert.deepEqual(await bytesOf(await store.read(digest)), bytes);
      });
    }

    test('streams contents larger than its own chunks, and any part of them', async (store) => {
      const bytes = new Uint8Array(randomBytes(3 * 128 * 1024 + 17));
      const digest = digestOf(bytes);
      await store.write(digest, chunksOf(bytes, 65_536), mebibyte);
      assert.deepEqual(await bytesOf(await store.read(digest)), bytes);
      for (const [start, end] of [
        [0, 0],
        [131_071, 131_072],
        [5, 300_000],
        [0, bytes.length - 1],
        [bytes.length - 1, bytes.length - 1],
      ] as const) {
        assert.deepEqual(
          await bytesOf(await store.read(digest, { start, end })),
          bytes.slice(start, end + 1),
        );
      }
    });

    test('lets go of a stream that is cancelled in its middle', async (store) => {
      const bytes = new Uint8Array(randomBytes(mebibyte));
      const digest = digestOf(bytes);
      await store.write(digest, chunksOf(bytes, 65_536), mebibyte);
      const reader = (await store.read(digest)).getReader();
      await reader.read();
      await reader.cancel();
      assert.equal(await store.size(digest), mebibyte);
    });

    test('has no content that it was not given', async (store) => {
      const digest = digestOf(new Uint8Array(randomBytes(32)));
      assert.equal(await store.size(digest), undefined);
      await assert.rejects(store.read(digest));
    });

    test('refuses other bytes than the digest says', async (store) => {
      const digest = digestOf(new Uint8Array(randomBytes(32)));
      const writing = store.write(digest, chunksOf(new Uint8Array([2]), 1), 10);
      await assert.rejects(writing, { code: 'CONTENT_DIGEST_MISMATCH' });
      assert.equal(await store.size(digest), undefined);
    });

    test('refuses a content beyond the cap, and takes one that is just as large', async (store) => {
      const bytes = new Uint8Array(randomBytes(100));
      const digest = digestOf(bytes);
      await assert.rejects(store.write(digest, chunksOf(bytes, 7), 99), { code: 'CONTENT_TOO_LARGE' });
      assert.equal(await store.size(digest), undefined);
      assert.equal(await store.write(digest, chunksOf(bytes, 7), 100), 100);
    });

    test('passes on the error of a body that breaks off, and keeps nothing of it', async (store) => {
      const bytes = new Uint8Array(randomBytes(10));
      await assert.rejects(store.write(digestOf(bytes), brokenAfter(bytes), 100), /connection lost/);
      assert.equal(await store.size(digestOf(bytes)), undefined);
    });

    test('lists what it has, with size and time', async (store) => {
      const started = Date.now();
      const contents = [3, 0, 70_001].map((size) => new Uint8Array(randomBytes(size + 20)));
      for (const bytes of contents) await store.write(digestOf(bytes), chunksOf(bytes, 999), mebibyte);
      const found = new Map<string, StoredContent>();
      for await (const each of store.list()) {
        assert.ok(!found.has(each.digest));
        found.set(each.digest, each);
      }
      for (const bytes of contents) {
        const { size, storedAt } = found.get(digestOf(bytes)) ?? {};
        assert.equal(size, bytes.byteLength);
        // Some keep full seconds.
        assert.ok(storedAt !== undefined && storedAt >= started - 2000 && storedAt <= Date.now() + 2000);
      }
      assert.ok(!found.has(digestOf(new Uint8Array(randomBytes(32)))));
    });

    test('removes a content, again and when it is not there, and takes it anew', async (store) => {
      const [bytes, other] = [new Uint8Array(randomBytes(5000)), new Uint8Array(randomBytes(10))];
      const digest = digestOf(bytes);
      await store.write(digest, chunksOf(bytes, 999), mebibyte);
      await store.write(digestOf(other), chunksOf(other, 999), mebibyte);
      for (let time = 1; time <= 2; time++) {
        await store.remove(digest);
        assert.equal(await store.size(digest), undefined);
        await assert.rejects(async () => await bytesOf(await store.read(digest)));
        for await (const each of store.list()) assert.notEqual(each.digest, digest);
      }
      assert.equal(await store.size(digestOf(other)), 10);
      assert.equal(await store.write(digest, chunksOf(bytes, 999), mebibyte), 5000);
      assert.equal(await store.size(digest), 5000);
      assert.deepEqual(await bytesOf(await store.read(digest)), bytes);
    });

    test('takes the same content again, and from several writers at once', async (store) => {
      const bytes = new Uint8Array(randomBytes(200_000));
      const digest = digestOf(bytes);
      await Promise.all([1, 2, 3].map((n) => store.write(digest, chunksOf(bytes, n * 10_000), mebibyte)));
      assert.equal(await store.write(digest, chunksOf(bytes, 50_000), mebibyte), bytes.byteLength);
      assert.deepEqual(await bytesOf(await store.read(digest)), bytes);
    });
  });
}
