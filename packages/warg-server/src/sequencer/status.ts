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
      return {
        recordId,
        state: 'sourcing',
        missingContent: contents.filter(({ missing }) => missing).map(({ digest }) => digest),
      };
    case 'processing':
      return { recordId, state: 'processing' };
    case 'rejected':
    case 'expired':
      return { recordId, state: 'rejected', reason: record.reason ?? 'no reason was kept' };
    case 'published':
      return { recordId, state: 'published', registryIndex: record.registryIndex! };
  }
}
