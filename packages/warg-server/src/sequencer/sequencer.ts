import { digestFromBytes, digestToBytes, keyIdOf } from '@warg/crypto';
import { type LogId, logLeafBytes, mapKeyBytes, mapLeafBytes, type RecordId } from '@warg/protocol';
import { EMPTY_MAP, hashLeaf, MAX_LOG_LENGTH, type MapRoot } from '@warg/transparency';
import { checkpointNote } from '../log-note/checkpoint-note.ts';
import type { LogKey } from '../log-note/log-key.ts';
import type { Clock, RegistryLog } from '../registry/core-options.ts';
import { isRefusedData } from '../store/errors.ts';
import type { RegistryStore, StoreTransaction } from '../store/registry-store.ts';
import type { LogPart, RecordKey, StoredCheckpoint, StoredRecord } from '../store/rows.ts';
import { foldRecords } from './fold.ts';
import type { HeadMemory } from './head-file.ts';
import { HeadKeeper, StaleHead } from './head-keeper.ts';
import { keepOpen } from './keep-open.ts';
import type { Leadership } from './leadership.ts';
import { type OperatorSigner, signCheckpointWith } from './signer.ts';
import { VerifiedRecords } from './verified-records.ts';

/** Most records of one checkpoint, and most bytes of them: bounds how long acceptances wait for it. */
const BATCH = { limit: 512, maxBytes: 4 * 1024 * 1024 };

const REFUSED_BATCH =
  'the store refused what was to be written of a batch; looking for the record that it cannot hold';
const REFUSED_RECORD = 'the registry cannot store what this record says: publish it in another form';

/**
 * How many entries of records are enough for one checkpoint. Nobody else writes meanwhile, and the database may think that a
 * process hangs which is only working.
 */
const ENOUGH = 8192;

export interface SequencerOptions {
  readonly store: RegistryStore;
  readonly signer: OperatorSigner;
  /** With which each checkpoint becomes a note as well. Without it there is none. */
  readonly logKey?: LogKey | undefined;
  readonly clock: Clock;
  readonly log: RegistryLog;
  readonly leadership: Leadership;
  /** Told of every checkpoint once it is committed. */
  readonly memory?: HeadMemory | undefined;
}

/** What one pass did. `more` says that another pass has something to do. */
export interface PassResult {
  readonly published: number;
  readonly rejected: number;
  readonly more: boolean;
}

/**
 * The only writer of the log: makes accepted records part of a signed checkpoint.
 *
 * Nothing is committed unless the store agrees with what this process believes the newest checkpoint to be: the
 * {@link HeadKeeper} looks when a transaction begins, and the next checkpoint is inserted by compare-and-swap on the whole one
 * before it.
 */
