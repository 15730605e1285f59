import type { Digest } from '@warg/crypto';
import type { LogId, PackageName, RecordId, Timestamp } from '@warg/protocol';
import { fromBlob, stateOf, toBlob } from './columns.ts';
import type {
  AccessScope,
  AccessTokenRow,
  AuditDetails,
  AuditEntry,
  ContentNeed,
  KeyRow,
  NewAuditEntry,
  PublishedRecord,
  ReleaseRow,
  StoredCheckpoint,
  StoredRecord,
  SubmissionFacts,
  WithdrawnContent,
} from './rows.ts';

/**
 * What comes out of the tables, which are the same in every SQL backend: rows as arrays of columns, hashes as bytes,
 * seconds as text because they are 64-bit in the protocol, more than a JavaScript number holds.
 */

export type RecordColumns = [
  arrival: number,
  logId: Uint8Array,
  recordId: Uint8Array,
  prev: Uint8Array | null,
  state: number,
  registryIndex: number | null,
  content: Uint8Array,
  keyId: string,
  signature: string,
  packageName: string | null,
  reason: string | null,
];

export function toRecord(row: RecordColumns): StoredRecord {
  const [arrival, logId, recordId, prev, state, registryIndex, contentBytes, keyId, signature, name, reason] =
    row;
  return {
    arrival,
    logId: fromBlob<LogId>(logId),
    recordId: fromBlob<RecordId>(recordId),
    prev: prev === null ? undefined : fromBlob(prev),
    state: stateOf(state),
    registryIndex: registryIndex ?? undefined,
    envelope: { contentBytes, keyId, signature },
    packageName: (name ?? undefined) as PackageName | undefined,
    reason: reason ?? undefined,
  };
}

export type PublishedColumns = [
  recordId: Uint8Array,
  registryIndex: number,
  content: Uint8Array,
  keyId: string,
  signature: string,
];

export function toPublished(row: PublishedColumns): PublishedRecord {
  const [recordId, registryIndex, contentBytes, keyId, signature] = row;
  return {
    recordId: fromBlob<RecordId>(recordId),
    registryIndex,
    envelope: { contentBytes, keyId, signature },
  };
}

export type ContentColumns = [digest: Uint8Array, missing: number, sources: number];

export function toContentNeed([digest, missing, sources]: ContentColumns): ContentNeed {
  const need = { digest: fromBlob<Digest>(digest), missing: missing === 1 };
  return Number(sources) === 0 ? need : { ...need, isFetched: true };
}

export type KeyColumns = [keyId: string, publicKey: string, permissions: string];

export function toKey([keyId, publicKey, permissions]: KeyColumns): KeyRow {
  return { keyId, publicKey, permissions: permissions === '' ? [] : permissions.split(',') };
}

export type ReleaseColumns = [
  version: string,
  recordId: Uint8Array,
  by: string,
  seconds: string,
  nanos: number,
  content: string | null,
  yankedBy: string | null,
  yankedSeconds: string | null,
  yankedNanos: number | null,
];

export function toRelease(row: ReleaseColumns): ReleaseRow {
  const [version, recordId, by, seconds, nanos, content, yankedBy, yankedSeconds, yankedNanos] = row;
  return {
    version,
    recordId: fromBlob<RecordId>(recordId),
    by,
    time: toTime(seconds, nanos),
    content: content ?? undefined,
    yanked: yankedBy === null ? undefined : { by: yankedBy, time: toTime(yankedSeconds!, yankedNanos!) },
  };
}

export function toTime(seconds: string, nanos: number): Timestamp {
  return { seconds: BigInt(seconds), nanos };
}

export type CheckpointColumns = [
  sequence: number,
  logLength: number,
  logRoot: Uint8Array,
  mapRoot: Uint8Array,
  mapPage: number,
  timestamp: number,
  keyId: string,
  signature: string,
];

export function toCheckpoint(row: CheckpointColumns): StoredCheckpoint {
  const [sequence, logLength, logRoot, mapRoot, mapPage, timestamp, keyId, signature] = row;
  return {
    sequence,
    logLength,
    logRoot: fromBlob(logRoot),
    mapRoot: fromBlob(mapRoot),
    mapPage,
    timestamp,
    keyId,
    signature,
  };
}

export function fromCheckpoint(checkpoint: StoredCheckpoint): CheckpointColumns {
  return [
    checkpoint.sequence,
    checkpoint.logLength,
    toBlob(checkpoint.logRoot),
    toBlob(checkpoint.mapRoot),
    checkpoint.mapPage,
    checkpoint.timestamp,
    checkpoint.keyId,
    checkpoint.signature,
  ];
}

export type SubmissionColumns = [
  hasRecord: number,
  hasWithdrawals: number,
  packageName: string | null,
  namespace: string | null,
  registry: string | null,
  keyId: string | null,
  publicKey: string | null,
  permissions: string | null,
];

export function toSubmissionFacts(row: SubmissionColumns): SubmissionFacts {
  const [hasRecord, hasWithdrawals, packageName, namespace, registry, keyId, publicKey, permissions] = row;
  return {
    hasRecord: hasRecord === 1,
    hasWithdrawals: hasWithdrawals === 1,
    packageName: (packageName ?? undefined) as PackageName | undefined,
    namespace: namespace === null ? undefined : { namespace, registry: registry ?? undefined },
    key: keyId === null ? undefined : toKey([keyId, publicKey!, permissions!]),
  };
}

export type AccessTokenColumns = [
  id: string,
  hash: Uint8Array,
  name: string,
  scope: string,
  namespaces: string | null,
  createdAt: number,
  expiresAt: number | null,
  revokedAt: number | null,
  lastUsedAt: number | null,
];

export function toAccessToken(row: AccessTokenColumns): AccessTokenRow {
  const [id, hash, name, scope, namespaces, createdAt, expiresAt, revokedAt, lastUsedAt] = row;
  return {
    id,
    hash,
    name,
    scope: scope as AccessScope,
    namespaces: namespaces?.split(','),
    createdAt,
    expiresAt: expiresAt ?? undefined,
    revokedAt: revokedAt ?? undefined,
    lastUsedAt: lastUsedAt ?? undefined,
  };
}

export function fromAccessToken(token: AccessTokenRow): AccessTokenColumns {
  return [
    token.id,
    token.hash,
    token.name,
    token.scope,
    token.namespaces?.join(',') ?? null,
    token.createdAt,
    token.expiresAt ?? null,
    token.revokedAt ?? null,
    token.lastUsedAt ?? null,
  ];
}

export type AuditColumns = [id: number, time: number, actor: string, action: string, details: string];

export function toAuditEntry([id, time, actor, action, details]: AuditColumns): AuditEntry {
  return { id, time, actor, action, details: JSON.parse(details) as AuditDetails };
}

export function fromAuditEntry({ time = Date.now(), actor, action, details }: NewAuditEntry) {
  return [time, actor, action, JSON.stringify(details)] as const;
}

export type WithdrawnColumns = [digest: Uint8Array, reason: string, since: number];

export function toWithdrawn([digest, reason, since]: WithdrawnColumns): WithdrawnContent {
  return { digest: fromBlob(digest), reason, since };
}
