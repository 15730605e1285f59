import {
  type LogId,
  type PackageName,
  type PackageState,
  type PublishedEnvelope,
  parseLogId,
} from '@warg/protocol';
import type { StorageSnapshot } from '../storage/storage.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { verifyPackageLogAsync } from '../verify/package.ts';
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
): Promise<VerifiedLog<PackageState>> {
  const key = packageKey(logId);
  const received = await readDocument(snapshot, key, format, (members) => {
    if (parseLogId(textOf(members['logId'])) !== logId) throw new TypeError('it is another log');
    return listOf(members['records'], publishedOf);
  });
  if (received === undefined || received.length !== listed.records) throw corrupt(key, 'records are missing');
  const log = await refold(logId, received);
  if (log.head !== listed.head || log.headIndex !== listed.headIndex)
    throw corrupt(key, 'it ends with another record');
  return log;
}

async function refold(
  logId: LogId,
  received: readonly PublishedEnvelope[],
): Promise<VerifiedLog<PackageState>> {
  try {
    return await verifyPackageLogAsync({ logId, known: undefined, received });
  } catch (cause) {
    throw corrupt(packageKey(logId), 'its records do not fold', cause as Error);
  }
}

/** How a registry's document lists a package's log. */
export function listPackage(
  name: PackageName,
  log: VerifiedLog<PackageState>,
  provedAt: ListedPackage['provedAt'],
): ListedPackage {
  const { head, headIndex, records } = log;
  return {
    name,
    records: records.length,
    head,
    headIndex,
    fetchToken: records.at(-1)?.fetchToken ?? '',
    provedAt,
  };
}

export function writePackageLog(logId: LogId, name: PackageName, log: VerifiedLog<PackageState>): Uint8Array {
  return writeDocument(format, { logId, name, records: log.records.map(publishedToJson) });
}
