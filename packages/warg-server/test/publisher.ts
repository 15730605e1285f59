import {
  type Digest,
  digestOf,
  encodeUtf8,
  generatePrivateKey,
  type PrivateKey,
  publicKeyOf,
} from '@warg/crypto';
import {
  type Envelope,
  type LogId,
  type PackageEntry,
  type PackageName,
  packageLogId,
  packageRecordId,
  parsePackageName,
  parseVersion,
  type RecordId,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';

/** A package as its publisher sees it: every record that is made follows the one before. */
export interface TestPackage {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly key: PrivateKey;
  /** Makes the next record. */
  record(entries: readonly PackageEntry[], how?: RecordOptions): TestRecord;
  /** Makes a record that begins the log, with further entries behind `init`. */
  init(...more: PackageEntry[]): TestRecord;
  release(version: string, content?: Digest): TestRecord;
}

export interface RecordOptions {
  readonly key?: PrivateKey;
  readonly prev?: RecordId | undefined;
  /** ms since the epoch */
  readonly time?: number;
  /** Whether the next record follows this one; true if not given. */
  readonly follow?: boolean;
}

export interface TestRecord {
  readonly logId: LogId;
  readonly recordId: RecordId;
  readonly packageName: PackageName;
  readonly envelope: Envelope;
  /** What `RegistryCore.submit` takes. */
  readonly address: string;
}

export function testPackage(
  name: string,
  { key = generatePrivateKey(), now = Date.now }: { key?: PrivateKey; now?: () => number } = {},
): TestPackage {
  const packageName = parsePackageName(name);
  const logId = packageLogId(packageName);
  let head: RecordId | undefined;
  const record = (entries: readonly PackageEntry[], how: RecordOptions = {}): TestRecord => {
    const prev = 'prev' in how ? how.prev : head;
    const time = timestampFromMillis(how.time ?? now());
    const envelope = signPackageRecord({ prev, time, entries }, how.key ?? key);
    const recordId = packageRecordId(envelope.contentBytes);
    if (how.follow !== false) head = recordId;
    return { logId, recordId, packageName, envelope, address: '192.0.2.1' };
  };
  return {
    name: packageName,
    logId,
    key,
    record,
    init: (...more) => record([initEntry(key), ...more]),
    release: (version, content) => record([releaseEntry(version, content)]),
  };
}

export function initEntry(key: PrivateKey): PackageEntry {
  return { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) };
}

export function releaseEntry(version: string, content: Digest = digestNamed(version)): PackageEntry {
  return { type: 'release', version: parseVersion(version), content };
}

export function yankEntry(version: string): PackageEntry {
  return { type: 'yank', version: parseVersion(version) };
}

export function digestNamed(name: string): Digest {
  return digestOf(encodeUtf8(name));
}
