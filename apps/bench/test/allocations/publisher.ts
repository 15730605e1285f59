// Records that are the same in every process: fixed keys, fixed times.

import {
  type Digest,
  digestOf,
  encodeUtf8,
  type PrivateKey,
  parsePrivateKey,
  publicKeyOf,
} from '@warg/crypto';
import {
  type Envelope,
  type PackageEntry,
  packageRecordId,
  parsePackageName,
  parseVersion,
  type RecordId,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';

/** When everything happens, ms since the epoch. */
export const now = Date.UTC(2030, 0, 1);

/** A key from 32 equal bytes. @param byte above 0 */
export function keyOf(byte: number): PrivateKey {
  return parsePrivateKey(`ecdsa-p256:${Buffer.alloc(32, byte).toString('base64')}`);
}

/** What all packages release. */
export const content = encodeUtf8('content');
export const digest: Digest = digestOf(content);

export interface Published {
  readonly name: string;
  readonly envelope: Envelope;
}

/** A package with so many records, each of which releases a version. */
export function packageOf(name: string, records: number, key = keyOf(1)): Published[] {
  // Records with equal bytes have equal ids, whatever their packages.
  const init: PackageEntry = { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) };
  const made: Published[] = [];
  let prev: RecordId | undefined;
  for (let i = 0; i < records; i++) {
    const release: PackageEntry = { type: 'release', version: parseVersion(`1.${i}.0`), content: digest };
    const entries = i === 0 ? [init, release] : [release];
    const nanos = serial++;
    const time = { ...timestampFromMillis(now), nanos };
    const envelope = signPackageRecord({ prev, time, entries }, key);
    prev = packageRecordId(envelope.contentBytes);
    made.push({ name: parsePackageName(name), envelope });
  }
  return made;
}

let serial = 0;
