import { digestFromBytes } from '@warg/crypto';
import { OPERATOR_LOG_ID } from '@warg/protocol';
import { MerkleLog, MerkleMap } from '@warg/transparency';
import type { RegistryLog } from '../registry/core-options.ts';
import { operatorKeyMismatch } from '../registry/errors.ts';
import { TREE_CACHES } from '../registry/tree-caches.ts';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore, StoreTransaction } from '../store/registry-store.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { sameCheckpoint } from '../store/same-checkpoint.ts';
import { Turns } from '../store/turns.ts';
import type { HeadMemory, SignedHead } from './head-file.ts';
import { hadRoot, rolledBack } from './high-water.ts';
import type { Leadership } from './leadership.ts';

export interface HeadKeeperOptions {
  readonly store: RegistryStore;
  readonly log: RegistryLog;
  readonly leadership: Leadership;
  /** Told of every checkpoint once it is committed. */
  readonly memory?: HeadMemory | undefined;
  /** The id of the key that signs. */
  readonly keyId: () => string;
}

/** Somebody else has signed a checkpoint while this transaction ran. Nothing of it was written. */
export class StaleHead extends Error {}

/**
 * Keeps in memory what this process believes the newest checkpoint to be, with the trees behind it. Whatever is signed is
 * signed in its transactions: each begins with a look whether the store agrees, and what they {@link propose} counts once
 * they are committed. After a refusal, or an error that leaves open whether a commit happened, everything is read from the
 * store again.
 */
export class HeadKeeper {
  readonly #options: HeadKeeperOptions;
  #trees: { readonly log: MerkleLog; readonly map: MerkleMap } | undefined;
  #head: StoredCheckpoint | undefined;
  /** What was signed in the transaction that runs: nobody sees it before the commit. */
  #next: StoredCheckpoint | undefined;
  /** The longest log that this process knows to have been signed. */
  #highest: SignedHead | undefined;
  /** Whether `#head` and the trees are known to be those of the store. */
  #settled = false;
  readonly #turns = new Turns();

  constructor(options: HeadKeeperOptions) {
    this.#options = options;
  }

  /** The newest committed checkpoint, as far as this process knows. */
  get head(): StoredCheckpoint | undefined {
    return this.#head;
  }

  /** The trees behind the head, for the transaction that runs. */
  get trees(): { readonly log: MerkleLog; readonly map: MerkleMap } {
    return this.#trees!;
  }

  /** Makes this the head if the transaction that runs is committed, which has to insert it by compare-and-swap. */
  propose(next: StoredCheckpoint): void {
    this.#next = next;
  }

  /** Has the next transaction read everything from the store again. */
  unsettle(): void {
    this.#settled = false;
  }

  /** Looks what another process has signed meanwhile, and notes it. */
  async watch(): Promise<void> {
    await this.inTurn(() =>
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

  /** One transaction, one at a time. Undefined if the head was stale. */
  attempt<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
    return this.inTurn(() => this.attemptNow(work));
  }

  /**
   * The same for what only the process may do that sequences. Undefined as well if it is not this one. It asks inside the
   * transaction: what a process believes that was stopped for a while counts for nothing.
   */
  async attemptAsLeader<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
    const lease = this.#options.leadership.current;
    if (lease === undefined) return undefined;
    return this.attempt(async (transaction) => {
      if (lease !== 'always' && !(await transaction.holdsLease(lease))) throw new StaleHead();
      return work(transaction);
    });
  }

  /** One at a time, with whatever else is done here. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work);
  }

  /** The same for who has the turn already. */
  async attemptNow<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T | undefined> {
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
    const keyId = this.#options.keyId();
    const [key] = await transaction.keys([{ logId: OPERATOR_LOG_ID, keyId }]);
    if (key?.permissions.includes('commit') !== true) throw operatorKeyMismatch(keyId);
  }
}
