import type { Clock, RegistryLog, SequencingObserver } from '../registry/core-options.ts';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { Gathering } from './gathering.ts';
import type { Leadership } from './leadership.ts';
import type { Operation, Outcome, WriterLimits } from './operations.ts';
import { RegularWork } from './regular-work.ts';
import type { Sequencer } from './sequencer.ts';
import type { OperatorSigner } from './signer.ts';
import { countReady, writeOperations } from './write-operations.ts';

/** Most operations of one transaction. */
const GROUP = 1000;
/** How long the writer waits after a failure before it tries to sequence again, ms: doubled up to the maximum. */
const RETRY = { first: 100, most: 5_000 };
/** How often the regular work is looked after at least, ms. */
const TICK = 15_000;
/** How often is looked whether another process wrote something, such as an operator's record, ms. */
const LOOK = 250;
export interface WriterOptions {
  readonly store: RegistryStore;
  /** Undefined in a process that only accepts. */
  readonly sequencer: Sequencer | undefined;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly limits: WriterLimits;
  /** ms; 0 for never */
  readonly resignInterval: number;
  readonly log: RegistryLog;
  /** Told once if the store has lost what was signed: nothing can be signed any more. */
  readonly onFailure?: ((error: Error) => void) | undefined;
  readonly observer?: SequencingObserver | undefined;
}

/** What the registry writes through: a writer of this thread, or one in a worker. */
export interface RegistryWriter {
  /** Resolves once the outcome is durable. */
  submit(operation: Operation): Promise<Outcome>;
  /**
   * Signs checkpoints with another key from now on, beginning with the newest.
   *
   * @throws RegistryError `OPERATOR_KEY_MISMATCH`; the key from before stays
   */
  useSigner(signer: OperatorSigner): Promise<void>;
  /** Whether this process sequences. */
  readonly sequences: boolean;
  /** Finishes what was submitted, sequences what can be sequenced, and stops. Does not close the store. */
  close(): Promise<void>;
}

