import type { Digest } from '@warg/crypto';
import type { LogId, PackageName, RecordId } from '@warg/protocol';
import type { LogStore, MapStore } from '@warg/transparency';
import type {
  AccessTokenRow,
  AuditEntry,
  AuditQuery,
  ClaimedSource,
  ContentNeed,
  ContentRemoval,
  ContentSourceRow,
  KeyRow,
  LogNote,
  LogPart,
  LogPartQuery,
  NamespaceRow,
  NewAuditEntry,
  NewRecord,
  PublishedQuery,
  PublishedRecord,
  RecordKey,
  StoredCheckpoint,
  StoredRecord,
  SubmissionFacts,
  SubmissionQuery,
  WithdrawnContent,
} from './rows.ts';

/**
 * What can be asked of a store. Questions come in lists and are answered in the same order, so that a backend over a
 * network needs one round trip for a whole batch.
 */
export interface StoreReads {
  latestCheckpoint(): Promise<StoredCheckpoint | undefined>;
  checkpointAt(logLength: number): Promise<StoredCheckpoint | undefined>;
  /** At most `limit` checkpoints from a number on, in their order. */
  checkpoints(from: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  /** The newest checkpoint that was signed, for the last time, at this time or before. Seconds since the epoch. */
  checkpointBefore(timestamp: number): Promise<StoredCheckpoint | undefined>;
  /** The note of the newest checkpoint; undefined if it was signed without a key of the log. */
  logNote(): Promise<LogNote | undefined>;

  /** What must be known of a record before it is accepted, with one question: every submission asks it. */
  submissionFacts(query: SubmissionQuery): Promise<SubmissionFacts>;
  findRecords(keys: readonly RecordKey[]): Promise<readonly (StoredRecord | undefined)[]>;
  /** What the record with this arrival number needs, in the order of its entries. */
  contentsOf(arrival: number): Promise<readonly ContentNeed[]>;
  /** The first processing records in order of arrival: at most `limit`, and no more once their contents pass `maxBytes`. */
  processing(query: { readonly limit: number; readonly maxBytes: number }): Promise<readonly StoredRecord[]>;
  /** The processing records of one log, in order of arrival, until their contents have `maxBytes` together. */
  processingOf(logId: LogId, limit: number, maxBytes?: number): Promise<readonly StoredRecord[]>;
  /** For each: whether the log has any record, in whatever state. */
  hasRecords(logIds: readonly LogId[]): Promise<readonly boolean[]>;
  /** For each: the processing record of that log that names the same predecessor. */
  processingOn(
    places: readonly { readonly logId: LogId; readonly prev: string | undefined }[],
  ): Promise<readonly (RecordId | undefined)[]>;

  /**
   * The published records of logs, for each question a page. With `maxBytes` nothing comes behind the record with which the
   * contents of all pages together have as many bytes: the page that it is in is the last one then, and may lack records.
   */
  published(
    queries: readonly PublishedQuery[],
    maxBytes?: number,
  ): Promise<readonly (readonly PublishedRecord[])[]>;
  leavesAt(registryIndices: readonly number[]): Promise<readonly (RecordKey | undefined)[]>;
  /** For each: the registry index of the log's last record below that length. */
  lastIndexBelow(
    queries: readonly { readonly logId: LogId; readonly logLength: number }[],
  ): Promise<readonly (number | undefined)[]>;
  /** `log id ‖ record id`, 64 bytes each, of the published records `start` to `end` (excluded). */
  ledger(start: number, end: number): Promise<Uint8Array>;

  packageNames(logIds: readonly LogId[]): Promise<readonly (PackageName | undefined)[]>;
  /** The same, and the names of packages whose first record is not published: that waits, or was refused. */
  logNames(logIds: readonly LogId[]): Promise<readonly (PackageName | undefined)[]>;
  keys(
    queries: readonly { readonly logId: LogId; readonly keyId: string }[],
  ): Promise<readonly (KeyRow | undefined)[]>;
  namespaces(names: readonly string[]): Promise<readonly (NamespaceRow | undefined)[]>;
  logParts(queries: readonly LogPartQuery[]): Promise<readonly LogPart[]>;
  /** At most `limit` ids of logs that have a state, in their order, behind `after`. */
  logIds(after: LogId | undefined, limit: number): Promise<readonly LogId[]>;
  /** The state of a log with all rows that there are; those of namespaces are the operator log's. */
  wholeLog(logId: LogId): Promise<LogPart>;
  /**
   * Whether a published record names this content.
   *
   * @param namespaces if given, only records of packages in these count
   */
  isContentReferenced(digest: string, namespaces?: readonly string[]): Promise<boolean>;
  /** For each: whether it is withdrawn, and why. */
  withdrawals(digests: readonly string[]): Promise<readonly (WithdrawnContent | undefined)[]>;
  /** All that are withdrawn, in the order of their digests: at most so many, behind a digest. */
  listWithdrawals(query: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<readonly WithdrawnContent[]>;
  /** For each: whether a record names it that is published or still may be: nothing else keeps a content. */
  areContentsNamed(digests: readonly Digest[]): Promise<readonly boolean[]>;
  /** For each: how far its removal is, if one was noted until after `now`. */
  contentRemovals(digests: readonly Digest[], now: number): Promise<readonly (ContentRemoval | undefined)[]>;

  /** Whether {@link StoreTransaction.claimSource} has something to give. */
  hasSource(now: number): Promise<boolean>;

  /** Records that wait for content, by log and address and by address alone. */
  sourcingOfLog(logId: LogId): Promise<readonly SourcingShare[]>;
  sourcingOfAddress(address: string): Promise<number>;

  accessToken(id: string): Promise<AccessTokenRow | undefined>;
  /** Every token that there ever was, in the order in which they were made. */
  accessTokens(): Promise<readonly AccessTokenRow[]>;
  /** A key that all processes on this store share; undefined if there is none of that name. */
  sharedKey(name: string): Promise<Uint8Array | undefined>;

  /** What was done by hand, the newest first. */
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;

  /** Tiles of the log and pages of the map; the same objects each time. Writes belong to the transaction that runs. */
  readonly logStore: LogStore;
  readonly mapStore: MapStore;
}

/** How many of a log's waiting records one address has, and which of them came first. */
export interface SourcingShare {
  readonly address: string;
  readonly count: number;
  readonly oldest: number;
}

/** A transaction: all of it is there after a commit that said so, or nothing. */
export interface StoreTransaction extends StoreReads {
  /** Inserts records in this order of arrival. An expired record of the same key gives way. */
  insertRecords(records: readonly NewRecord[]): Promise<void>;
  changeStates(changes: readonly StateChange[]): Promise<void>;
  /** Notes where contents of a record can be fetched that it lacks. */
  insertSources(key: RecordKey, sources: readonly ContentSourceRow[]): Promise<void>;
  /** A content to fetch that nobody has claimed until after `now`; it is claimed until `until` then. */
  claimSource(now: number, until: number): Promise<ClaimedSource | undefined>;
  /** Forgets where a content, or all of a record, can be fetched. */
  forgetSource(arrival: number, digest: Digest): Promise<void>;
  forgetSources(arrival: number): Promise<void>;
  /** Notes that a content of a record is there. */
  markContentStored(
    contents: readonly { readonly arrival: number; readonly digest: string }[],
  ): Promise<void>;
  /** Marks as expired what waits for content since before `before`; returns how many. */
  expireSourcing(before: number, reason: string, now: number): Promise<number>;
  /** Forgets records that expired before `before`; returns how many. */
  forgetExpired(before: number): Promise<number>;

  /** Notes how far the removal of contents is, over what was noted before. The note holds until `until`, ms since the epoch. */
  noteRemovals(digests: readonly Digest[], removal: ContentRemoval, until: number): Promise<void>;
  forgetRemovals(digests: readonly Digest[]): Promise<void>;
  /** Forgets what holds no longer. */
  forgetPastRemovals(now: number): Promise<void>;

  /** Writes the given rows over what is there; rows that are not given stay. */
  saveLogParts(parts: readonly LogPart[]): Promise<void>;
  /** Whether the lease was taken by nobody else; nobody can before the transaction ends. */
  holdsLease(lease: Lease): Promise<boolean>;
  /**
   * Adds `next` behind `previous` if `previous` is, in every field, the newest checkpoint of the store (or there is
   * none and it is undefined).
   *
   * @returns false if it is not; nothing was written then
   */
  insertCheckpoint(previous: StoredCheckpoint | undefined, next: StoredCheckpoint): Promise<boolean>;
  /** The same for a new signature of the same length: `next` takes the row and the number of `previous`. */
  replaceCheckpoint(previous: StoredCheckpoint, next: StoredCheckpoint): Promise<boolean>;
  /** Puts a note in the place of the one before; undefined leaves none. Belongs to the transaction of its checkpoint. */
  saveLogNote(note: LogNote | undefined): Promise<void>;

  /** Withdraws a content, or changes why and since when it is withdrawn. */
  withdrawContent(content: WithdrawnContent): Promise<void>;
  /** @returns false if it was not withdrawn */
  restoreContent(digest: string): Promise<boolean>;
  insertAccessToken(token: AccessTokenRow): Promise<void>;
  /** @returns false if there is no such token, or it was revoked before */
  revokeAccessToken(id: string, now: number): Promise<boolean>;
  /** Notes when a token was used, if that is later than what is noted. */
  noteAccessTokenUse(id: string, now: number): Promise<void>;
  /** Keeps a key under a name that has none yet. */
  addSharedKey(name: string, key: Uint8Array): Promise<void>;

  /** Notes what is done in this transaction by hand. */
  appendAudit(entry: NewAuditEntry): Promise<void>;
}

/** The right to sequence, for a while. */
export interface Lease {
  /** Who has it. */
  readonly holder: string;
  /** Another number each time it is taken. */
  readonly term: number;
}

/** The election of the process that sequences, among those that share a store. */
export interface Leases {
  /** Takes the lease if nobody has it. @param duration ms @returns undefined if somebody has it */
  take(duration: number): Promise<Lease | undefined>;
  /** @returns false if it was taken by somebody else */
  renew(lease: Lease, duration: number): Promise<boolean>;
  release(lease: Lease): Promise<void>;
}

export type StateChange = { readonly arrival: number; readonly changedAt: number } & (
  | { readonly state: 'processing' }
  | { readonly state: 'rejected' | 'expired'; readonly reason: string }
  | { readonly state: 'published'; readonly registryIndex: number }
);

/**
 * Where a registry keeps everything but contents. Backends differ in nothing that can be seen through this interface;
 * `testing/store-suite.ts` holds them to it.
 */
export interface RegistryStore {
  /** Asks questions. Only committed data is seen, which may change between two questions of the same `work`. */
  read<T>(work: (reads: StoreReads) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction and commits it. One transaction runs at a time; further ones wait in order. Do not call
   * the store from inside: ask and write through the transaction.
   *
   * If `work` throws, everything is rolled back and the error passed on. If the commit itself fails its outcome is
   * unknown: read the store again.
   */
  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;
  /** Another number whenever something may have been committed since, by whomever. What was read at a revision holds as long as it. */
  revision(): Promise<number>;
  /** Undefined where only one process can write. */
  readonly leases?: Leases;
  /**
   * Tells of commits of other processes, soon after they happened; but some may not be told of. Undefined where none can be.
   *
   * @returns takes the listener away
   */
  readonly onCommit?: (listener: () => void) => () => void;
  /** Waits for what runs and closes. What comes later fails with `STORE_CLOSED`. */
  close(): Promise<void>;
}
