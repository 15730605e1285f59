import type { ByteRange } from '../content-store.ts';
import { bodyOf } from './exchange.ts';
import { StoreAnswerError, StoreProtocolError } from './operation.ts';

/** The `Range` header for a part of a content. */
export function rangeHeader(range: ByteRange | undefined): Record<string, string> {
  return range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
}

/**
 * The bytes that were asked for out of a store's answer, which may be the whole content although a part was wanted: a
 * store need not know ranges.
 *
 * @param idle most milliseconds that a reader waits for the next bytes
 * @returns a stream that fails, rather than ends, when bytes are missing
 * @throws StoreProtocolError for another part than was asked for
 */
export function partOf(
  response: Response,
  range: ByteRange | undefined,
  idle: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (response.status !== 200 && response.status !== 206) {
    throw new StoreAnswerError('a download', response.status);
  }
  const total = lengthOf(response);
  if (range === undefined) return streamOf(take(bodyOf(response, idle), 0, total, total));
  const first = response.status === 200 ? 0 : firstByteOf(response, range);
  const size = range.end - range.start + 1;
  return streamOf(take(bodyOf(response, idle), range.start - first, size, total));
}

/** Where the part begins that an answer has. It may be a larger one than was asked for. */
function firstByteOf(response: Response, { start, end }: ByteRange): number {
  const found = response.headers.get('content-range') ?? '';
  const [, first, last] = /^bytes (\d{1,15})-(\d{1,15})\//.exec(found) ?? [];
  if (first === undefined || Number(first) > start || Number(last) < end) {
    throw new StoreProtocolError(`expected the bytes ${start}-${end} of a content, found \`${found}\``);
  }
  return Number(first);
}

/** What an answer says of its own length, bytes. */
export function lengthOf(response: Response): number | undefined {
  const text = response.headers.get('content-length') ?? '';
  const length = Number(text);
  return /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(length) ? length : undefined;
}

/** `size` bytes after the first `skip` of `total`, or all of them. */
async function* take(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  skip: number,
  size: number | undefined,
  total: number | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let toSkip = skip;
  let left = size ?? Number.POSITIVE_INFINITY;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.min(toSkip, chunk.byteLength)).subarray(0, left);
    toSkip -= Math.min(toSkip, chunk.byteLength);
    left -= part.byteLength;
    if (part.byteLength > 0) yield part;
    // An answer that has no more is read to its end, so that its connection can be used again.
    if (left === 0 && skip + (size ?? 0) !== total) return;
  }
  if (size !== undefined && left > 0) throw new Error(`a content ended ${left} bytes too early`);
}

function streamOf(chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      // Not waited for: it would wait for a store that is stuck.
      cancel: () => void chunks.return(undefined).catch(() => {}),
    },
    { highWaterMark: 0 },
  );
}
