import { WargError } from '@warg/crypto';

/**
 * Every way in which the client fails on purpose, each under a name that never changes its meaning.
 *
 * A cancelled call is not among them: it rejects with the signal's own `reason`.
 */
export type ClientErrorCode =
  // What the caller gave
  | 'INVALID_REGISTRY' // not a domain or URL
  | 'INVALID_OPERATOR_KEY' // neither a public key nor a record id
  | 'INVALID_NAME' // not a package name
  | 'INVALID_VERSION' // not a version or a requirement
  | 'INVALID_RECORD_ID' // not `sha256:` and 64 hex digits
  | 'INVALID_ENTRY' // an entry to publish that cannot be
  | 'DESTINATION_UNSUPPORTED' // a path, but the storage knows no files
  | 'DESTINATION_EXISTS' // a file is where one was to be created
  // The way to the registry
  | 'OFFLINE' // the network is needed, but the client is offline
  | 'INSECURE_URL' // http to something else than loopback
  | 'REDIRECT_REFUSED' // a redirect that is not safe to follow, or too many
  | 'NETWORK_FAILED' // no answer
  | 'TIMEOUT' // no answer in time
  | 'RESPONSE_TOO_LARGE' // an answer above its limit
  | 'RESPONSE_INVALID' // an answer that is not what the protocol says
  | 'UNAUTHORIZED' // 401 or 403
  | 'REGISTRY_FAILED' // any other error that the registry answers
  | 'DISCOVERY_FAILED' // the well-known document cannot be read
  | 'REGISTRY_NOT_WARG' // the well-known document names only other protocols
  // Trust: the operator
  | 'OPERATOR_PIN_MISMATCH' // the registry is run by somebody else than the pinned operator
  | 'OPERATOR_LOG_INVALID' // the operator log does not fold, or is empty
  | 'OPERATOR_LOG_NOT_SELF_SIGNED' // its first record is not signed by the key that it names
  | 'CHECKPOINT_SIGNER_REFUSED' // the signer does not hold `commit`
  | 'CHECKPOINT_SIGNATURE_INVALID'
  // Trust: time and order
  | 'CHECKPOINT_TOO_OLD'
  | 'CHECKPOINT_FROM_FUTURE'
  | 'CHECKPOINT_ROLLED_BACK' // an older or shorter state than one already seen
  | 'CHECKPOINT_CONTRADICTS' // two signed checkpoints that cannot both be true; evidence is kept
  // Trust: logs and proofs
  | 'PACKAGE_LOG_INVALID'
  | 'LOG_INCOMPLETE' // the registry sent less, or more, than it must
  | 'LOG_VANISHED' // a log that was there before is said not to exist
  | 'REGISTRY_INDEX_INVALID'
  | 'INCLUSION_INVALID'
  | 'CONSISTENCY_INVALID'
  | 'ABSENCE_INVALID'
  | 'EVIDENCE_INVALID'
  // Packages and content
  | 'NOT_STORED' // offline, and nothing is stored
  | 'PACKAGE_NOT_FOUND'
  | 'VERSION_NOT_FOUND'
  | 'VERSION_YANKED'
  | 'CONTENT_UNAVAILABLE' // no source delivered it
  | 'CONTENT_WITHDRAWN' // the registry does not hand it out any more, and says why
  | 'CONTENT_MISMATCH' // what was delivered does not have the digest
  | 'CONTENT_TOO_LARGE'
  | 'CONTENT_MISSING' // content to publish that is nowhere
  // Publishing
  | 'SIGNER_MISSING'
  | 'NOTHING_TO_PUBLISH'
  | 'PACKAGE_NOT_INITIALIZED'
  | 'PACKAGE_EXISTS' // init of a package that exists
  | 'RECORD_INVALID' // the package's rules refuse the record; nothing was sent
  | 'PUBLISH_HEAD_MOVED'
  | 'PUBLISH_CONFLICT' // others keep publishing to the same package
  | 'PUBLISH_REFUSED' // the registry does not take the record
  | 'PUBLISH_REJECTED' // the registry took the record and then rejected it
  | 'PUBLISH_TIMEOUT'
  | 'RECORD_UNKNOWN' // the registry does not know the record that is waited for
  | 'UPLOAD_FAILED'
  | 'PENDING_EXISTS'
  | 'PENDING_MISSING'
  // Storage
  | 'STORAGE_CORRUPT'
  | 'STORAGE_FORMAT_UNKNOWN'
  | 'STORAGE_LOCKED'
  | 'STORAGE_CONFLICT'
  | 'STORAGE_FAILED';

/** More about an error, for programs. Which fields there are depends on the code. */
export interface ClientErrorDetails {
  readonly registry?: string;
  readonly url?: string;
  readonly status?: number;
  readonly name?: string;
  readonly version?: string;
  readonly logId?: string;
  readonly recordId?: string;
  readonly digest?: string;
  readonly expected?: string;
  readonly found?: string;
  /** Why the registry refused or rejected a record. */
  readonly reason?: string;
  /** Whether a package's absence was proved. */
  readonly absence?: 'proved' | 'unproved';
  /** What is the matter with the token, where the registry says that a token would help. */
  readonly token?: 'missing' | 'refused' | 'insufficient';
  /** The registry that this one says has the namespace. */
  readonly hint?: { readonly namespace: string; readonly registry: string };
  /** Versions that exist. */
  readonly versions?: readonly string[];
  /** The name of the evidence that was kept; `client.evidence()` has it. */
  readonly evidence?: string;
  readonly path?: string;
}

/** Any failure of the client: switch on `code`, show `message`, look into `details` and `cause`. */
export class ClientError extends WargError {
  declare readonly code: ClientErrorCode;
  readonly details: ClientErrorDetails;

  constructor(
    code: ClientErrorCode,
    message: string,
    details: ClientErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.details = details;
  }
}

/** True for a ClientError, with this code if one is given. */
export function isClientError(error: unknown, code?: ClientErrorCode): error is ClientError {
  return error instanceof ClientError && (code === undefined || error.code === code);
}
