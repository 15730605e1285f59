import { digestOf, encodeUtf8 } from '@warg/crypto';
import type { LogId, PackageName, RecordId } from '@warg/protocol';
import type { AccessTokenRow, LogPart, NewRecord, StoredCheckpoint } from '../rows.ts';

/** What is used of a test runner; vitest, jest, mocha and `node:test` fit. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

export function logIdOf(name: string): LogId {
  return digestOf(encodeUtf8(`log ${name}`)) as LogId;
}

export function recordIdOf(name: string): RecordId {
  return digestOf(encodeUtf8(`record ${name}`)) as RecordId;
}

export function digestNamed(name: string) {
  return digestOf(encodeUtf8(name));
}

/** A record of the log `log`; everything that is not given follows from the two names. */
export function newRecord(log: string, name: string, more: Partial<NewRecord> = {}): NewRecord {
  return {
    logId: logIdOf(log),
    recordId: recordIdOf(name),
    prev: undefined,
    envelope: {
      contentBytes: encodeUtf8(`bytes of ${name}`),
      keyId: `key of ${name}`,
      signature: `signature of ${name}`,
    },
    packageName: `test:${log}` as PackageName,
    address: '192.0.2.1',
    state: 'processing',
    contents: [],
    acceptedAt: 1000,
    ...more,
  };
}

export function checkpoint(sequence: number, more: Partial<StoredCheckpoint> = {}): StoredCheckpoint {
  return {
    sequence,
    logLength: sequence + 1,
    logRoot: digestNamed(`log root ${sequence}`),
    mapRoot: digestNamed(`map root ${sequence}`),
    mapPage: 10 * sequence,
    timestamp: 1_700_000_000 + sequence,
    keyId: 'operator',
    signature: `signature ${sequence}`,
    ...more,
  };
}

/** A token that reads everything. */
export function accessToken(id: string, more: Partial<AccessTokenRow> = {}): AccessTokenRow {
  return {
    id,
    hash: new Uint8Array(32).fill(7),
    name: '',
    scope: 'read',
    namespaces: undefined,
    createdAt: 1000,
    expiresAt: undefined,
    revokedAt: undefined,
    lastUsedAt: undefined,
    ...more,
  };
}

export function logPart(log: string, more: Partial<LogPart> = {}): LogPart {
  return {
    logId: logIdOf(log),
    packageName: `test:${log}` as PackageName,
    algorithm: 'sha256',
    head: { recordId: recordIdOf(`head of ${log}`), time: { seconds: 1n, nanos: 2 } },
    keys: [],
    releases: [],
    namespaces: [],
    ...more,
  };
}
