import type { PackageRecord } from '@warg/protocol';
import { recordStatus } from '../sequencer/status.ts';
import type { StoreReads } from '../store/registry-store.ts';
import type { ContentNeed, RecordKey, StoredRecord } from '../store/rows.ts';
import type { RecordStatus } from './registry.ts';

export interface KnownRecord {
  readonly record: StoredRecord;
  readonly status: RecordStatus;
  /** What the record needs, while it is sourcing. */
  readonly contents: readonly ContentNeed[];
}

/** A record and what the outside is told of it; undefined if there is none. */
export async function readRecord(reads: StoreReads, key: RecordKey): Promise<KnownRecord | undefined> {
  let [record] = await reads.findRecords([key]);
  while (record?.state === 'sourcing') {
    const contents = await reads.contentsOf(record.arrival);
    // What it needs may be of a later time than the record. If it is as before, they belong together.
    const [now] = await reads.findRecords([key]);
    if (now?.state === 'sourcing' && now.arrival === record.arrival) {
      return { record: now, status: recordStatus(now, contents), contents };
    }
    record = now;
  }
  return record === undefined ? undefined : { record, status: recordStatus(record, []), contents: [] };
}

/** The versions that a record releases with this content. */
export function versionsOf({ entries }: PackageRecord, digest: string): readonly string[] {
  return entries.flatMap((entry) =>
    entry.type === 'release' && entry.content === digest ? [entry.version] : [],
  );
}
