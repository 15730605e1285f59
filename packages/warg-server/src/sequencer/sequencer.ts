import { digestFromBytes, digestToBytes, keyIdOf } from '@warg/crypto';
import {
  type LogId,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  OPERATOR_LOG_ID,
  type RecordId,
} from '@warg/protocol';
import { EMPTY_MAP, hashLeaf, MAX_LOG_LENGTH, type MapRoot, MerkleLog, MerkleMap } from '@warg/transparency';
import { checkpointNote } from '../log-note/checkpoint-note.ts';
import type { LogKey } from '../log-note/log-key.ts';
import { operatorKeyMismatch } from '../registry/errors.ts';
import type { Clock, RegistryLog } from '../registry/registry.ts';
import { TREE_CACHES } from '../registry/tree-caches.ts';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore, StoreTransaction } from '../store/registry-store.ts';
import type { LogPart, RecordKey, StoredCheckpoint } from '../store/rows.ts';
import { sameCheckpoint } from '../store/same-checkpoint.ts';
import { foldRecords } from './fold.ts';
import type { HeadMemory, SignedHead } from './head-file.ts';
import { hadRoot, rolledBack } from './high-water.ts';
import { keepOpen } from './keep-open.ts';
import type { Leadership } from './leadership.ts';
import { type OperatorSigner, signCheckpointWith } from './signer.ts';
import { VerifiedRecords } from './verified-records.ts';

/** Most records of one checkpoint, and most bytes of them: bounds how long acceptances wait for it. */
const BATCH = { limit: 512, maxBytes: 4 * 1024 * 1024 };

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

/** Somebody else has signed a checkpoint while this transaction ran. Nothing of it was written. */
class StaleHead extends Error {}

/**
 * The only writer of the log: makes accepted records part of a signed checkpoint.
 *
 * It keeps in memory what it believes the newest checkpoint to be, and nothing is committed unless the store agrees: it
 * looks when a transaction begins, and the next checkpoint is inserted by compare-and-swap on the whole one before it.
 * After a refusal, or an error that leaves open whether a commit happened, everything is read from the store again.
 */
