import { apiError, DecodeError } from '@warg/protocol/api';
import { readBody } from './request-body.ts';
import type { AppContext, Services } from './services.ts';

/** What reading bodies takes of the services. */
type Bodies = Pick<Services, 'timeouts' | 'bodyMemory'>;

/**
 * Reads the JSON body of a request.
 *
 * The statuses are the reference's: 415 for another content type, 400 for what is not JSON, 422 for JSON of the wrong
 * shape, 413 for too much of it.
 *
 * @param decode one of the decoders of `@warg/protocol/api`
 * @param ofHugeInteger what an integer above 2^53 − 1 comes to, which no registry reaches but anybody may name; called
 *   with where it was and what it was. Without this it is one more body of the wrong shape.
 * @throws ApiError | AnswerError; or what `ofHugeInteger` throws
 */
export async function readJson<T>(
  context: AppContext,
  maxBytes: number,
  bodies: Bodies,
  decode: (input: Uint8Array) => T,
  ofHugeInteger?: (path: string, value: bigint) => T,
): Promise<T> {
  return decodeJson(await readJsonBytes(context, maxBytes, bodies), decode, ofHugeInteger);
}

/** The first half of {@link readJson}: a body that says to be JSON, as it came. */
export async function readJsonBytes(
  context: AppContext,
  maxBytes: number,
  { timeouts, bodyMemory }: Bodies,
): Promise<Uint8Array> {
  const request = context.req.raw;
  if (!isJson(request.headers.get('content-type'))) {
    throw apiError(415, 'expected a request with `Content-Type: application/json`');
  }
  return readBody(request, context.env, maxBytes, timeouts, bodyMemory);
}

/** The second half of {@link readJson}. */
export function decodeJson<T>(
  bytes: Uint8Array,
  decode: (input: Uint8Array) => T,
  ofHugeInteger?: (path: string, value: bigint) => T,
): T {
  try {
    return decode(bytes);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    if (cause.code === 'INTEGER_TOO_LARGE' && cause.value !== undefined && ofHugeInteger !== undefined) {
      return ofHugeInteger(cause.path, cause.value);
    }
    throw apiError(statusOf(cause), `the body of the request cannot be read: ${cause.message}`, { cause });
  }
}

function statusOf(error: DecodeError): 400 | 413 | 422 {
  switch (error.code) {
    case 'INVALID_JSON':
      return 400;
    case 'BODY_TOO_LARGE':
      return 413;
    case 'INVALID_BODY':
    case 'INTEGER_TOO_LARGE':
      return 422;
  }
}

/** Whether a content type is JSON: `application/json`, or a type built on it such as `application/problem+json`. */
function isJson(contentType: string | null): boolean {
  return /^application\/(?:[\w!#$&^.-]+\+)?json\s*(?:;|$)/i.test(contentType?.trim() ?? '');
}
