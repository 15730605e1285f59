import type { Digest } from '@warg/crypto';
import type { Envelope, LogId, PackageName, RecordId, Timestamp } from '@warg/protocol';

/** What a store keeps, as plain data. A backend maps these to its tables; nothing here knows SQL. */

export interface RecordKey {
  readonly logId: LogId;
  readonly recordId: RecordId;
}

/** `expired` is told to the outside as rejected; it differs in that the same record may be sent again. */
export type RecordState = 'sourcing' | 'processing' | 'rejected' | 'expired' | 'published';

/** What is asked before a record is accepted. */
export interface SubmissionQuery extends RecordKey {
  /** The key that its envelope names. */
  readonly keyId: string;
  readonly namespace: string;
}

/** All of it as it is at one moment. */
export interface SubmissionFacts {
  /** Whether this record is there, in whatever state. */
  readonly hasRecord: boolean;
  /** Whether any content is withdrawn. */
  readonly hasWithdrawals: boolean;
  /** The package that the log is of, if it was begun. */
  readonly packageName: PackageName | undefined;
  readonly namespace: NamespaceRow | undefined;
  /** The key, if the published log knows it. */
  readonly key: KeyRow | undefined;
}

/** A record as it was accepted. */
export interface NewRecord extends RecordKey {
  /** The record id that it names as its predecessor, in text form; of any length, as received. */
  readonly prev: string | undefined;
  readonly envelope: Envelope;
  /** The package that the log is of; undefined for the operator log. */
  readonly packageName: PackageName | undefined;
  readonly address: string;
  readonly state: 'sourcing' | 'processing';
  /** Every content that the record names, and whether it is still missing. */
  readonly contents: readonly ContentNeed[];
  /** Where the missing ones of these can be fetched; for the others the record waits. */
  readonly sources?: readonly ContentSourceRow[];
  /** When it was accepted, ms since the epoch. */
  readonly acceptedAt: number;
}

export interface ContentNeed {
  readonly digest: Digest;
  readonly missing: boolean;
  /** Whether the registry itself is to fetch it. Left out if not. */
  readonly isFetched?: boolean;
}

/** Where a content can be fetched that a record lacks. */
export interface ContentSourceRow {
  readonly digest: Digest;
  /** At least one; in the order in which they are to be tried. */
  readonly urls: readonly string[];
}

/** A content that somebody has taken upon himself to fetch, for a record that waits for it. */
export interface ClaimedSource extends RecordKey, ContentSourceRow {}

export interface StoredRecord extends RecordKey {
  /** Its place in the order of arrival. */
  readonly arrival: number;
  readonly state: RecordState;
  readonly prev: string | undefined;
  readonly envelope: Envelope;
  readonly packageName: PackageName | undefined;
  readonly reason: string | undefined;
  readonly registryIndex: number | undefined;
}

/** A published record as a reader of its log gets it. */
export interface PublishedRecord {
  readonly recordId: RecordId;
  readonly registryIndex: number;
  readonly envelope: Envelope;
}

/** A signed checkpoint and what only the registry needs to know about it. */
export interface StoredCheckpoint {
  /** Dense, from 0. Signing the same length again keeps it. */
  readonly sequence: number;
  readonly logLength: number;
  readonly logRoot: Digest;
  readonly mapRoot: Digest;
  /** The id of the map page that holds the root, so that proofs can be made at this checkpoint later. */
  readonly mapPage: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly keyId: string;
  readonly signature: string;
}

/** A checkpoint as a signed note, for readers of the log that know nothing of Warg. */
export interface LogNote {
  readonly logLength: number;
  /** The whole note, with its signature. */
  readonly text: string;
}

export interface KeyRow {
  readonly keyId: string;
  readonly publicKey: string;
  readonly permissions: readonly string[];
}

export interface ReleaseRow {
  readonly version: string;
  readonly recordId: RecordId;
  readonly by: string;
  readonly time: Timestamp;
  /** Undefined once it is yanked, as in the state. */
  readonly content: string | undefined;
  readonly yanked: { readonly by: string; readonly time: Timestamp } | undefined;
}

export interface NamespaceRow {
  readonly namespace: string;
  /** The registry it is imported from; undefined if it is defined here. */
  readonly registry: string | undefined;
}

/**
 * How far the removal of a content is that no record named. While it is `removing` the content may be there or not; once it is
 * `removed` it is gone, unless it was stored again since.
 */
export type ContentRemoval = 'removing' | 'removed';

/** A part of a log's state: what the records at hand may touch, and no more. */
export interface LogPart {
  readonly logId: LogId;
  readonly packageName: PackageName | undefined;
  readonly algorithm: string | undefined;
  readonly head: { readonly recordId: RecordId; readonly time: Timestamp } | undefined;
  readonly keys: readonly KeyRow[];
  readonly releases: readonly ReleaseRow[];
  readonly namespaces: readonly NamespaceRow[];
}

/** Names the part of a log's state that is wanted. */
export interface LogPartQuery {
  readonly logId: LogId;
  readonly keyIds: readonly string[];
  readonly versions: readonly string[];
  /** For the operator log. */
  readonly namespaces: readonly string[];
}

export interface PublishedQuery {
  readonly logId: LogId;
  /** Records from this registry index on … */
  readonly from: number;
  /** … and below this one. */
  readonly below: number;
  readonly limit: number;
}

/** A bearer token, as far as the registry remembers it. Times are ms since the epoch. */
export interface AccessTokenRow {
  readonly id: string;
  /** SHA-256 of the secret, 32 bytes. */
  readonly hash: Uint8Array;
  /** What its makers call it; may be empty. */
  readonly name: string;
  /** `publish` may read, too. */
  readonly scope: AccessScope;
  /** The namespaces that it is for; undefined for all, those to come included. */
  readonly namespaces: readonly string[] | undefined;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** Noted once in a while, not at each use. */
  readonly lastUsedAt: number | undefined;
}

export type AccessScope = 'read' | 'publish';

/** Something that was done by hand, as it is noted. */
export interface NewAuditEntry {
  /** Who did it, such as `root@host`. */
  readonly actor: string;
  /** What was done, such as `token.add`. */
  readonly action: string;
  /** The rest, as plain data; never a secret. */
  readonly details: AuditDetails;
  /** ms since the epoch; now, if it is not given. */
  readonly time?: number;
}

export type AuditDetails = { readonly [name: string]: AuditValue };
export type AuditValue = string | number | boolean | null | readonly AuditValue[] | AuditDetails;

export interface AuditEntry extends NewAuditEntry {
  /** Its place in the order in which things were done. */
  readonly id: number;
  readonly time: number;
}

export interface AuditQuery {
  /** Entries before the one with this id; undefined for the newest … */
  readonly before?: number | undefined;
  /** … that are not older than this, ms since the epoch … */
  readonly since: number;
  /** … at most so many. */
  readonly limit: number;
}

/** A content that is not handed out any more. */
export interface WithdrawnContent {
  readonly digest: Digest;
  /** For everybody who asks for it. */
  readonly reason: string;
  /** ms since the epoch */
  readonly since: number;
}
