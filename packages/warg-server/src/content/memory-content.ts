import { concatBytes, type Digest } from '@warg/crypto';
import { type ByteRange, type ContentStore, takeVerified } from './content-store.ts';

/** Keeps contents in memory: for tests and demonstrations, gone with the process. */
export function memoryContent(): ContentStore {
  const contents = new Map<Digest, Uint8Array<ArrayBuffer>>();
  return {
    async size(digest: Digest): Promise<number | undefined> {
      return contents.get(digest)?.byteLength;
    },

    async read(digest: Digest, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
      const bytes = contents.get(digest);
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
      contents.set(digest, concatBytes(...chunks) as Uint8Array<ArrayBuffer>);
      return size;
    },

    async close(): Promise<void> {
      contents.clear();
    },
  };
}
