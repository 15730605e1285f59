import { createReadStream } from 'node:fs';

/** How long a store elsewhere is waited for, and how often it is asked. */
export interface Patience {
  /** Most tries of one operation. */
  readonly tries: number;
  /** Most milliseconds without any progress: no byte taken, no byte given. */
  readonly idle: number;
  /** Milliseconds before the second try; doubled before each one after that. */
  readonly pause: number;
}

/** Bytes a millisecond that a store must manage to put in place what it was sent, after the last byte of it. */
const settlingSpeed = 10_000;

export const defaultPatience: Patience = { tries: 4, idle: 15_000, pause: 200 };

/** A request to a store, which can be sent again and again. */
export interface StoreRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Headers;
  /** Bytes, or a file that is streamed. */
  readonly body?: Uint8Array<ArrayBuffer> | { readonly path: string; readonly size: number };
}

/**
 * Sends one request once and returns its answer when the head of it has come. Redirects are not followed.
 *
 * @throws whatever `fetch` throws; an error named `TimeoutError` when nothing moves for `idle` milliseconds
 */
export async function exchange(request: StoreRequest, idle: number, closed: AbortSignal): Promise<Response> {
  const stuck = new AbortController();
  const giveUp = (): void => stuck.abort(new DOMException(`nothing moved for ${idle} ms`, 'TimeoutError'));
  let timer: NodeJS.Timeout | undefined = setTimeout(giveUp, idle);
  const headers = new Headers(request.headers);
  // The bytes as they are stored: a recoded content would have another digest and size.
  headers.set('accept-encoding', 'identity');
  const { body } = request;
  const init: RequestInit = { method: request.method, headers, redirect: 'manual' };
  init.signal = AbortSignal.any([stuck.signal, closed]);
  if (body instanceof Uint8Array) {
    init.body = body;
  } else if (body !== undefined && body.size > 0) {
    headers.set('content-length', String(body.size));
    const wait = (milliseconds: number): void => {
      // An answer may come before all is sent; then nobody waits any more.
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(giveUp, milliseconds);
    };
    const settle = (): void => wait(idle + body.size / settlingSpeed);
    const chunks = chunksOf(body.path, () => wait(idle), settle);
    init.body = ReadableStream.from(chunks) as NonNullable<RequestInit['body']>;
    init.duplex = 'half';
  }
  try {
    return await fetch(request.url, init);
  } catch (error) {
    // fetch says "fetch failed" and hides the reason; an abort is said as it is.
    throw stuck.signal.aborted ? stuck.signal.reason : error;
  } finally {
    clearTimeout(timer);
    timer = undefined;
  }
}

async function* chunksOf(
  path: string,
  onProgress: () => void,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: 128 * 1024 })) {
    onProgress();
    yield chunk as Uint8Array;
  }
  onEnd();
}

/** An answer that was to be small and is not. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';

  constructor(maxBytes: number) {
    super(`expected an answer of at most ${maxBytes} bytes, found a larger one`);
  }
}

/**
 * Reads a small answer.
 *
 * @throws AnswerTooLarge when it is larger than `maxBytes`; and when it breaks off, or stops for `idle` milliseconds
 */
export async function readSmall(response: Response, maxBytes: number, idle: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(response, idle)) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new AnswerTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Lets go of an answer that nobody wants to read, so that its connection is free again. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

/** The chunks of an answer. Only the time in which they are asked for counts. */
export async function* bodyOf(
  response: Response,
  idle: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await within(idle, reader.read());
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    // Not waited for: a store that is stuck would not let go.
    reader.cancel().catch(() => {});
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new DOMException(`nothing moved for ${milliseconds} ms`, 'TimeoutError');
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
