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
  for (let attempt = 1; ; attempt++) {
    const [record] = await reads.findRecords([key]);
    if (record === undefined) return undefined;
    const contents = record.state === 'sourcing' ? await reads.contentsOf(record.arrival) : [];
    // A sourcing record lacks something. If this one does not, the last content came between the two questions.
    const isPast = record.state === 'sourcing' && !contents.some(({ missing }) => missing);
    if (isPast && attempt < 3) continue;
    return { record, status: recordStatus(record, contents), contents };
  }
}

/** The versions that a record releases with this content. */
export function versionsOf({ entries }: PackageRecord, digest: string): readonly string[] {
  return entries.flatMap((entry) =>
    entry.type === 'release' && entry.content === digest ? [entry.version] : [],
  );
}
