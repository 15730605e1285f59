import { type LogId, type PackageName, type PackageState, parseLogId } from '@warg/protocol';
import type { StorageSnapshot } from '../storage/storage.ts';
import type { KnownLog, VerifiedLog } from '../verify/log.ts';
import { verifyPackageLog } from '../verify/package.ts';
import {
  corrupt,
  listOf,
  publishedOf,
  publishedToJson,
  readDocument,
  textOf,
  writeDocument,
} from './document.ts';
import type { ListedPackage } from './registry-state.ts';

const format = 'warg-client-package-1';

export function packageKey(logId: LogId): string {
  return `package/${logId.slice(logId.indexOf(':') + 1)}`;
}

/**
 * Reads a package's records and folds them again, signatures and all.
 *
 * @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN`
 */
export async function readPackageLog(
  snapshot: StorageSnapshot,
  logId: LogId,
  listed: ListedPackage,
): Promise<KnownLog<PackageState>> {
  const key = packageKey(logId);
  const received = await readDocument(snapshot, key, format, (members) => {
    if (parseLogId(textOf(members['logId'])) !== logId) throw new TypeError('it is another log');
    return listOf(members['records'], publishedOf);
  });
  if (received === undefined || received.length !== listed.records) throw corrupt(key, 'records are missing');
  try {
    return { ...verifyPackageLog({ logId, known: undefined, received }), provedAt: listed.provedAt };
  } catch (cause) {
    throw corrupt(key, 'its records do not fold', cause as Error);
  }
}

export function writePackageLog(logId: LogId, name: PackageName, log: VerifiedLog<PackageState>): Uint8Array {
  return writeDocument(format, { logId, name, records: log.records.map(publishedToJson) });
}