interface Waiting {
  readonly operation: Operation;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The place where all writing of one process happens, one transaction at a time.
 *
 * Operations that arrive while a transaction runs form the next one together (group commit): one fsync for all of
 * them. After each such group the sequencer runs, and both go on for as long as there is work.
 */
export class Writer implements RegistryWriter {
  readonly #options: WriterOptions;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Whether something may be processing: at the start there may be what an earlier process left. */
  #unsequenced = true;
  readonly #gathering = new Gathering();
  #retryDelay = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #looker: NodeJS.Timeout | undefined;
  #looking = false;
  #unlisten: (() => void) | undefined;
  /** Whether somebody asked to look while this writer was busy. */
  #lookAgain = false;
  /** The store's revision behind which there is nothing that this writer has not looked at. */
  #revision: number | undefined;
  /** The same of what others signed, while another process sequences. */
  #watched: number | undefined;
  #closing = false;
  #saidFailure = false;
  readonly #work: RegularWork | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { sequencer } = options;
    this.#work = sequencer && new RegularWork({ ...options, sequencer });
    // More often than the head is signed again, so that it is signed soon after its time.
    const interval = Math.min((options.resignInterval || TICK) / 4, TICK);
    this.#ticker = setInterval(() => {
      this.tick()
        .then(() => this.collect())
        .catch((error) => {
          options.log.error({ error: String(error) }, 'cannot do the regular work');
          this.#lookAtFailure(error);
        });
    }, interval);
    this.#ticker.unref();
    this.#looker = setInterval(() => {
      // What hinders it will be said by the next transaction.
      this.look().catch(() => {});
    }, LOOK);
    this.#looker.unref();
    // Sooner than the timer, where the store can.
    this.#unlisten = options.store.onCommit?.(() => {
      this.look().catch(() => {});
    });
    options.leadership.onGained = () => {
      this.#unsequenced = true;
      this.#wake();
      // What hinders it will be said by the next transaction, which makes the note as well.
      sequencer?.renote().catch(() => {});
    };
    this.#wake();
  }

  get sequences(): boolean {
    return this.#options.leadership.current !== undefined && !this.#saidFailure;
  }

  submit(operation: Operation): Promise<Outcome> {
    if (this.#closing) return Promise.reject(new StoreError('STORE_CLOSED', 'the registry is being closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ operation, resolve, reject });
      this.#wake();
    });
  }

  async useSigner(signer: OperatorSigner): Promise<void> {
    const { sequencer } = this.#options;
    if (sequencer === undefined) throw new Error('this process does not sign');
    await sequencer.useSigner(signer);
  }

  /** Does what time demands: expires what waited too long, signs the head again. A timer calls it. */
  async tick(): Promise<void> {
    // One process does it for all.
    if (this.#work === undefined || this.#options.leadership.current === undefined) return;
    await this.#work.run();
    // Another process may have left work in a shared store. What failed before is tried again now.
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#unsequenced = true;
    this.#wake();
  }

  /** Gives up what proofs at old checkpoints would need. A timer calls it. */
  async collect(): Promise<void> {
    await this.#work?.collect();
  }

  /** Looks whether somebody wrote to the store, and if so, whether there is something to sequence. A timer calls it. */
  async look(): Promise<void> {
    // Who only accepts never signs.
    if (this.#options.sequencer === undefined) return;
    if (this.#running !== undefined || this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      do {
        this.#lookAgain = false;
        await this.#look();
      } while (this.#lookAgain && this.#running === undefined);
    } finally {
      this.#looking = false;
    }
  }

  async #look(): Promise<void> {
    const { store, sequencer, leadership } = this.#options;
    const revision = await store.revision();
    if (leadership.current === undefined) {
      if (revision === this.#watched) return;
      await sequencer?.watch();
      this.#watched = revision;
      return;
    }
    if (revision === this.#revision) return;
    // Asked before a transaction is begun: that would change the revision again, for nothing.
    const [waiting] = await store.read((reads) => reads.processing({ limit: 1, maxBytes: 1 }));
    this.#revision = revision;
    if (waiting === undefined || this.#closing) return;
    this.#unsequenced = true;
    this.#wake();
  }

  /** Resolves when there is nothing left to do, or nothing that can be done now. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#ticker);
    clearInterval(this.#looker);
    this.#unlisten?.();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#wake();
    await this.#work?.stop();
    await this.idle();
    await this.#options.leadership.close();
  }

  #wake(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came in between the last look and here.
      if (this.#queue.length > 0) this.#wake();
      else if (this.#lookAgain) this.look().catch(() => {});
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      // Lets everything that has arrived take part in the next transaction.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#queue.length > 0) await this.#writeGroup(this.#queue.splice(0, GROUP));
      const canSequence = this.#unsequenced && this.#retryTimer === undefined;
      // Who was just answered may have the next record on its way.
      if (canSequence) await new Promise((resolve) => setImmediate(resolve));
      const isMoreComing = this.#queue.length > 0 && !this.#closing;
      if (canSequence && !(isMoreComing && this.#gathering.goesOn())) await this.#sequence();
      if (this.#queue.length === 0 && !(this.#unsequenced && canSequence && this.#retryTimer === undefined))
        return;
    }
  }

  async #sequence(): Promise<void> {
    const { sequencer, leadership, log, observer } = this.#options;
    this.#gathering.end();
    if (sequencer === undefined || leadership.current === undefined) {
      // Whoever sequences is told by the commit, and looks when it begins to.
      this.#unsequenced = false;
      return;
    }
    const start = performance.now();
    try {
      const { published, rejected, more } = await sequencer.pass();
      this.#unsequenced = more;
      this.#retryDelay = 0;
      if (published + rejected === 0) return;
      const seconds = (performance.now() - start) / 1000;
      log.debug({ published, rejected }, 'sequenced');
      observer?.sequenced({ failed: false, published, rejected, seconds, waiting: this.#queue.length });
    } catch (error) {
      log.error(
        { error: describe(error) },
        'cannot sequence; records stay processing and will be tried again',
      );
      observer?.sequenced({ failed: true, waiting: this.#queue.length });
      this.#lookAtFailure(error);
      // With a key that was revoked it would keep those from sequencing who have the new one.
      const isOthers = (error as { code?: unknown }).code === 'OPERATOR_KEY_MISMATCH';
      if (this.#closing || (isOthers && (await leadership.stepDown()))) {
        this.#unsequenced = false;
        return;
      }
      this.#retryDelay = Math.min(Math.max(this.#retryDelay * 2, RETRY.first), RETRY.most);
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined;
        this.#wake();
      }, this.#retryDelay);
    }
  }

  #lookAtFailure(error: unknown): void {
    if (this.#saidFailure || !(error instanceof StoreError) || error.code !== 'STORE_ROLLED_BACK') return;
    this.#saidFailure = true;
    this.#options.onFailure?.(error);
  }

  /** One transaction for all; if that fails, one for each, so that nobody fails because of another. */
  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#write(group.map(({ operation }) => operation));
      for (const [index, { resolve }] of group.entries()) resolve(outcomes[index]!);
      return;
    } catch (error) {
      // The commit may have happened all the same, and who sends the record again is answered without writing.
      this.#unsequenced = true;
      if (group.length === 1) {
        this.#options.log.error({ error: describe(error) }, 'cannot write');
        group[0]!.reject(error);
        return;
      }
    }
    for (const waiting of group) await this.#writeGroup([waiting]);
  }

  async #write(operations: readonly Operation[]): Promise<Outcome[]> {
    const { store, clock, limits, sequencer } = this.#options;
    for (const operation of operations) {
      if (operation.type === 'accept' && operation.verified) sequencer?.verified.add(operation.verified);
    }
    const outcomes = await writeOperations(store, operations, limits, clock.now());
    const ready = countReady(outcomes);
    if (ready > 0) this.#unsequenced = true;
    this.#gathering.add(ready);
    return outcomes;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
