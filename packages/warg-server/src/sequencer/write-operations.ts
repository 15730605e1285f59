import type { RegistryStore } from '../store/registry-store.ts';
import type { NewRecord } from '../store/rows.ts';
import { acceptRecords } from './acceptance.ts';
import { contentRejected, contentStored, sourcesFailed } from './contents.ts';
import type { Operation, Outcome, WriterLimits } from './operations.ts';

/**
 * Does operations that arrived together in one transaction.
 *
 * @param now ms since the epoch
 * @returns what came of each, in their order, once it is durable
 */
export function writeOperations(
  store: RegistryStore,
  operations: readonly Operation[],
  limits: WriterLimits,
  now: number,
): Promise<Outcome[]> {
  return store.transaction(async (transaction) => {
    const outcomes = new Array<Outcome>(operations.length);
    const accepts: { readonly index: number; readonly record: NewRecord }[] = [];
    for (const [index, operation] of operations.entries()) {
      if (operation.type === 'accept') accepts.push({ index, record: operation.record });
    }
    if (accepts.length > 0) {
      const records = accepts.map(({ record }) => record);
      const accepted = await acceptRecords(transaction, records, limits);
      accepts.forEach(({ index }, i) => {
        outcomes[index] = accepted[i]!;
      });
    }
    for (const [index, operation] of operations.entries()) {
      switch (operation.type) {
        case 'accept':
          break;
        case 'contentStored':
          outcomes[index] = await contentStored(transaction, operation, now);
          break;
        case 'contentRejected':
          outcomes[index] = await contentRejected(transaction, operation.record, operation.reason, now);
          break;
        case 'claimSource':
          outcomes[index] = { type: 'source', source: await transaction.claimSource(now, operation.until) };
          break;
        case 'sourcesFailed':
          outcomes[index] = await sourcesFailed(transaction, operation.record, operation.digest, now);
          break;
        case 'tokenUsed':
          await transaction.noteAccessTokenUse(operation.id, operation.now);
          outcomes[index] = { type: 'noted' };
          break;
      }
    }
    return outcomes;
  });
}

/** How many records are ready to be sequenced through what was done. */
export function countReady(outcomes: readonly Outcome[]): number {
  return outcomes.filter((outcome) => outcome.type === 'status' && outcome.status.state === 'processing')
    .length;
}
