import type { Digest } from '@warg/crypto';
import type { LogId } from '@warg/protocol';
import type { LogStore, MapStore } from '@warg/transparency';
import type { Lease, StateChange, StoreTransaction } from '../registry-store.ts';
import type {
  AccessTokenRow,
  AuditQuery,
  ContentRemoval,
  ContentSourceRow,
  LogNote,
  LogPart,
  LogPartQuery,
  NewAuditEntry,
  NewRecord,
  PublishedQuery,
  RecordKey,
  StoredCheckpoint,
  SubmissionQuery,
  WithdrawnContent,
} from '../rows.ts';
import * as access from './access-queries.ts';
import * as audits from './audit-queries.ts';
import * as checkpoints from './checkpoint-queries.ts';
import { holdsLease } from './leases.ts';
import * as logs from './log-queries.ts';
import type { Queries } from './queries.ts';
import * as reads from './record-reads.ts';
import * as writes from './record-writes.ts';
import * as removals from './removal-queries.ts';
import * as sources from './source-queries.ts';
import { submissionFacts } from './submission-queries.ts';
import { postgresLogStore, postgresMapStore } from './tree-stores.ts';
import * as withdrawn from './withdrawal-queries.ts';

/** Questions and writes; whether they are in a transaction is the business of the queries that it is given. */
export class PostgresSession implements StoreTransaction {
  readonly logStore: LogStore;
  readonly mapStore: MapStore;
  readonly #db: Queries;

  constructor(db: Queries) {
    this.#db = db;
    this.logStore = postgresLogStore(db);
    this.mapStore = postgresMapStore(db);
  }

