import { createSha256, type Digest, digestFromBytes } from '@warg/crypto';
import { ClientError } from '../errors.ts';
import type { ContentInput, ContentSink, OpenableContent } from './content.ts';

/** Hashes chunks on their way. */
export function contentHasher(): {
  update(chunk: Uint8Array): void;
  digest(): Digest;
  readonly size: () => number;
} {
  const hash = createSha256();
  let size = 0;
  return {
    update(chunk) {
      hash.update(chunk);
      size += chunk.byteLength;
    },
    digest: () => digestFromBytes(hash.digest()),
    size: () => size,
  };
}

/** Copies content into a sink while it is hashed, and says what it was. The sink is not committed. */
export async function hashInto(
  chunks: AsyncIterable<Uint8Array>,
  sink: ContentSink | undefined,
  onChunk?: (received: number) => void,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hasher = contentHasher();
  for await (const chunk of chunks) {
    hasher.update(chunk);
    await sink?.write(chunk);
    onChunk?.(hasher.size());
  }
  return { digest: hasher.digest(), size: hasher.size() };
}

/**
 * Passes content through and fails at its end when it does not have the digest.
 *
 * @throws ClientError `CONTENT_MISMATCH`
 */
export async function* verifiedChunks(
  source: OpenableContent,
  digest: Digest,
): AsyncGenerator<Uint8Array, void> {
  const hasher = contentHasher();
  for await (const chunk of chunksOf(source.open())) {
    hasher.update(chunk);
    yield chunk;
  }
  const found = hasher.digest();
  if (found !== digest) throw contentMismatch(digest, found, 'the stored copy');
}

export function contentMismatch(expected: Digest, found: Digest, where: string): ClientError {
  return new ClientError(
    'CONTENT_MISMATCH',
    `expected content ${expected} from ${where}, found ${found}: it was changed on the way or where it lies, and is not used`,
    { digest: expected, expected, found },
  );
}

/** The chunks of a stream or an iterable, in every environment. */
export async function* chunksOf(
  input: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  // Not by `instanceof`: Node loads its web streams when they are first named, and files need none.
  if (!('getReader' in input)) {
    yield* input;
    return;
  }
  // Not every browser's ReadableStream is iterable.
  const reader = input.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** A stream over chunks that are made only as they are asked for. */
export function streamOf(chunks: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Content as a caller gave it: something to read again and again, or a stream that can be read once. */
export function readableContent(
  input: ContentInput,
):
  | { readonly source: OpenableContent }
  | { readonly stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> } {
  if (input instanceof Uint8Array) {
    // Copied before anything is awaited, so that the caller may go on to use its buffer.
    const bytes = input.slice();
    return { source: { size: bytes.byteLength, open: () => single(bytes) } };
  }
  if (input instanceof Blob) return { source: { size: input.size, open: () => input.stream() } };
  if (input instanceof ReadableStream) return { stream: input };
  if ('open' in input && typeof input.open === 'function') return { source: input };
  if (Symbol.asyncIterator in input) return { stream: input };
  throw new ClientError(
    'INVALID_ENTRY',
    'expected content as bytes, a Blob, a stream, an async iterable or an object with open(), found something else',
  );
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.byteLength > 0) yield bytes;
}
