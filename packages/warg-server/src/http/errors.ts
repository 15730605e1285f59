import { WargError } from '@warg/crypto';
import { ApiError, apiError, encodeApiError, headers as headerNames } from '@warg/protocol/api';
import { ContentError } from '../content/content-store.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import { StoreError } from '../store/errors.ts';
import { type HttpAnswer, jsonAnswer, messageBody } from './answers.ts';

/** An error of the API whose answer has headers of its own. Its code is that of the error. */
export class AnswerError extends WargError {
  readonly error: ApiError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: ApiError, headers: Readonly<Record<string, string>>) {
    super(error.code, error.message, { cause: error });
    this.error = error;
    this.headers = headers;
  }
}

/** 405 for a path that has other methods. */
export function methodNotAllowed(allowed: readonly string[]): AnswerError {
  return new AnswerError(apiError(405, `the methods of this resource are ${allowed.join(', ')}`), {
    allow: allowed.join(', '),
  });
}

/** A 404 that says where else to ask. */
export function withHint(error: ApiError, hint: string): AnswerError {
  return new AnswerError(error, { [headerNames.registryHint]: hint });
}

/**
 * Reads a part of the path.
 *
 * @throws ApiError 400 when `parse` throws
 */
export function pathParameter<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw apiError(400, `the path of the request cannot be read: ${cause.message}`, { cause });
  }
}

/** Turns whatever was thrown into the answer. What nobody expected is logged, and the wire learns nothing of it. */
export function answerError(
  error: unknown,
  log: RegistryLog,
  request: { readonly request?: string; readonly method: string; readonly path: string },
): HttpAnswer {
  const { api, headers } = expectedError(error);
  if (api === undefined || api.status >= 500) {
    const level = api?.status === 501 ? 'debug' : 'error';
    log[level]({ ...request, err: error }, 'a request failed');
  }
  if (api === undefined) {
    return jsonAnswer(messageBody(500, 'an error occurred while processing the request'), 500);
  }
  const { status, body } = encodeApiError(api);
  return jsonAnswer(body, status, headers);
}

interface ExpectedError {
  readonly api?: ApiError;
  readonly headers?: Readonly<Record<string, string>>;
}

function expectedError(error: unknown): ExpectedError {
  if (error instanceof ApiError) return { api: error };
  if (error instanceof AnswerError) return { api: error.error, headers: error.headers };
  if (error instanceof ContentError)
    return { api: apiError(contentStatus(error), error.message, { cause: error }) };
  if (error instanceof StoreError) return storeFailure(error);
  return {};
}

/** What becomes better by itself or by the operator's hand is said as such; the file's name is not the asker's business. */
function storeFailure(cause: StoreError): ExpectedError {
  switch (cause.code) {
    case 'STORE_FULL':
      return { api: apiError(507, 'the registry has no room left for this record', { cause }) };
    case 'STORE_REPLACED':
      return {
        api: apiError(503, 'the registry cannot write at the moment: try again in a while', { cause }),
      };
    case 'STORE_UNAVAILABLE':
      return {
        api: apiError(503, 'the registry cannot reach its database now: try again in a moment', { cause }),
        headers: { 'retry-after': '1' },
      };
    case 'STORE_READ_ONLY':
      return {
        api: apiError(
          503,
          'the registry is being restored and takes nothing until that is done: try again later',
          { cause },
        ),
        headers: { 'retry-after': '30' },
      };
    case 'STORE_CLOSED':
    case 'STORE_WRITER_FAILED':
      return { api: apiError(503, 'the registry is being stopped: try again in a while', { cause }) };
    default:
      return {};
  }
}

function contentStatus(error: ContentError): number {
  switch (error.code) {
    case 'CONTENT_DIGEST_MISMATCH':
      return 400;
    case 'CONTENT_TOO_LARGE':
      return 413;
    case 'CONTENT_STORE_FULL':
      return 507;
    case 'CONTENT_STORE_UNAVAILABLE':
    case 'CONTENT_POLICY_BUSY':
      return 503;
    case 'CONTENT_REFUSED':
      return 422;
  }
}
