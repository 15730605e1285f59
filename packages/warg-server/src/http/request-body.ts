import { concatBytes } from '@warg/crypto';
import { apiError } from '@warg/protocol/api';
import type { BodyMemory } from './body-memory.ts';
import { AnswerError } from './errors.ts';
import type { RawRequest } from './exchange.ts';
import type { RequestContext } from './request-context.ts';

/** How long the registry waits for the body of a request, in milliseconds. */
export interface BodyTimeouts {
  /** For the next bytes of any body. Default 30 s. */
  readonly idle: number;
  /** For the whole of a JSON body. Default 60 s. */
  readonly json: number;
}

export const defaultBodyTimeouts: BodyTimeouts = { idle: 30_000, json: 60_000 };

/**
 * Reads a body into memory.
 *
 * @param memory what bodies may take together
 * @throws ApiError 413 when it is or says to be larger than `maxBytes`; 408 when it takes too long; 400 when it breaks off
 * @throws AnswerError 503 when others take the memory that there is
 */
export async function readBody(
  request: RawRequest,
  context: RequestContext,
  maxBytes: number,
  timeouts: BodyTimeouts,
  memory?: BodyMemory,
): Promise<Uint8Array> {
  refuseDeclaredLength(request, maxBytes);
  if (context.bytes !== undefined) return context.bytes;
  const account = memory?.open();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of bodyChunks(request, context, timeouts.idle, timeouts.json)) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (account?.take(chunk.byteLength) === false) throw busy();
      chunks.push(chunk);
    }
    return concatBytes(...chunks);
  } finally {
    account?.close();
  }
}

/** @throws ApiError 413 when the `Content-Length` alone says that the body is too large */
export function refuseDeclaredLength(request: RawRequest, maxBytes: number): void {
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * The chunks of a body as they arrive. Stopping early leaves the rest of it to the host.
 *
 * @param idle most milliseconds between two chunks
 * @param total most milliseconds for all of it
 * @throws ApiError 408 when it takes too long; 400 when it breaks off
 */
export async function* bodyChunks(
  request: RawRequest,
  context: RequestContext,
  idle: number,
  total: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = context.body ?? request.body;
  if (source === null) return;
  const iterator = source[Symbol.asyncIterator]();
  const deadline = Date.now() + total;
  try {
    for (;;) {
      const left = Math.min(idle, deadline - Date.now());
      const next = await within(left, iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // A body that somebody still waits for cannot be told to stop; the host ends it with the connection.
    iterator.return?.(undefined)?.catch(() => {});
  }
}

async function within<T>(milliseconds: number, next: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(apiError(408, 'the body of the request did not arrive in time')),
        Math.max(0, milliseconds),
      );
    });
    return await Promise.race([
      next.catch((cause: unknown) => {
        throw apiError(400, 'the body of the request broke off before its end', { cause });
      }),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function busy(): Error {
  const error = apiError(503, 'the registry is reading too many large requests: try again in a while');
  return new AnswerError(error, { 'retry-after': '10' });
}

function tooLarge(maxBytes: number): Error {
  return apiError(413, `the body of the request is larger than the ${maxBytes} bytes that are accepted here`);
}
