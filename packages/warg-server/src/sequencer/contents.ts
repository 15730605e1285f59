import type { Digest } from '@warg/crypto';
import type { StoreTransaction } from '../store/registry-store.ts';
import type { RecordKey, StoredRecord } from '../store/rows.ts';
import type { Operation, Outcome } from './operations.ts';
import { recordStatus } from './status.ts';

type ContentStored = Extract<Operation, { readonly type: 'contentStored' }>;

/**
 * Notes that a content is there. The last one that a record waits for makes it `processing`, in the same transaction: it
 * never reads `sourcing` again. A record that does not wait any more is answered as it stands.
 *
 * A removal that was begun before the record named the content may take it away after it was stored.
 */
export async function contentStored(
  transaction: StoreTransaction,
  { record: key, digest, isBack }: ContentStored,
  now: number,
): Promise<Outcome> {
  // Asked together: a database over a network answers both in one round trip.
  const [[record], [removal]] = await Promise.all([
    transaction.findRecords([key]),
    transaction.contentRemovals([digest], now),
  ]);
  if (record === undefined) return { type: 'notFound' };
  if (record.state !== 'sourcing') return { type: 'status', status: recordStatus(record, []) };

  if (removal === 'removing' || (removal === 'removed' && isBack !== true))
    return { type: 'removal', removal };
  if (removal !== undefined) await transaction.forgetRemovals([digest]);

  await transaction.markContentStored([{ arrival: record.arrival, digest }]);
  const contents = await transaction.contentsOf(record.arrival);
  const isFetched = contents.some((need) => need.digest === digest && need.isFetched === true);
  if (isFetched) await transaction.forgetSource(record.arrival, digest);
  if (contents.some(({ missing }) => missing))
    return { type: 'status', status: recordStatus(record, contents) };
  await transaction.changeStates([{ arrival: record.arrival, state: 'processing', changedAt: now }]);
  return { type: 'status', status: recordStatus({ ...record, state: 'processing' }, contents) };
}

/** Rejects a record whose content was refused. */
export async function contentRejected(
  transaction: StoreTransaction,
  key: RecordKey,
  reason: string,
  now: number,
): Promise<Outcome> {
  const [record] = await transaction.findRecords([key]);
  if (record === undefined) return { type: 'notFound' };
  if (record.state !== 'sourcing') return { type: 'notSourcing' };
  await transaction.changeStates([{ arrival: record.arrival, state: 'rejected', reason, changedAt: now }]);
  const rejected: StoredRecord = { ...record, state: 'rejected', reason };
  return { type: 'status', status: recordStatus(rejected, []) };
}

const NOT_FETCHED =
  'its content could not be fetched from where it was said to be: submit the record again, with other sources or to upload it';

/**
 * Gives up a record whose content could not be fetched. The reason is the same whatever it was, for it is told to strangers. The
 * same record may be sent again.
 */
export async function sourcesFailed(
  transaction: StoreTransaction,
  key: RecordKey,
  digest: Digest,
  now: number,
): Promise<Outcome> {
  const [record] = await transaction.findRecords([key]);
  if (record === undefined) return { type: 'notFound' };
  const contents = await transaction.contentsOf(record.arrival);
  // It may have been uploaded meanwhile, or the record was sent again without a source.
  const isAwaited = contents.some(
    (need) => need.digest === digest && need.missing && need.isFetched === true,
  );
  if (record.state !== 'sourcing' || !isAwaited) {
    return { type: 'status', status: recordStatus(record, contents) };
  }
  await transaction.forgetSources(record.arrival);
  const change = { arrival: record.arrival, state: 'expired', reason: NOT_FETCHED, changedAt: now } as const;
  await transaction.changeStates([change]);
  return { type: 'status', status: recordStatus({ ...record, state: 'expired', reason: NOT_FETCHED }, []) };
}