export class Sequencer {
  /** Filled by whoever accepts records in this thread. */
  readonly verified = new VerifiedRecords();
  readonly #options: SequencerOptions;
  #signer: OperatorSigner;
  readonly #keeper: HeadKeeper;
  /** The page of the oldest state for which everything was collected. */
  #collectedTo = 0;
  /** Most records of the next pass: fewer than of a batch only after the store has refused some. */
  #most = BATCH.limit;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#signer = options.signer;
    this.#keeper = new HeadKeeper({ ...options, keyId: () => keyIdOf(this.#signer.publicKey) });
  }

  /**
   * Publishes or rejects every record that is processing, up to a limit, in order of arrival.
   *
   * Where the store refuses what is to be written of them, the next pass takes half of them, and so on down to the one that it
   * refuses, which is rejected: nobody else's record waits for one that can never be written.
   */
  async pass(): Promise<PassResult> {
    const most = this.#most;
    const settled: RecordId[] = [];
    /** Whose rows are being read or written. */
    let suspects: readonly StoredRecord[] = [];
    let result: PassResult | undefined;
    try {
      result = await this.#keeper.attemptAsLeader(async (transaction) => {
        const records = await transaction.processing({ ...BATCH, limit: most });
        if (records.length === 0) return { published: 0, rejected: 0, more: false };
        suspects = records;
        const { published, rejected, parts } = await foldRecords(
          transaction,
          records,
          this.#options.log,
          keyIdOf(this.#signer.publicKey),
          this.verified,
          ENOUGH,
        );
        for (const { recordId } of published) settled.push(recordId);
        for (const { record } of rejected) settled.push(record.recordId);
        const changedAt = this.#options.clock.now();
        const first = this.#keeper.head?.logLength ?? 0;
        await transaction.changeStates([
          ...rejected.map(({ record, reason }) => ({
            arrival: record.arrival,
            state: 'rejected' as const,
            reason,
            changedAt,
          })),
          ...published.map((record, index) => ({
            arrival: record.arrival,
            state: 'published' as const,
            registryIndex: first + index,
            changedAt,
          })),
        ]);
        await transaction.saveLogParts(parts);
        suspects = [];
        await this.#extend(transaction, published);
        return { published: published.length, rejected: rejected.length, more: true };
      });
    } catch (error) {
      if (suspects.length === 0 || !isRefusedData(error)) throw error;
      return this.#divide(suspects, error);
    }
    if (result !== undefined) for (const recordId of settled) this.verified.forget(recordId);
    this.#most = Math.min(BATCH.limit, most * 2);
    return result ?? { published: 0, rejected: 0, more: this.#options.leadership.current !== undefined };
  }

  /** Has the next pass take half of the records that the store refused together, or rejects the only one. */
  async #divide(records: readonly StoredRecord[], refusal: unknown): Promise<PassResult> {
    const { log, clock } = this.#options;
    const [record] = records as [StoredRecord];
    if (records.length > 1) {
      this.#most = records.length >> 1;
      log.warn({ records: records.length, error: String(refusal) }, REFUSED_BATCH);
      return { published: 0, rejected: 0, more: true };
    }
    const { arrival, logId, recordId } = record;
    const rejected = await this.#keeper.attemptAsLeader(async (transaction) => {
      const [first] = await transaction.processing({ limit: 1, maxBytes: 1 });
      if (first?.arrival !== arrival) return 0;
      await transaction.changeStates([
        { arrival, state: 'rejected', reason: REFUSED_RECORD, changedAt: clock.now() },
      ]);
      return 1;
    });
    log.error({ logId, recordId, error: String(refusal) }, 'rejected a record that the store cannot hold');
    this.verified.forget(recordId);
    return { published: 0, rejected: rejected ?? 0, more: true };
  }

  /**
   * Runs `prepare` and makes what it published the next checkpoint, all in one transaction: for the operator's own records.
   *
   * @returns what `prepare` returned; undefined if somebody else signed meanwhile and nothing was done
   */
  publish<T>(
    prepare: (
      transaction: StoreTransaction,
      logLength: number,
    ) => Promise<{ published: readonly RecordKey[]; parts: readonly LogPart[]; result: T }>,
  ): Promise<T | undefined> {
    return this.#keeper.attempt(async (transaction) => {
      const { published, parts, result } = await prepare(transaction, this.#keeper.head?.logLength ?? 0);
      await transaction.saveLogParts(parts);
      await this.#extend(transaction, published);
      return result;
    });
  }

  /** Signs the head again with the time of now, in place of the signature before. */
  async resign(): Promise<boolean> {
    const signed = await this.#keeper.attemptAsLeader(async (transaction) => {
      const previous = this.#keeper.head;
      if (previous === undefined) return false;
      const timestamp = this.#timestamp(previous);
      if (timestamp === previous.timestamp) return false;
      const next = await this.#sign(transaction, { ...previous, timestamp });
      if (!(await transaction.replaceCheckpoint(previous, next))) throw new StaleHead();
      await this.#saveNote(transaction, next);
      this.#keeper.propose(next);
      return true;
    });
    return signed ?? false;
  }

  /**
   * Signs with another key from now on, beginning with the head.
   *
   * @throws RegistryError `OPERATOR_KEY_MISMATCH` if the operator log does not let that key sign; the key from before stays
   */
  useSigner(signer: OperatorSigner): Promise<void> {
    return this.#keeper.inTurn(async () => {
      const before = this.#signer;
      this.#signer = signer;
      // Reads the store again, and with it what the key may do.
      this.#keeper.unsettle();
      try {
        while ((await this.#keeper.attemptNow((transaction) => this.#signHead(transaction))) === undefined);
      } catch (error) {
        this.#signer = before;
        this.#keeper.unsettle();
        throw error;
      }
    });
  }

  async #signHead(transaction: StoreTransaction): Promise<true> {
    const previous = this.#keeper.head;
    if (previous === undefined || previous.keyId === keyIdOf(this.#signer.publicKey)) return true;
    const next = await this.#sign(transaction, { ...previous, timestamp: this.#timestamp(previous) });
    if (!(await transaction.replaceCheckpoint(previous, next))) throw new StaleHead();
    this.#keeper.propose(next);
    return true;
  }

  /** Makes the note of the head what the log's key says: that key may be new, or gone. */
  async renote(): Promise<void> {
    // Of several processes, the one that sequences says whether there is a note.
    await this.#keeper.attemptAsLeader(async (transaction) => {
      if (this.#keeper.head !== undefined) await this.#saveNote(transaction, this.#keeper.head);
    });
  }

  /**
   * Deletes pages of the map that no checkpoint needs which was the newest at `time` or has come since.
   *
   * @param time seconds since the epoch
   * @param limit most pages of this transaction: it takes as long as they are many
   * @returns how many there were; as many as `limit` if there may be more
   */
  async collect(time: number, limit: number): Promise<number> {
    const oldest = await this.#options.store.read((reads) => reads.checkpointBefore(time));
    // Nothing new to collect, and no transaction for nothing.
    if (oldest === undefined || oldest.mapPage <= this.#collectedTo) return 0;
    const count = await this.#keeper.attemptAsLeader(() =>
      this.#keeper.trees.map.collect(rootOf(oldest), limit),
    );
    if (count !== undefined && count < limit) this.#collectedTo = oldest.mapPage;
    return count ?? 0;
  }

  /**
   * Looks what another process has signed meanwhile, while that one sequences, and notes it: should this one take over, on a
   * database that was taken back or a replica that lagged behind, it must know what clients have seen.
   */
  watch(): Promise<void> {
    return this.#keeper.watch();
  }

  /** The newest committed checkpoint, as far as this sequencer knows. */
  get head(): StoredCheckpoint | undefined {
    return this.#keeper.head;
  }

  /** Appends leaves, moves the heads of their logs, and signs. */
  async #extend(transaction: StoreTransaction, published: readonly RecordKey[]): Promise<void> {
    const previous = this.#keeper.head;
    // Rejections alone rest on the state behind this head, which was the store's when the transaction began.
    if (published.length === 0) return;
    const { log, map } = this.#keeper.trees;
    const logLength = (previous?.logLength ?? 0) + published.length;
    if (logLength > MAX_LOG_LENGTH) throw new Error(`the log is full: it cannot have ${logLength} leaves`);

    const heads = new Map<LogId, RecordId>();
    for (const { logId, recordId } of published) heads.set(logId, recordId);
    await log.appendLeaves(published.map(logLeafBytes));
    const mapRoot = await map.update(
      previous === undefined ? EMPTY_MAP : rootOf(previous),
      [...heads].map(([logId, recordId]) => [mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))] as const),
    );
    const next = await this.#sign(transaction, {
      sequence: (previous?.sequence ?? -1) + 1,
      logLength,
      logRoot: digestFromBytes(await log.rootAt(logLength)),
      mapRoot: digestFromBytes(mapRoot.hash),
      mapPage: mapRoot.page,
      timestamp: this.#timestamp(previous),
    });
    if (!(await transaction.insertCheckpoint(previous, next))) throw new StaleHead();
    await this.#saveNote(transaction, next);
    this.#keeper.propose(next);
  }

  /** Belongs to the transaction of the checkpoint: a note says nothing that was not committed. */
  async #saveNote(transaction: StoreTransaction, checkpoint: StoredCheckpoint): Promise<void> {
    const { logKey } = this.#options;
    await transaction.saveLogNote(logKey && checkpointNote(checkpoint, logKey));
  }

  async #sign(
    transaction: StoreTransaction,
    checkpoint: Omit<StoredCheckpoint, 'keyId' | 'signature'>,
  ): Promise<StoredCheckpoint> {
    const { logRoot, logLength, mapRoot, timestamp } = checkpoint;
    const contents = { logRoot, logLength, mapRoot, timestamp };
    const { keyId, signature } = await keepOpen(transaction, () =>
      signCheckpointWith(this.#signer, contents),
    );
    return { ...checkpoint, keyId, signature };
  }

  /** A checkpoint is never older than the one before, even if the clock was turned back. */
  #timestamp(previous: StoredCheckpoint | undefined): number {
    return Math.max(Math.floor(this.#options.clock.now() / 1000), previous?.timestamp ?? 0);
  }
}

function rootOf({ mapRoot, mapPage }: StoredCheckpoint): MapRoot {
  return { hash: digestToBytes(mapRoot), page: mapPage };
}
