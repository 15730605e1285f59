import type { RecordId } from '@warg/protocol';
import type { RecordStatus } from '../registry/registry.ts';
import type { ContentNeed, StoredRecord } from '../store/rows.ts';

/**
 * What the outside is told of a record.
 *
 * @param contents what the record needs; looked at only while it is sourcing
 */
export function recordStatus(record: StoredRecord, contents: readonly ContentNeed[]): RecordStatus {
  const { recordId } = record;
  switch (record.state) {
    case 'sourcing':
      return statusOfSourcing(recordId, contents);
    case 'processing':
      return { recordId, state: 'processing' };
    case 'rejected':
    case 'expired':
      return { recordId, state: 'rejected', reason: record.reason ?? 'no reason was kept' };
    case 'published':
      return { recordId, state: 'published', registryIndex: record.registryIndex! };
  }
}

/** What the registry fetches itself is nobody's business: a record that waits for nothing else is being processed. */
function statusOfSourcing(recordId: RecordId, contents: readonly ContentNeed[]): RecordStatus {
  const missing = contents.filter((need) => need.missing);
  const wanted = missing.filter(({ isFetched }) => isFetched !== true).map(({ digest }) => digest);
  if (wanted.length === 0 && missing.length > 0) return { recordId, state: 'processing' };
  return { recordId, state: 'sourcing', missingContent: wanted };
}