  latestCheckpoint() {
    return checkpoints.latestCheckpoint(this.#db);
  }
  checkpointAt(logLength: number) {
    return checkpoints.checkpointAt(this.#db, logLength);
  }
  checkpointBefore(timestamp: number) {
    return checkpoints.checkpointBefore(this.#db, timestamp);
  }
  checkpoints(from: number, limit: number) {
    return checkpoints.checkpoints(this.#db, from, limit);
  }
  logNote() {
    return checkpoints.logNote(this.#db);
  }

  submissionFacts(query: SubmissionQuery) {
    return submissionFacts(this.#db, query);
  }
  findRecords(keys: readonly RecordKey[]) {
    return reads.findRecords(this.#db, keys);
  }
  contentsOf(arrival: number) {
    return reads.contentsOf(this.#db, arrival);
  }
  processing({ limit, maxBytes }: { readonly limit: number; readonly maxBytes: number }) {
    return reads.processing(this.#db, limit, maxBytes);
  }
  processingOf(logId: LogId, limit: number, maxBytes?: number) {
    return reads.processingOf(this.#db, logId, limit, maxBytes);
  }
  hasRecords(logIds: readonly LogId[]) {
    return reads.hasRecords(this.#db, logIds);
  }
  processingOn(places: readonly { readonly logId: LogId; readonly prev: string | undefined }[]) {
    return reads.processingOn(this.#db, places);
  }

  published(queries: readonly PublishedQuery[], maxBytes?: number) {
    return reads.published(this.#db, queries, maxBytes);
  }
  leavesAt(registryIndices: readonly number[]) {
    return reads.leavesAt(this.#db, registryIndices);
  }
  lastIndexBelow(queries: readonly { readonly logId: LogId; readonly logLength: number }[]) {
    return reads.lastIndexBelow(this.#db, queries);
  }
  ledger(start: number, end: number) {
    return reads.ledger(this.#db, start, end);
  }

  packageNames(logIds: readonly LogId[]) {
    return reads.packageNames(this.#db, logIds);
  }
  keys(queries: readonly { readonly logId: LogId; readonly keyId: string }[]) {
    return logs.keyRows(this.#db, queries);
  }
  namespaces(names: readonly string[]) {
    return logs.namespaceRows(this.#db, names);
  }
  logIds(after: LogId | undefined, limit: number) {
    return logs.logIds(this.#db, after, limit);
  }
  wholeLog(logId: LogId) {
    return logs.wholeLog(this.#db, logId);
  }
  logParts(queries: readonly LogPartQuery[]) {
    return logs.logParts(this.#db, queries);
  }
  logNames(logIds: readonly LogId[]) {
    return reads.logNames(this.#db, logIds);
  }
  isContentReferenced(digest: string, namespaces?: readonly string[]) {
    return reads.isContentReferenced(this.#db, digest, namespaces);
  }
  withdrawals(digests: readonly string[]) {
    return withdrawn.withdrawals(this.#db, digests);
  }
  listWithdrawals({ after, limit }: { readonly after?: string | undefined; readonly limit: number }) {
    return withdrawn.listWithdrawals(this.#db, after, limit);
  }
  areContentsNamed(digests: readonly Digest[]) {
    return removals.areContentsNamed(this.#db, digests);
  }
  contentRemovals(digests: readonly Digest[], now: number) {
    return removals.contentRemovals(this.#db, digests, now);
  }
  hasSource(now: number) {
    return sources.hasSource(this.#db, now);
  }
  sourcingOfLog(logId: LogId) {
    return reads.sourcingOfLog(this.#db, logId);
  }
  sourcingOfAddress(address: string) {
    return reads.sourcingOfAddress(this.#db, address);
  }

  accessToken(id: string) {
    return access.accessToken(this.#db, id);
  }
  accessTokens() {
    return access.accessTokens(this.#db);
  }
  sharedKey(name: string) {
    return access.sharedKey(this.#db, name);
  }

  audit(query: AuditQuery) {
    return audits.audit(this.#db, query);
  }

  insertRecords(records: readonly NewRecord[]) {
    return writes.insertRecords(this.#db, records);
  }
  changeStates(changes: readonly StateChange[]) {
    return writes.changeStates(this.#db, changes);
  }
  insertSources(key: RecordKey, rows: readonly ContentSourceRow[]) {
    return sources.insertSources(this.#db, key, rows);
  }
  claimSource(now: number, until: number) {
    return sources.claimSource(this.#db, now, until);
  }
  forgetSource(arrival: number, digest: Digest) {
    return sources.forgetSource(this.#db, arrival, digest);
  }
  forgetSources(arrival: number) {
    return sources.forgetSources(this.#db, arrival);
  }
  markContentStored(contents: readonly { readonly arrival: number; readonly digest: string }[]) {
    return writes.markContentStored(this.#db, contents);
  }
  expireSourcing(before: number, reason: string, now: number) {
    return writes.expireSourcing(this.#db, before, reason, now);
  }
  forgetExpired(before: number) {
    return writes.forgetExpired(this.#db, before);
  }
  noteRemovals(digests: readonly Digest[], removal: ContentRemoval, until: number) {
    return removals.noteRemovals(this.#db, digests, removal, until);
  }
  forgetRemovals(digests: readonly Digest[]) {
    return removals.forgetRemovals(this.#db, digests);
  }
  forgetPastRemovals(now: number) {
    return removals.forgetPastRemovals(this.#db, now);
  }
  saveLogParts(parts: readonly LogPart[]) {
    return logs.saveLogParts(this.#db, parts);
  }
  holdsLease(lease: Lease) {
    return holdsLease(this.#db, lease);
  }
  insertCheckpoint(previous: StoredCheckpoint | undefined, next: StoredCheckpoint) {
    return checkpoints.insertCheckpoint(this.#db, previous, next);
  }
  replaceCheckpoint(previous: StoredCheckpoint, next: StoredCheckpoint) {
    return checkpoints.replaceCheckpoint(this.#db, previous, next);
  }
  saveLogNote(note: LogNote | undefined) {
    return checkpoints.saveLogNote(this.#db, note);
  }
  withdrawContent(content: WithdrawnContent) {
    return withdrawn.withdrawContent(this.#db, content);
  }
  restoreContent(digest: string) {
    return withdrawn.restoreContent(this.#db, digest);
  }
  insertAccessToken(token: AccessTokenRow) {
    return access.insertAccessToken(this.#db, token);
  }
  revokeAccessToken(id: string, now: number) {
    return access.revokeAccessToken(this.#db, id, now);
  }
  noteAccessTokenUse(id: string, now: number) {
    return access.noteAccessTokenUse(this.#db, id, now);
  }
  addSharedKey(name: string, key: Uint8Array) {
    return access.addSharedKey(this.#db, name, key);
  }
  appendAudit(entry: NewAuditEntry) {
    return audits.appendAudit(this.#db, entry);
  }
}
