import { concatBytes, type Digest } from '@warg/crypto';
import { type ByteRange, type ContentStore, type StoredContent, takeVerified } from './content-store.ts';

interface MemoryContent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly storedAt: number;
}

/** Keeps contents in memory: for tests and demonstrations, gone with the process. */
export function memoryContentStore(): ContentStore {
  const contents = new Map<Digest, MemoryContent>();
  return {
    async size(digest: Digest): Promise<number | undefined> {
      return contents.get(digest)?.bytes.byteLength;
    },

    async read(digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
      const bytes = contents.get(digest)?.bytes;
      if (bytes === undefined) throw new Error(`content \`${digest}\` is not stored`);
      // A copy, because the receiver of a stream may detach what it was given.
      const part = range === undefined ? bytes.slice() : bytes.slice(range.start, range.end + 1);
      return new ReadableStream({
        start(controller) {
          if (part.byteLength > 0) controller.enqueue(part);
          controller.close();
        },
      });
    },

    async write(digest: Digest, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> {
      const chunks: Uint8Array[] = [];
      const size = await takeVerified(digest, body, maxBytes, (chunk) => {
        chunks.push(chunk.slice());
      });
      const bytes = concatBytes(...chunks) as Uint8Array<ArrayBuffer>;
      contents.set(digest, { bytes, storedAt: Date.now() });
      return size;
    },

    async *list(): AsyncGenerator<StoredContent> {
      for (const [digest, { bytes, storedAt }] of contents)
        yield { digest, size: bytes.byteLength, storedAt };
    },

    async remove(digest: Digest): Promise<void> {
      contents.delete(digest);
    },

    async close(): Promise<void> {
      contents.clear();
    },
  };
}
