import type { Digest, PublicKey } from '@warg/crypto';
import type {
  Envelope,
  LogId,
  PackageName,
  PublishedEnvelope,
  RecordId,
  SignedCheckpoint,
} from '@warg/protocol';
import type { TilePath } from '@warg/transparency';
import type { OperatorSigner } from '../sequencer/signer.ts';
import type { AccessTokenRow, ClaimedSource } from '../store/rows.ts';
import type { NamespaceState } from './core-options.ts';

/**
 * The seam between the HTTP routes and the registry behind them: plain data in, plain data out. A refusal is an
 * `ApiError` of `@warg/protocol/api`, ready to be written as the answer; whatever else is thrown is the server's
 * own failure (500).
 *
 * Everything that is read here is durable: nothing appears in an answer before the transaction that made it so has
 * been committed.
 */
export interface RegistryCore {
  /** The newest signed checkpoint. Cheap: its JSON text is kept until the next commit. */
  latestCheckpoint(): Promise<CheckpointAnswer>;
  /**
   * The signed checkpoint of exactly this length.
   *
   * @throws ApiError 404 `logLength`
   */
  checkpointAt(logLength: WireInteger): Promise<CheckpointAnswer>;
  /**
   * The records of the operator log and of package logs, as they stood at a signed length.
   *
   * @throws ApiError 404 `logLength` | `log` (no record of it below that length) | `fetchToken` (not a published record of that log)
   */
  fetchLogs(query: LogsQuery): Promise<LogsAnswer>;
  /**
   * The names of published packages, in the order asked for, each once. Where imported names are so long that one answer does
   * not hold all of them, those of the first.
   *
   * @throws ApiError 404 `log` for the first id that no published package has
   */
  packageNames(
    logIds: readonly string[],
    mayRead?: ReadFilter,
  ): Promise<readonly (readonly [LogId, PackageName])[]>;
  /** The name of the package that a log is of, whatever became of its records; undefined if there is no such log. */
  logName(logId: string): Promise<PackageName | undefined>;

  /**
   * Takes a record. When this returns, the record is durable. The same record again is answered as it stands.
   *
   * @throws ApiError 400 (name or record cannot be read, or the name is not the log's), 401 (key unknown, signature wrong, not
   *   authorised), 404 `namespace`, 409 `namespaceImport` | `record` (another record is processing on the same `prev`), 422 (refused by the
   *   registry's policy, or of content that is withdrawn), 429 (too many records of this log or address wait for content)
   */
  submit(submission: Submission): Promise<RecordStatus>;
  /**
   * @throws ApiError 404 `log` | `record`
   */
  recordStatus(logId: string, recordId: string): Promise<RecordStatus>;
  /**
   * Asked before an upload is read: does this record still wait for this content?
   *
   * @returns the versions that the record releases it as
   * @throws ApiError 404 `log` | `record`, 405 (the record is not sourcing), 400 (the record does not need that content), 451 (it
   *   is withdrawn)
   */
  expectContent(upload: ContentUpload): Promise<readonly string[]>;
  /**
   * Told after an upload is safely in the content store. The last one moves the record to `processing` before this returns.
   * Telling it twice is no error.
   *
   * @throws ApiError 404 `log` | `record`
   */
  contentStored(upload: ContentUpload): Promise<RecordStatus>;
  /**
   * Told when an upload was refused by a content policy: the record is rejected with this reason.
   *
   * @throws ApiError 404 `log` | `record`, 405 (the record is not sourcing)
   */
  contentRejected(upload: ContentUpload, reason: string): Promise<RecordStatus>;
  /** A content that is to be fetched; nobody else gets it for five minutes. Undefined if there is none. */
  claimSource(): Promise<ClaimedSource | undefined>;
  /**
   * Told when a content could not be fetched: its record is given up.
   *
   * @throws ApiError 404 `log` | `record`
   */
  sourcesFailed(upload: ContentUpload): Promise<RecordStatus>;
  /** Whether a published record names this content; of a package in these namespaces, if they are given. */
  isContentReferenced(digest: string, namespaces?: readonly string[]): Promise<boolean>;
  /** Why a content is not handed out any more, if that is so. */
  withdrawalReason(digest: string): Promise<string | undefined>;

  /**
   * @throws ApiError 404 `logLength` | `leaf`, 422 `packageNotIncluded` | `incorrectProof` (the leaf is not its log's head at that length) | `failure` (no leaf)
   */
  proveInclusion(
    logLength: WireInteger,
    leafs: readonly WireInteger[],
    mayRead?: ReadFilter,
  ): Promise<InclusionAnswer>;
  /**
   * The proof of inclusion of a log's head. For who may know of the log.
   *
   * @throws ApiError 404 `logLength` | `log` (no record of it below that length)
   */
  proveHead(logLength: WireInteger, logId: LogId): Promise<InclusionAnswer>;
  /**
   * @throws ApiError 404 `logLength` (`to` is beyond the newest checkpoint), 422 `failure` (`from` is 0 or above `to`)
   */
  proveConsistency(from: WireInteger, to: WireInteger): Promise<Uint8Array>;
  /**
   * A map bundle with the path to the empty place of each id.
   *
   * @throws ApiError 404 `logLength`, 422 `failure` (a log of that id is there, or no id was given)
   */
  proveAbsence(logLength: WireInteger, logIds: readonly string[]): Promise<Uint8Array>;
  /** Compares a signed checkpoint with what this registry signed and with the keys of its operator log. */
  verifyCheckpoint(checkpoint: SignedCheckpoint): Promise<CheckpointVerification>;

