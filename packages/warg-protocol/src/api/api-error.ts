import { WargError } from '@warg/crypto';
import type { HashText } from '../ids.ts';
import type { DecodeError, U64 } from '../json/index.ts';
import { type ApiErrorCase, type ApiErrorVariant, messageOf, statusOf } from './error-cases.ts';

const CODES = {
  CheckpointNotFound: 'CHECKPOINT_NOT_FOUND',
  LogNotFound: 'LOG_NOT_FOUND',
  RecordNotFound: 'RECORD_NOT_FOUND',
  FetchTokenNotFound: 'FETCH_TOKEN_NOT_FOUND',
  ContentDigestNotFound: 'CONTENT_DIGEST_NOT_FOUND',
  LeafNotFound: 'LEAF_NOT_FOUND',
  NamespaceNotDefined: 'NAMESPACE_NOT_DEFINED',
  PackageNameNotFound: 'PACKAGE_NAME_NOT_FOUND',
  NamespaceImported: 'NAMESPACE_IMPORTED',
  ConflictPendingPublish: 'CONFLICT_PENDING_PUBLISH',
  PackageNameConflict: 'PACKAGE_NAME_CONFLICT',
  NamespaceConflict: 'NAMESPACE_CONFLICT',
  ContentWithdrawn: 'CONTENT_WITHDRAWN',
  RecordNotSourcing: 'RECORD_NOT_SOURCING',
  Unauthorized: 'UNAUTHORIZED',
  Rejection: 'REJECTION',
  NotSupported: 'NOT_SUPPORTED',
  PackageLogNotIncluded: 'PACKAGE_LOG_NOT_INCLUDED',
  IncorrectProof: 'INCORRECT_PROOF',
  BundleFailure: 'BUNDLE_FAILURE',
  Message: 'API_ERROR',
} as const satisfies Record<ApiErrorVariant, string>;

/** The codes of an {@link ApiError}: its variant in capitals, and `API_ERROR` for a mere message. */
export type ApiErrorCode = (typeof CODES)[ApiErrorVariant];

/**
 * An error that a registry answers with. A server throws it and sends `encodeApiError` of it; a client gets it from
 * `decodeApiError` and throws it.
 *
 * @example
 * throw logNotFound(logId);
 */
export class ApiError extends WargError {
  declare readonly code: ApiErrorCode;
  /** The error as plain data: `error.case.variant` says which it is and what else there is. */
  readonly case: ApiErrorCase;
  /** The HTTP status. */
  readonly status: number;

  constructor(error: ApiErrorCase, options?: ErrorOptions) {
    super(CODES[error.variant], messageOf(error), options);
    this.case = error;
    this.status = statusOf(error);
  }

  /** Which error it is, by the reference's name. */
  get variant(): ApiErrorVariant {
    return this.case.variant;
  }

  /** What was not found or stands in the way: an id, a name, a token, a length; undefined where there is no such thing. */
  get id(): string | U64 | undefined {
    return 'id' in this.case ? this.case.id : undefined;
  }
}

/** 404 `logLength`. @param asked whether logs or a proof were asked for */
export function checkpointNotFound(logLength: U64, asked: 'logs' | 'proof' = 'logs'): ApiError {
  return new ApiError({ variant: 'CheckpointNotFound', id: logLength, asked });
}

/** 404 `log` */
export function logNotFound(logId: HashText): ApiError {
  return new ApiError({ variant: 'LogNotFound', id: logId });
}

/** 404 `record` */
export function recordNotFound(recordId: HashText): ApiError {
  return new ApiError({ variant: 'RecordNotFound', id: recordId });
}

/** 404 `fetchToken` */
export function fetchTokenNotFound(token: string): ApiError {
  return new ApiError({ variant: 'FetchTokenNotFound', id: token });
}

/** 404 `contentDigest` */
export function contentDigestNotFound(digest: HashText): ApiError {
  return new ApiError({ variant: 'ContentDigestNotFound', id: digest });
}

