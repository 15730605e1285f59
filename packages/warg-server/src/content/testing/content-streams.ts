import { type Digest, digestOf, encodeUtf8 } from '@warg/crypto';
import type { ContentStore } from '../content-store.ts';

/** `bytes` in chunks of `size`. */
export async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

/** A body whose sender is gone after `bytes`. */
export async function* brokenAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error('connection lost');
}

/** Reads a stream to its end. */
export async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Stores `count` small contents in this store, some at once, and returns their digests in order. */
export async function writeMany(store: ContentStore, count: number): Promise<readonly Digest[]> {
  const contents = Array.from({ length: count }, (_, number) => encodeUtf8(`content ${number}`));
  const left = [...contents];
  const worker = async (): Promise<void> => {
    for (let bytes = left.pop(); bytes !== undefined; bytes = left.pop()) {
      await store.write(digestOf(bytes), chunksOf(bytes, 100), 100);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return contents.map((bytes) => digestOf(bytes)).sort();
}

/** The digests of all that a store lists, in order. */
export async function listed(store: ContentStore): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of store.list()) found.push(digest);
  return found.sort();
}
