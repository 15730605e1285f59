import type { Digest } from '@warg/crypto';
import type { LogId } from '@warg/protocol';
import type { LogStore, MapStore } from '@warg/transparency';
import { sqliteLogStore, sqliteMapStore } from '@warg/transparency/sqlite';
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
  PublishedRecord,
  RecordKey,
  StoredCheckpoint,
  SubmissionQuery,
  WithdrawnContent,
} from '../rows.ts';
import * as access from './access-queries.ts';
import * as audits from './audit-queries.ts';
import * as checkpoints from './checkpoint-queries.ts';
import type { Connection } from './connection.ts';
import * as logs from './log-queries.ts';
import * as many from './many-queries.ts';
import * as records from './record-queries.ts';
import * as removals from './removal-queries.ts';
import * as sources from './source-queries.ts';
import { submissionFacts } from './submission-queries.ts';
import * as withdrawn from './withdrawal-queries.ts';

/** From so many questions on it is worth to ask them in one statement. */
const MANY = 8;

/** Questions and writes on one connection; whether they are in a transaction is the store's business. */
export class SqliteSession implements StoreTransaction {
  readonly logStore: LogStore;
  readonly mapStore: MapStore;
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
    this.logStore = sqliteLogStore(db.database);
    this.mapStore = sqliteMapStore(db.database);
  }

  async latestCheckpoint() {
    return checkpoints.latestCheckpoint(this.#db);
  }
  async checkpointAt(logLength: number) {
    return checkpoints.checkpointAt(this.#db, logLength);
  }
  async checkpointBefore(timestamp: number) {
    return checkpoints.checkpointBefore(this.#db, timestamp);
  }
  async checkpoints(from: number, limit: number) {
    return checkpoints.checkpoints(this.#db, from, limit);
  }
  async logNote() {
    return checkpoints.logNote(this.#db);
  }

  async submissionFacts(query: SubmissionQuery) {
    return submissionFacts(this.#db, query);
  }
  async findRecords(keys: readonly RecordKey[]) {
    return keys.length < MANY
      ? keys.map((key) => records.findRecord(this.#db, key))
      : many.findRecords(this.#db, keys);
  }
  async contentsOf(arrival: number) {
    return records.contentsOf(this.#db, arrival);
  }
  async processing({ limit, maxBytes }: { readonly limit: number; readonly maxBytes: number }) {
    return records.processing(this.#db, limit, maxBytes);
  }
  async processingOf(logId: LogId, limit: number, maxBytes?: number) {
    return records.processingOf(this.#db, logId, limit, maxBytes);
  }
  async hasRecords(logIds: readonly LogId[]) {
    return logIds.map((logId) => records.hasRecords(this.#db, logId));
  }
  async processingOn(places: readonly { readonly logId: LogId; readonly prev: string | undefined }[]) {
    return places.length < MANY
      ? places.map(({ logId, prev }) => records.processingOn(this.#db, logId, prev))
      : many.processingOn(this.#db, places);
  }

  async published(queries: readonly PublishedQuery[], maxBytes = Number.POSITIVE_INFINITY) {
    const room = { bytes: maxBytes };
    const pages: PublishedRecord[][] = [];
    for (const query of queries) {
      if (room.bytes <= 0) break;
      pages.push(records.published(this.#db, query, room));
    }
    return pages;
  }
  async leavesAt(registryIndices: readonly number[]) {
    return registryIndices.length < MANY
      ? registryIndices.map((index) => records.leafAt(this.#db, index))
      : records.leavesAt(this.#db, registryIndices);
  }
  async lastIndexBelow(queries: readonly { readonly logId: LogId; readonly logLength: number }[]) {
    return queries.length < MANY
      ? queries.map(({ logId, logLength }) => records.lastIndexBelow(this.#db, logId, logLength))
      : records.lastIndicesBelow(this.#db, queries);
  }
  async ledger(start: number, end: number) {
    return records.ledger(this.#db, start, end);
  }

  async packageNames(logIds: readonly LogId[]) {
    return logIds.map((logId) => logs.packageName(this.#db, logId));
  }
  async keys(queries: readonly { readonly logId: LogId; readonly keyId: string }[]) {
    return queries.map(({ logId, keyId }) => logs.keyRow(this.#db, logId, keyId));
  }
  async namespaces(names: readonly string[]) {
    return names.map((name) => logs.namespaceRow(this.#db, name));
  }
  async logIds(after: LogId | undefined, limit: number) {
    return logs.logIds(this.#db, after, limit);
  }
  async wholeLog(logId: LogId) {
    return logs.wholeLog(this.#db, logId);
  }
  async logParts(queries: readonly LogPartQuery[]) {
    if (queries.length < MANY) return queries.map((query) => logs.logPart(this.#db, query));
    const logIds = queries.map(({ logId }) => logId);
    const begun = many.logsWithHead(this.#db, logIds);
    return queries.map((query) =>
      begun.has(query.logId) ? logs.logPart(this.#db, query) : logs.emptyPart(query.logId),
    );
  }
  async logNames(logIds: readonly LogId[]) {
    return logIds.map((logId) => logs.logName(this.#db, logId));
  }
  async isContentReferenced(digest: string, namespaces?: readonly string[]) {
    return records.isContentReferenced(this.#db, digest, namespaces);
  }
  async withdrawals(digests: readonly string[]) {
    return digests.map((digest) => withdrawn.withdrawal(this.#db, digest));
  }
  async listWithdrawals({ after, limit }: { readonly after?: string | undefined; readonly limit: number }) {
    return withdrawn.listWithdrawals(this.#db, after, limit);
  }
  async areContentsNamed(digests: readonly Digest[]) {
    return digests.map((digest) => removals.isContentNamed(this.#db, digest));
  }
  async contentRemovals(digests: readonly Digest[], now: number) {
    return digests.length < MANY
      ? digests.map((digest) => removals.contentRemoval(this.#db, digest, now))
      : many.contentRemovals(this.#db, digests, now);
  }
  async hasSource(now: number) {
    return sources.hasSource(this.#db, now);
  }
  async sourcingOfLog(logId: LogId) {
    return records.sourcingOfLog(this.#db, logId);
  }
  async sourcingOfAddress(address: string) {
    return records.sourcingOfAddress(this.#db, address);
  }

  async accessToken(id: string) {
    return access.accessToken(this.#db, id);
  }
  async accessTokens() {
    return access.accessTokens(this.#db);
  }
  async sharedKey(name: string) {
    return access.sharedKey(this.#db, name);
  }

  async audit(query: AuditQuery) {
    return audits.audit(this.#db, query);
  }

  async insertRecords(newRecords: readonly NewRecord[]) {
    for (const record of newRecords) records.insertRecord(this.#db, record);
  }
  async changeStates(changes: readonly StateChange[]) {
    for (const change of changes) records.changeState(this.#db, change);
  }
  async insertSources(key: RecordKey, rows: readonly ContentSourceRow[]) {
    return sources.insertSources(this.#db, key, rows);
  }
  async claimSource(now: number, until: number) {
    return sources.claimSource(this.#db, now, until);
  }
  async forgetSource(arrival: number, digest: Digest) {
    return sources.forgetSource(this.#db, arrival, digest);
  }
  async forgetSources(arrival: number) {
    return sources.forgetSources(this.#db, arrival);
  }
  async markContentStored(contents: readonly { readonly arrival: number; readonly digest: string }[]) {
    for (const { arrival, digest } of contents) records.markContentStored(this.#db, arrival, digest);
  }
  async expireSourcing(before: number, reason: string, now: number) {
    return records.expireSourcing(this.#db, before, reason, now);
  }
  async forgetExpired(before: number) {
    return records.forgetExpired(this.#db, before);
  }
  async noteRemovals(digests: readonly Digest[], removal: ContentRemoval, until: number) {
    for (const digest of digests) removals.noteRemoval(this.#db, digest, removal, until);
  }
  async forgetRemovals(digests: readonly Digest[]) {
    for (const digest of digests) removals.forgetRemoval(this.#db, digest);
  }
  async forgetPastRemovals(now: number) {
    removals.forgetPastRemovals(this.#db, now);
  }
  async saveLogParts(parts: readonly LogPart[]) {
    for (const part of parts) logs.saveLogPart(this.#db, part);
  }
  async holdsLease(_lease: Lease) {
    // Nobody gives leases here.
    return false;
  }
  async insertCheckpoint(previous: StoredCheckpoint | undefined, next: StoredCheckpoint) {
    return checkpoints.insertCheckpoint(this.#db, previous, next);
  }
  async replaceCheckpoint(previous: StoredCheckpoint, next: StoredCheckpoint) {
    return checkpoints.replaceCheckpoint(this.#db, previous, next);
  }
  async saveLogNote(note: LogNote | undefined) {
    return checkpoints.saveLogNote(this.#db, note);
  }
  async withdrawContent(content: WithdrawnContent) {
    return withdrawn.withdrawContent(this.#db, content);
  }
  async restoreContent(digest: string) {
    return withdrawn.restoreContent(this.#db, digest);
  }
  async insertAccessToken(token: AccessTokenRow) {
    access.insertAccessToken(this.#db, token);
  }
  async revokeAccessToken(id: string, now: number) {
    return access.revokeAccessToken(this.#db, id, now);
  }
  async noteAccessTokenUse(id: string, now: number) {
    access.noteAccessTokenUse(this.#db, id, now);
  }
  async addSharedKey(name: string, key: Uint8Array) {
    access.addSharedKey(this.#db, name, key);
  }
  async appendAudit(entry: NewAuditEntry) {
    return audits.appendAudit(this.#db, entry);
  }
}