export class Sequencer {
  /** Filled by whoever accepts records in this thread. */
  readonly verified = new VerifiedRecords();
  readonly #options: SequencerOptions;
  #signer: OperatorSigner;
  #trees: { readonly log: MerkleLog; readonly map: MerkleMap } | undefined;
  #head: StoredCheckpoint | undefined;
  /** What was signed in the transaction that runs: nobody sees it before the commit. */
  #next: StoredCheckpoint | undefined;
  /** The longest log that this sequencer knows to have been signed. */
  #highest: SignedHead | undefined;
  /** Whether `#head` and the trees are known to be those of the store. */
  #settled = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** The page of the oldest state for which everything was collected. */
  #collectedTo = 0;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#signer = options.signer;
  }

  /** Publishes or rejects every record that is processing, up to a limit, in order of arrival. */
  async pass(): Promise<PassResult> {
    const settled: RecordId[] = [];
    const result = await this.#attemptAsLeader(async (transaction) => {
      const records = await transaction.processing(BATCH);
      if (records.length === 0) return { published: 0, rejected: 0, more: false };
      settled.push(...records.map(({ recordId }) => recordId));
      const { published, rejected, parts } = await foldRecords(
        transaction,
        records,
        this.#options.log,
        keyIdOf(this.#signer.publicKey),
        this.verified,
      );
      const changedAt = this.#options.clock.now();
      const first = this.#head?.logLength ?? 0;
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
      await this.#extend(transaction, published, parts);
      return { published: published.length, rejected: rejected.length, more: true };
    });
    if (result !== undefined) for (const recordId of settled) this.verified.forget(recordId);
    return result ?? { published: 0, rejected: 0, more: this.#options.leadership.current !== undefined };
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
    return this.#attempt(async (transaction) => {
      const { published, parts, result } = await prepare(transaction, this.#head?.logLength ?? 0);
      await this.#extend(transaction, published, parts);
      return result;
    });
  }

  /** Signs the head again with the time of now, in place of the signature before. */
  async resign(): Promise<boolean> {
    const signed = await this.#attemptAsLeader(async (transaction) => {
      const previous = this.#head;
      if (previous === undefined) return false;
      const timestamp = this.#timestamp(previous);
      if (timestamp === previous.timestamp) return false;
      const next = await this.#sign(transaction, { ...previous, timestamp });
      if (!(await transaction.replaceCheckpoint(previous, next))) throw new StaleHead();
      await this.#saveNote(transaction, next);
      this.#next = next;
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
    return this.#inTurn(async () => {
      const before = this.#signer;
      this.#signer = signer;
      // Reads the store again, and with it what the key may do.
      this.#settled = false;
      try {
        while ((await this.#attemptNow((transaction) => this.#signHead(transaction))) === undefined);
      } catch (error) {
        this.#signer = before;
        this.#settled = false;
        throw error;
      }
    });
  }

  async #signHead(transaction: StoreTransaction): Promise<true> {
    const previous = this.#head;
    if (previous === undefined || previous.keyId === keyIdOf(this.#signer.publicKey)) return true;
    const next = await this.#sign(transaction, { ...previous, timestamp: this.#timestamp(previous) });
    if (!(await transaction.replaceCheckpoint(previous, next))) throw new StaleHead();
    this.#next = next;
    return true;
  }

  /** Makes the note of the head what the log's key says: that key may be new, or gone. */
  async renote(): Promise<void> {
    await this.#attempt(async (transaction) => {
      if (this.#head !== undefined) await this.#saveNote(transaction, this.#head);
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
    const count = await this.#attemptAsLeader(() => this.#trees!.map.collect(rootOf(oldest), limit));
    if (count !== undefined && count < limit) this.#collectedTo = oldest.mapPage;
    return count ?? 0;
  }

  /**
   * Looks what another process has signed meanwhile, while that one sequences, and notes it: should this one take over, on a
   * database that was taken back or a replica that lagged behind, it must know what clients have seen.
   */
  async watch(): Promise<void> {
    await this.#inTurn(() =>
      this.#options.store.read(async (reads) => {
        const head = await reads.latestCheckpoint();
        const highest = this.#highest ?? this.#options.memory?.read();
        if (head === undefined || head.logLength <= (highest?.logLength ?? 0)) return;
        // Another history does not take the place of the one that is known.
        if (highest !== undefined && (await hadRoot(reads.logStore, highest)) !== true) return;
        this.#note(head);
        // The head that is known here is an old one, and a store with that one again must not be taken for the same.
        this.#settled = false;
      }),
    );
  }

  /** The newest committed checkpoint, as far as this sequencer knows. */
  get head(): StoredCheckpoint | undefined {
    return this.#head;
  }

  /** One transaction, one at a time. Undefined if the head was stale. */
  #attempt<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
    return this.#inTurn(() => this.#attemptNow(work));
  }

  /**
   * The same for what only the process may do that sequences. Undefined as well if it is not this one. It asks inside the
   * transaction: what a process believes that was stopped for a while counts for nothing.
   */
  async #attemptAsLeader<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
    const lease = this.#options.leadership.current;
    if (lease === undefined) return undefined;
    return this.#attempt(async (transaction) => {
      if (lease !== 'always' && !(await transaction.holdsLease(lease))) throw new StaleHead();
      return work(transaction);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #attemptNow<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
    const { log } = this.#options;
    const wasSettled = this.#settled;
    // Until the commit is known to have happened, what is in memory counts for nothing.
    this.#settled = false;
    this.#next = undefined;
    try {
      const result = await this.#options.store.transaction(async (transaction) => {
        const stored = await transaction.latestCheckpoint();
        if (wasSettled && !sameCheckpoint(stored, this.#head)) {
          log.debug({}, 'another sequencer signed a checkpoint; going on behind it');
          await this.#settle(transaction, stored);
        } else if (!wasSettled) {
          await this.#settle(transaction, stored);
        }
        return work(transaction);
      });
      this.#settled = true;
      if (this.#next !== undefined) {
        this.#head = this.#next;
        this.#note(this.#next);
      }
      return result;
    } catch (error) {
      if (!(error instanceof StaleHead)) throw error;
      log.info({}, 'another sequencer signed a checkpoint at the same time; reading the store again');
      return undefined;
    }
  }

  #note(head: StoredCheckpoint): void {
    const { memory, log } = this.#options;
    this.#highest = head;
    try {
      memory?.write(head);
    } catch (error) {
      // What is noted guards against losses of the store; that it lags behind takes nothing from what was committed.
      log.error({ file: memory?.name, error: String(error) }, 'cannot note which checkpoint was signed last');
    }
  }

  /** Reads head and trees from the store, and makes sure that they belong together. */
  async #settle(transaction: StoreTransaction, head: StoredCheckpoint | undefined): Promise<void> {
    if (this.#trees === undefined) {
      const log = await MerkleLog.open(transaction.logStore, TREE_CACHES.log);
      this.#trees = { log, map: await MerkleMap.open(transaction.mapStore, TREE_CACHES.map) };
    } else {
      await this.#trees.log.reload();
      await this.#trees.map.reload();
    }
    await this.#requireHighest(transaction, head);
    const { log } = this.#trees;
    const logLength = head?.logLength ?? 0;
    if (log.length !== logLength) {
      throw new StoreError(
        'STORE_CORRUPT',
        `the newest checkpoint is of ${logLength} records, but the stored log has ${log.length}`,
      );
    }
    if (head !== undefined && digestFromBytes(await log.rootAt(logLength)) !== head.logRoot) {
      throw new StoreError(
        'STORE_CORRUPT',
        'the stored log does not lead to the root that its newest checkpoint signs',
      );
    }
    if (head !== undefined) await this.#requirePermission(transaction);
    this.#head = head;
    if (head !== undefined) this.#note(head);
  }

  /** A database that was taken back while this process runs would let it sign something else in the place of what it signed. */
  async #requireHighest(transaction: StoreTransaction, head: StoredCheckpoint | undefined): Promise<void> {
    const { memory } = this.#options;
    const highest = this.#highest ?? memory?.read();
    if (highest === undefined) return;
    const mark = { ...highest, knownFrom: memory?.name ?? 'this process' };
    if ((head?.logLength ?? 0) < highest.logLength) throw rolledBack(mark, head?.logLength);
    if ((await hadRoot(transaction.logStore, highest)) !== true) throw rolledBack(mark, 'other');
  }

  /**
   * Somebody else may have sequenced that this key may sign no more. What this sequencer publishes itself never says so:
   * the fold refuses it.
   */
  async #requirePermission(transaction: StoreTransaction): Promise<void> {
    const keyId = keyIdOf(this.#signer.publicKey);
    const [key] = await transaction.keys([{ logId: OPERATOR_LOG_ID, keyId }]);
    if (key?.permissions.includes('commit') !== true) throw operatorKeyMismatch(keyId);
  }

  /** Appends leaves, moves the heads of their logs, and signs. */
  async #extend(
    transaction: StoreTransaction,
    published: readonly RecordKey[],
    parts: readonly LogPart[],
  ): Promise<void> {
    const previous = this.#head;
    // Rejections alone rest on the state behind this head, which was the store's when the transaction began.
    if (published.length === 0) return;
    const { log, map } = this.#trees!;
    const logLength = (previous?.logLength ?? 0) + published.length;
    if (logLength > MAX_LOG_LENGTH) throw new Error(`the log is full: it cannot have ${logLength} leaves`);

    const heads = new Map<LogId, RecordId>();
    for (const { logId, recordId } of published) heads.set(logId, recordId);
    await log.append(published.map((leaf) => hashLeaf(logLeafBytes(leaf))));
    const mapRoot = await map.update(
      previous === undefined ? EMPTY_MAP : rootOf(previous),
      [...heads].map(([logId, recordId]) => [mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))] as const),
    );
    await transaction.saveLogParts(parts);
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
    this.#next = next;
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
