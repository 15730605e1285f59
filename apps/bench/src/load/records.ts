// The records that are published: signed before any clock starts, of one shape for all servers.

import { type Digest, digestOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  type LogId,
  type PackageEntry,
  packageLogId,
  packageRecordId,
  parsePackageName,
  parseVersion,
  type RecordId,
  signPackageRecord,
} from '@warg/protocol';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { requestBytes } from './connection.ts';

/** The empty component: what all packages release, so that it is uploaded once. */
export const content = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const contentDigest: Digest = digestOf(content);

export interface SignedRecord {
  readonly logId: LogId;
  readonly recordId: RecordId;
  /** The whole request that submits it. */
  readonly submit: Buffer;
}

// Records with equal bytes would have equal ids, whatever their packages: the time makes each its own.
let serial = 0;

/** A record that follows `prev`; the first one begins the package. Each releases one version. */
export function signRecord(
  url: URL,
  key: PrivateKey,
  name: string,
  version: string,
  prev: RecordId | undefined,
): SignedRecord {
  const now = Date.now();
  const packageName = parsePackageName(name);
  const logId = packageLogId(packageName);
  const release: PackageEntry = { type: 'release', version: parseVersion(version), content: contentDigest };
  const init: PackageEntry = { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) };
  const time = {
    seconds: BigInt(Math.floor(now / 1000)),
    nanos: (now % 1000) * 1_000_000 + (serial++ % 1_000_000),
  };
  const record = signPackageRecord(
    { prev, time, entries: prev === undefined ? [init, release] : [release] },
    key,
  );
  const body = encodePublishRecordRequest({ packageName, record, contentSources: new Map() });
  return {
    logId,
    recordId: packageRecordId(record.contentBytes),
    submit: requestBytes(url, 'POST', paths.publishRecord(logId), body),
  };
}
