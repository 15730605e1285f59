import { ClientError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { unlessAborted } from './abort.ts';
import type { Answer, AnswerReader } from './exchange.ts';

/** How a body is read. */
export interface BodyOptions {
  /** The greatest size, in bytes. */
  readonly limit: number;
  /** The longest wait for the next bytes, and how many must come in such a time. */
  readonly limits: Pick<Limits, 'idleTimeout' | 'slowestRate'>;
  readonly signal: AbortSignal | undefined;
  /** What is read, for messages. */
  readonly what: string;
}

/**
 * The chunks of an answer's body. Ends with an error as soon as the body is larger than its limit or makes no
 * progress worth the name, and lets go of the connection then.
 *
 * @throws ClientError `RESPONSE_TOO_LARGE` | `TIMEOUT` | `NETWORK_FAILED`
 */
export async function* bodyChunks(response: Answer, options: BodyOptions): AsyncGenerator<Uint8Array, void> {
  const announced = announcedSize(response);
  if (announced !== undefined && announced > options.limit) {
    await response.body?.cancel().catch(() => {});
    throw tooLarge(options, announced);
  }
  if (response.body === null) return;
  const reader = response.body.getReader();
  let received = 0;
  // Only the waiting counts, not what is done with the bytes between.
  let waited = 0;
  let brought = 0;
  try {
    for (;;) {
      const asked = performance.now();
      const { done, value } = await nextChunk(reader, options);
      if (done) return;
      waited += performance.now() - asked;
      brought += value.byteLength;
      if (waited >= options.limits.idleTimeout) {
        if (brought < (options.limits.slowestRate * waited) / 1000) throw tooSlow(options, brought, waited);
        waited = 0;
        brought = 0;
      }
      received += value.byteLength;
      if (received > options.limit) throw tooLarge(options, received);
      yield value;
    }
  } finally {
    // Not awaited: a source that never ends must not hold us back. On a body that was read it does nothing.
    void reader.cancel().catch(() => {});
  }
}

/** The whole body in memory. @throws as `bodyChunks` does */
export async function readBody(response: Answer, options: BodyOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyChunks(response, options)) {
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** What the headers say of the body's size; nothing where it is compressed, for then it is another's size. */
export function announcedSize(response: Answer): number | undefined {
  const text = response.headers.get('content-length');
  if (text === null || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  if ((response.headers.get('content-encoding') ?? 'identity') !== 'identity') return undefined;
  return Number(text);
}

async function nextChunk(reader: AnswerReader, options: BodyOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const idle = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new ClientError(
          'TIMEOUT',
          `expected more of ${options.what}, found nothing for ${options.limits.idleTimeout} ms: try again, or allow more time`,
        ),
      );
    }, options.limits.idleTimeout);
  });
  try {
    return await unlessAborted(Promise.race([reader.read(), idle]), options.signal);
  } catch (error) {
    if (error instanceof ClientError || options.signal?.aborted === true) throw error;
    throw new ClientError(
      'NETWORK_FAILED',
      `the connection broke while reading ${options.what}`,
      {},
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(options: BodyOptions, brought: number, waited: number): ClientError {
  return new ClientError(
    'TIMEOUT',
    `expected ${options.limits.slowestRate} bytes of ${options.what} a second, found ${brought} in ${Math.round(waited)} ms: try again, or allow a slower connection`,
  );
}

function tooLarge(options: BodyOptions, size: number): ClientError {
  return new ClientError(
    'RESPONSE_TOO_LARGE',
    `expected at most ${options.limit} bytes of ${options.what}, found ${size} or more`,
    { expected: String(options.limit), found: String(size) },
  );
}