/** 404 `leaf` */
export function leafNotFound(registryIndex: U64): ApiError {
  return new ApiError({ variant: 'LeafNotFound', id: registryIndex });
}

/** 404 `namespace` */
export function namespaceNotFound(namespace: string): ApiError {
  return new ApiError({ variant: 'NamespaceNotDefined', id: namespace });
}

/** 404 `name`. The Rust client cannot read it. */
export function packageNameNotFound(name: string): ApiError {
  return new ApiError({ variant: 'PackageNameNotFound', id: name });
}

/** 409 `namespaceImport` */
export function namespaceImported(namespace: string): ApiError {
  return new ApiError({ variant: 'NamespaceImported', id: namespace });
}

/** 409 `record`. @param recordId the record that is pending */
export function pendingPublishConflict(recordId: HashText): ApiError {
  return new ApiError({ variant: 'ConflictPendingPublish', id: recordId });
}

/** 409 `name`. The Rust client cannot read it. @param name the package that is there already */
export function packageNameConflict(name: string): ApiError {
  return new ApiError({ variant: 'PackageNameConflict', id: name });
}

/** 409 `namespace`. The Rust client cannot read it. @param namespace the one that is there already */
export function namespaceConflict(namespace: string): ApiError {
  return new ApiError({ variant: 'NamespaceConflict', id: namespace });
}

/** 451 `contentDigest`. @param reason for people, such as the order that it follows */
export function contentWithdrawn(digest: HashText, reason: string): ApiError {
  return new ApiError({ variant: 'ContentWithdrawn', id: digest, reason });
}

/** 405 */
export function recordNotSourcing(): ApiError {
  return new ApiError({ variant: 'RecordNotSourcing' });
}

/** 401 */
export function unauthorized(detail: string): ApiError {
  return new ApiError({ variant: 'Unauthorized', detail });
}

/** 422 `{message}`: refused by policy */
export function rejection(detail: string): ApiError {
  return new ApiError({ variant: 'Rejection', detail });
}

/** 501 */
export function notSupported(detail: string): ApiError {
  return new ApiError({ variant: 'NotSupported', detail });
}

/** 422 `packageNotIncluded` */
export function packageLogNotIncluded(logId: HashText): ApiError {
  return new ApiError({ variant: 'PackageLogNotIncluded', id: logId });
}

/** 422 `incorrectProof` */
export function incorrectProof(root: HashText, found: HashText): ApiError {
  return new ApiError({ variant: 'IncorrectProof', root, found });
}

/** 422 `failure` */
export function bundleFailure(detail: string): ApiError {
  return new ApiError({ variant: 'BundleFailure', detail });
}

/** Any other status, with a message for people. */
export function apiError(status: number, detail: string, options?: ErrorOptions): ApiError {
  return new ApiError({ variant: 'Message', status, detail }, options);
}

/**
 * What a server answers to a body that cannot be read: 400 for what is no JSON, 413 for too much of it, 422 for JSON
 * of another shape, and 404 for a checkpoint or leaf whose number lies beyond 2^53−1, where none can be.
 *
 * @param asked whether logs or a proof were asked for
 */
export function invalidBody(error: DecodeError, asked: 'logs' | 'proof' = 'logs'): ApiError {
  const { code, path, value, message } = error;
  switch (code) {
    case 'INVALID_JSON':
      return apiError(400, message, { cause: error });
    case 'BODY_TOO_LARGE':
      return apiError(413, message, { cause: error });
    case 'INVALID_BODY':
      return apiError(422, message, { cause: error });
    case 'INTEGER_TOO_LARGE':
      if (value !== undefined && /^(?:logLength|from|to)$/.test(path))
        return checkpointNotFound(value, asked);
      if (value !== undefined && /^leafs\[/.test(path)) return leafNotFound(value);
      return apiError(422, message, { cause: error });
  }
}
