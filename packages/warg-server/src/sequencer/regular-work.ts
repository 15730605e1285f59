import type { Clock, RegistryLog } from '../registry/core-options.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { Collector } from './collector.ts';
import type { WriterLimits } from './operations.ts';
import type { Sequencer } from './sequencer.ts';

/** How far ahead of the clock a checkpoint may be before it is said, ms: clients refuse it from there on. */
const CLOCK_SKEW = 5 * 60_000;
/** How long a record that expired is remembered, so that its publisher can learn why, ms. */
const EXPIRED_MEMORY = 7 * 24 * 3_600_000;

export interface RegularWorkOptions {
  readonly store: RegistryStore;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
  readonly limits: WriterLimits;
  /** ms; 0 for never */
  readonly resignInterval: number;
  readonly log: RegistryLog;
}

/** What time alone demands, of the process that sequences. */
export class RegularWork {
  readonly #options: RegularWorkOptions;
  readonly #collector: Collector;
  #saidAhead = false;

  constructor(options: RegularWorkOptions) {
    this.#options = options;
    this.#collector = new Collector(options.sequencer);
  }

  /** Expires what waited too long for its content, and signs the head again if it is old. */
  async run(): Promise<void> {
    const { store, sequencer, clock, limits, resignInterval, log } = this.#options;
    const now = clock.now();
    const hours = limits.sourcingTime / 3_600_000;
    const reason = `its content was not uploaded within ${hours} hours; submit the record again to start over`;
    const expired = await store.transaction(async (transaction) => {
      await transaction.forgetExpired(now - EXPIRED_MEMORY);
      return transaction.expireSourcing(now - limits.sourcingTime, reason, now);
    });
    if (expired > 0) log.info({ expired }, 'records expired that waited for content');
    const { head } = sequencer;
    if (resignInterval > 0 && head !== undefined && now - head.timestamp * 1000 >= resignInterval) {
      await sequencer.resign();
    }
    this.#lookAtClock(now);
  }

  /** Gives up what proofs at old checkpoints would need. */
  async collect(): Promise<void> {
    const { clock, limits, log } = this.#options;
    const time = Math.floor((clock.now() - limits.proofRetention) / 1000);
    const collected = await this.#collector.collect(time);
    if (collected) log.debug({ collected }, 'collected pages of the map that no proof needs any more');
  }

  stop(): Promise<void> {
    return this.#collector.stop();
  }

  /** A checkpoint is never older than the one before: where the clock was ahead once, the registry is until it catches up. */
  #lookAtClock(now: number): void {
    const { sequencer, log } = this.#options;
    const newest = sequencer.head?.timestamp ?? 0;
    const isAhead = newest * 1000 > now + CLOCK_SKEW;
    if (isAhead && !this.#saidAhead) {
      const times = { newest: new Date(newest * 1000).toISOString(), clock: new Date(now).toISOString() };
      log.warn(
        times,
        'the newest checkpoint is ahead of the clock, and clients may refuse it until then: is the clock right?',
      );
    }
    this.#saidAhead = isAhead;
  }
}