  /** `log id ‖ record id`, 64 bytes each, of at most `limit` published records from `start` on; empty past the end. */
  ledgerRecords(start: WireInteger, limit: number): Promise<Uint8Array>;
  /**
   * The newest checkpoint as a note that the log's key has signed; undefined if it was signed without one.
   */
  logNote(): Promise<string | undefined>;
  /** A tile of the log or a bundle of its leaves; undefined beyond the newest checkpoint. */
  logTile(tile: TilePath): Promise<Uint8Array | undefined>;
  /** What the operator log says of a namespace now; undefined if it does not name it. */
  namespaceState(namespace: string): Promise<NamespaceState | undefined>;

  /**
   * Signs checkpoints with another key from now on, beginning with the newest.
   *
   * @throws RegistryError `OPERATOR_KEY_MISMATCH` if the operator log does not let it; the key from before stays
   */
  useSigner(signer: OperatorSigner): Promise<void>;
  /** Whether this process sequences: of several, one does. */
  readonly sequences: boolean;
  /** The key that signed the newest checkpoint. */
  operatorKey(): Promise<PublicKey>;

  accessToken(id: string): Promise<AccessTokenRow | undefined>;
  /** Notes that a token is in use: not to be told at each use. @param now ms since the epoch */
  noteAccessTokenUse(id: string, now: number): Promise<void>;
  /** A key that all processes on the store share; undefined if there is none of that name. */
  sharedKey(name: string): Promise<Uint8Array | undefined>;

  /** Whether records are taken: a registry that lacks some of what it has signed is `readOnly` until it has got them back. */
  mode(): RegistryMode;

  /** Finishes what was accepted for writing, closes the store. Calls after it fail. */
  close(): Promise<void>;
}

/** A whole number from a request; one above 2^53 − 1 arrives as a bigint and is never found. */
export type WireInteger = number | bigint;

export interface CheckpointAnswer {
  readonly checkpoint: SignedCheckpoint;
  /** The exact JSON text of `checkpoint`, as the reference writes it. */
  readonly json: string;
  /** Dense: the first checkpoint is 0. Signing the same length again keeps the number. */
  readonly sequence: number;
}

/**
 * Says of which packages somebody may know; undefined stands for all. What is asked about another is answered as if it did
 * not exist.
 */
export type ReadFilter = (name: PackageName) => boolean;

export interface LogsQuery {
  readonly logLength: WireInteger;
  /** Most records of each log, 1 to 1000. */
  readonly limit: number;
  /** Start after this record of the operator log. */
  readonly operator?: string | undefined;
  /** Log id and the fetch token to start after, in the order in which the answer shall name them. */
  readonly packages: readonly (readonly [logId: string, after: string | null | undefined])[];
  /** Stop when the answer as JSON would pass about this many bytes; what was not reached is left out and `more` is true. */
  readonly maxBytes: number;
  readonly mayRead?: ReadFilter | undefined;
}

export interface LogsAnswer {
  readonly operator: readonly PublishedEnvelope[];
  readonly packages: readonly (readonly [LogId, readonly PublishedEnvelope[]])[];
  /** True if any of the logs has more records below the length than are here. */
  readonly more: boolean;
}

export interface Submission {
  readonly logId: string;
  readonly packageName: string;
  readonly envelope: Envelope;
  /** Where the request came from, for the cap on records that wait for content. */
  readonly address: string;
  /** Where contents can be fetched that the record releases; each list has at least one. Default: nowhere. */
  readonly sources?: ReadonlyMap<Digest, readonly string[]>;
  /**
   * The namespaces that the publisher may read; undefined for all. A content that is here already must be uploaded again
   * unless one of their packages names it: else who knows its digest would get it by releasing it.
   */
  readonly namespaces?: readonly string[] | undefined;
}

export interface ContentUpload {
  readonly logId: string;
  readonly recordId: string;
  readonly digest: string;
}

export type RecordStatus = { readonly recordId: RecordId } & (
  | { readonly state: 'sourcing'; readonly missingContent: readonly Digest[] }
  | { readonly state: 'processing' }
  | { readonly state: 'rejected'; readonly reason: string }
  | { readonly state: 'published'; readonly registryIndex: number }
);

export interface InclusionAnswer {
  readonly log: Uint8Array;
  readonly map: Uint8Array;
}

export type VerificationState = 'unverified' | 'verified' | 'invalid';

export interface CheckpointVerification {
  readonly checkpoint: VerificationState;
  readonly signature: VerificationState;
}

export type RegistryMode = 'readWrite' | 'readOnly';
