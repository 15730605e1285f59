import { type HashAlgorithm, type PublicKey, parseHashAlgorithm, parsePublicKey } from '@warg/crypto';
import { RecordError } from '../errors.ts';
import { type HashText, parseHashText } from '../ids.ts';
import { parseVersion, type Version } from '../versions/version.ts';
import {
  frameToMessage,
  interpretRecord,
  permissionNumbers,
  permissionsOf,
  type RecordFrame,
} from './record-frame.ts';
import {
  decodeRecordMessage,
  type EntryLayouts,
  type EntryMessage,
  encodeRecordMessage,
} from './record-message.ts';

/** What a key may do in a package's log. */
export type PackagePermission = 'release' | 'yank';

/** All permissions, in the order of their numbers on the wire: the first is 1. */
export const PACKAGE_PERMISSIONS: readonly PackagePermission[] = ['release', 'yank'];

/** One thing that a package record does. */
export type PackageEntry =
  /** Begins the log; its key must be the signer's and gets all permissions. */
  | { readonly type: 'init'; readonly hashAlgorithm: HashAlgorithm; readonly key: PublicKey }
  /** Gives a key permissions that the signer has. */
  | {
      readonly type: 'grantFlat';
      readonly key: PublicKey;
      readonly permissions: readonly PackagePermission[];
    }
  /** Takes permissions away. The key id is whatever the record names. */
  | {
      readonly type: 'revokeFlat';
      readonly keyId: string;
      readonly permissions: readonly PackagePermission[];
    }
  /** Publishes a version; `content` is the digest of its bytes. */
  | { readonly type: 'release'; readonly version: Version; readonly content: HashText }
  /** Takes a version back. */
  | { readonly type: 'yank'; readonly version: Version };

/** One record of a package's log. */
export interface PackageRecord extends RecordFrame {
  readonly entries: readonly PackageEntry[];
}

const INIT = 1;
const GRANT_FLAT = 2;
const REVOKE_FLAT = 3;
const RELEASE = 4;
const YANK = 5;

const LAYOUTS: EntryLayouts = {
  [INIT]: ['text', 'text'],
  [GRANT_FLAT]: ['text', 'permissions'],
  [REVOKE_FLAT]: ['text', 'permissions'],
  [RELEASE]: ['text', 'text'],
  [YANK]: ['text'],
};

/**
 * Reads the bytes of a package record. Keep the bytes: ids and signatures are over them, and encoding the result
 * again may give others.
 *
 * @throws RecordError `INVALID_PROTOBUF` | `INVALID_RECORD` | `RECORD_TOO_LARGE`
 */
export function decodePackageRecord(contentBytes: Uint8Array): PackageRecord {
  return interpretRecord(decodeRecordMessage(contentBytes, LAYOUTS), interpretEntry);
}

/** A package record of which only the message was read so far: that is quick, and tells what the rest would cost. */
export interface ScannedPackageRecord {
  readonly entryCount: number;
  /** How many entries bring a key. Whether one is a point on the curve takes as long as half a signature to find out. */
  readonly keyCount: number;
  /**
   * The record with no more than its first entry.
   *
   * @throws RecordError `INVALID_RECORD`
   */
  readBeginning(): PackageRecord;
  /**
   * The whole record, as {@link decodePackageRecord} returns it.
   *
   * @throws RecordError `INVALID_RECORD`
   */
  read(): PackageRecord;
}

/**
 * Reads the message of a package record and no more of it, for who does not want to do all the work that a record of somebody
 * unknown may ask for.
 *
 * @param mostEntries with one more the rest is not read
 * @throws RecordError `INVALID_PROTOBUF` | `RECORD_TOO_LARGE` (also for too many entries)
 */
export function scanPackageRecord(contentBytes: Uint8Array, mostEntries: number): ScannedPackageRecord {
  const message = decodeRecordMessage(contentBytes, LAYOUTS, mostEntries);
  const { entries } = message;
  return {
    entryCount: entries.length,
    keyCount: entries.filter((entry) => entry?.kind === INIT || entry?.kind === GRANT_FLAT).length,
    readBeginning: () => interpretRecord({ ...message, entries: entries.slice(0, 1) }, interpretEntry),
    read: () => interpretRecord(message, interpretEntry),
  };
}

function interpretEntry({ kind, values }: EntryMessage): PackageEntry {
  const [first, second] = values as [string, never];
  switch (kind) {
    case INIT:
      return { type: 'init', hashAlgorithm: parseHashAlgorithm(second), key: parsePublicKey(first) };
    case GRANT_FLAT:
      return {
        type: 'grantFlat',
        key: parsePublicKey(first),
        permissions: permissionsOf(second, PACKAGE_PERMISSIONS),
      };
    case REVOKE_FLAT:
      return { type: 'revokeFlat', keyId: first, permissions: permissionsOf(second, PACKAGE_PERMISSIONS) };
    case RELEASE:
      return { type: 'release', version: parseVersion(first), content: parseHashText(second) };
    default:
      return { type: 'yank', version: parseVersion(first) };
  }
}

/**
 * The bytes of a package record: always the same for the same record, and the same as the reference's.
 *
 * @throws RecordError `UNENCODABLE_RECORD` for a number out of range or an unknown entry type or permission
 */
export function encodePackageRecord(record: PackageRecord): Uint8Array {
  return encodeRecordMessage({ ...frameToMessage(record), entries: record.entries.map(entryToMessage) });
}

function entryToMessage(entry: PackageEntry): EntryMessage {
  switch (entry.type) {
    case 'init':
      return { kind: INIT, values: [entry.key, entry.hashAlgorithm] };
    case 'grantFlat':
      return {
        kind: GRANT_FLAT,
        values: [entry.key, permissionNumbers(entry.permissions, PACKAGE_PERMISSIONS)],
      };
    case 'revokeFlat':
      return {
        kind: REVOKE_FLAT,
        values: [entry.keyId, permissionNumbers(entry.permissions, PACKAGE_PERMISSIONS)],
      };
    case 'release':
      return { kind: RELEASE, values: [entry.version, entry.content] };
    case 'yank':
      return { kind: YANK, values: [entry.version] };
    default:
      return assertNever(entry);
  }
}

function assertNever(entry: never): never {
  const type = (entry as { type?: unknown }).type;
  throw new RecordError(
    'UNENCODABLE_RECORD',
    `expected an entry of a package record, found type ${String(type)}`,
  );
}
