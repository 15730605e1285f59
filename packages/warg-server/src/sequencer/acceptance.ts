import type { RecordId } from '@warg/protocol';
import type { SourcingShare, StateChange, StoreTransaction } from '../store/registry-store.ts';
import type { NewRecord, StoredRecord } from '../store/rows.ts';
import type { Outcome, WriterLimits } from './operations.ts';
import { recordStatus } from './status.ts';

/**
 * Takes records that arrived together, in one transaction and with one question of each kind for all of them.
 *
 * A record that is there already is answered as it stands. What waits for content is capped by address and by log. A log
 * that is full of waiting records is not closed to others by that: whoever has most of them gives way with their oldest,
 * so that nobody can keep a name by starting it and never finishing.
 */
export async function acceptRecords(
  transaction: StoreTransaction,
  newRecords: readonly NewRecord[],
  limits: WriterLimits,
): Promise<Outcome[]> {
  const records = await withoutRemoved(transaction, newRecords);
  const existing = await transaction.findRecords(records);
  const processing = await transaction.processingOn(records);
  const room = new SourcingRoom(transaction, limits);
  const accepted = new Map<string, NewRecord>();
  const taken = new Map<string, RecordId>();

  const outcomes: Outcome[] = [];
  for (const [index, record] of records.entries()) {
    outcomes.push(await take(record, existing[index], processing[index]));
  }
  await transaction.changeStates(room.displaced);
  await transaction.insertRecords([...accepted.values()]);
  for (const record of accepted.values()) {
    if (record.sources !== undefined) await transaction.insertSources(record, record.sources);
  }
  return outcomes;

  async function take(
    record: NewRecord,
    stored: StoredRecord | undefined,
    conflict: RecordId | undefined,
  ): Promise<Outcome> {
    if (stored !== undefined && stored.state !== 'expired') {
      return { type: 'status', status: recordStatus(stored, await transaction.contentsOf(stored.arrival)) };
    }
    const id = `${record.logId}/${record.recordId}`;
    const twin = accepted.get(id);
    if (twin !== undefined) return { type: 'status', status: statusOfNew(twin) };

    if (record.state === 'processing') {
      const place = `${record.logId}/${record.prev ?? ''}`;
      const other = conflict ?? taken.get(place);
      if (other !== undefined) return { type: 'conflict', with: other };
      taken.set(place, record.recordId);
    } else {
      const full = await room.enter(record);
      if (full !== undefined) return full;
    }
    accepted.set(id, record);
    return { type: 'status', status: statusOfNew(record) };
  }
}

/** What was seen in the content store before this transaction may be on its way out of it: such contents are missing. */
async function withoutRemoved(
  transaction: StoreTransaction,
  records: readonly NewRecord[],
): Promise<readonly NewRecord[]> {
  const present = new Set(
    records.flatMap(({ contents }) => contents.filter(({ missing }) => !missing).map(({ digest }) => digest)),
  );
  if (present.size === 0) return records;
  const now = Math.max(...records.map(({ acceptedAt }) => acceptedAt));
  const digests = [...present];
  const removals = await transaction.contentRemovals(digests, now);
  const removed = new Set(digests.filter((_, i) => removals[i] !== undefined));
  if (removed.size === 0) return records;
  return records.map((record) => {
    const contents = record.contents.map(({ digest, missing }) => ({
      digest,
      missing: missing || removed.has(digest),
    }));
    const isWaiting = contents.some(({ missing }) => missing);
    return { ...record, contents, state: isWaiting ? 'sourcing' : record.state };
  });
}

function statusOfNew(record: NewRecord) {
  const fresh = { arrival: 0, registryIndex: undefined, reason: undefined };
  const fetched = new Set(record.sources?.map(({ digest }) => digest));
  const contents = record.contents.map((need) =>
    fetched.has(need.digest) ? { ...need, isFetched: true } : need,
  );
  return recordStatus({ ...record, ...fresh }, contents);
}

const DISPLACED = 'too many records of this log waited for content, and this one gave way; submit it again';

/** Counts the records that wait for content, those of this transaction included. */
class SourcingRoom {
  readonly displaced: StateChange[] = [];
  readonly #transaction: StoreTransaction;
  readonly #limits: WriterLimits;
  readonly #byAddress = new Map<string, number>();
  readonly #byLog = new Map<string, Map<string, SourcingShare>>();

  constructor(transaction: StoreTransaction, limits: WriterLimits) {
    this.#transaction = transaction;
    this.#limits = limits;
  }

  /** Makes room for a record and counts it, or says that there is none. */
  async enter(record: NewRecord): Promise<Outcome | undefined> {
    const { logId, address } = record;
    const { sourcingPerAddress, sourcingPerLog } = this.#limits;
    const ofAddress = this.#byAddress.get(address) ?? (await this.#transaction.sourcingOfAddress(address));
    if (ofAddress >= sourcingPerAddress) return { type: 'full', scope: 'address', limit: sourcingPerAddress };

    let shares = this.#byLog.get(logId);
    if (shares === undefined) {
      shares = new Map((await this.#transaction.sourcingOfLog(logId)).map((share) => [share.address, share]));
      this.#byLog.set(logId, shares);
    }
    const total = [...shares.values()].reduce((sum, { count }) => sum + count, 0);
    if (total >= sourcingPerLog && !this.#displaceOne(shares, record)) {
      return { type: 'full', scope: 'log', limit: sourcingPerLog };
    }
    const mine = shares.get(address);
    shares.set(address, { address, count: (mine?.count ?? 0) + 1, oldest: mine?.oldest ?? NEW });
    this.#byAddress.set(address, ofAddress + 1);
    return undefined;
  }

  #displaceOne(shares: Map<string, SourcingShare>, record: NewRecord): boolean {
    // Who came last among equals gives way last: a newcomer with one record never displaces another with one of equal age.
    const [largest] = [...shares.values()].sort((a, b) => b.count - a.count || a.oldest - b.oldest);
    if (largest === undefined || largest.address === record.address || largest.oldest === NEW) return false;
    this.displaced.push({
      arrival: largest.oldest,
      state: 'expired',
      reason: DISPLACED,
      changedAt: record.acceptedAt,
    });
    // Its next oldest is not known here; one record of an address gives way in a transaction, which is enough.
    shares.set(largest.address, { ...largest, count: largest.count - 1, oldest: NEW });
    return true;
  }
}

/** Stands for a record that this transaction inserts: it has no arrival number yet, and does not give way. */
const NEW = Number.POSITIVE_INFINITY;
