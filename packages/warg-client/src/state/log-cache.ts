import type { LogId, PackageState } from '@warg/protocol';
import type { StorageSnapshot } from '../storage/storage.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { readPackageLog } from './package-log.ts';
import type { ListedPackage } from './registry-state.ts';

/** Reads packages' logs from storage, and keeps those read last: folding a long log costs much. */
export interface LogCache {
  /** @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN` | `STORAGE_CONFLICT` */
  read(snapshot: StorageSnapshot, logId: LogId, listed: ListedPackage): Promise<VerifiedLog<PackageState>>;
  /** Keeps a log that was just verified. */
  keep(logId: LogId, log: VerifiedLog<PackageState>): void;
}

/** @param capacity how many records are kept, of all logs together */
export function logCache(capacity = 20_000): LogCache {
  // A Map keeps the order of insertion: the first is the one used longest ago.
  const logs = new Map<LogId, VerifiedLog<PackageState>>();
  let total = 0;
  const drop = (logId: LogId) => {
    total -= logs.get(logId)?.records.length ?? 0;
    logs.delete(logId);
  };
  const keep = (logId: LogId, log: VerifiedLog<PackageState>) => {
    drop(logId);
    if (log.records.length > capacity) return;
    logs.set(logId, log);
    total += log.records.length;
    for (const oldest of logs.keys()) {
      if (total <= capacity) break;
      drop(oldest);
    }
  };
  return {
    keep,
    async read(snapshot, logId, listed) {
      const kept = logs.get(logId);
      // A record's id says everything about the log up to it.
      const isThat = kept?.head === listed.head && kept.headIndex === listed.headIndex;
      const log = isThat ? kept : await readPackageLog(snapshot, logId, listed);
      keep(logId, log);
      return log;
    },
  };
}
