import type { RegistryLog } from '../registry/core-options.ts';
import type { Lease, Leases, RegistryStore } from '../store/registry-store.ts';

/** Who sequences: the process that has the lease, where several share a store. */
export interface Leadership {
  /** The lease of this process while it may still count on it; undefined if it has none. `always` where a store needs none. */
  readonly current: Lease | 'always' | undefined;
  /** Told when this process has just got the lease. */
  onGained: () => void;
  /**
   * Gives the lease to others for a while, because this process has it and cannot sequence.
   *
   * @returns false where there is no lease to give
   */
  stepDown(): Promise<boolean>;
  /** Gives the lease back, so that another process need not wait for its end. */
  close(): Promise<void>;
}

/** Times of a lease, ms. */
export interface LeaseTimes {
  /** How long it holds without being renewed. */
  readonly duration: number;
  /** How often its holder renews it. */
  readonly heartbeat: number;
  /** How often the others try to take it. */
  readonly attempt: number;
}

/** Another process takes over within the duration and an attempt, when the holder is gone without a word. */
export const LEASE_TIMES: LeaseTimes = { duration: 3_000, heartbeat: 1_000, attempt: 500 };

/** For a store that only one process writes to. */
export function soleLeadership(): Leadership {
  return { current: 'always', onGained: () => {}, stepDown: async () => false, close: async () => {} };
}

/** For a process that only serves. */
export function noLeadership(): Leadership {
  return { current: undefined, onGained: () => {}, stepDown: async () => false, close: async () => {} };
}

/** Takes part in the election, if the store has one. */
export async function joinElection(
  store: RegistryStore,
  log: RegistryLog,
  times: LeaseTimes = LEASE_TIMES,
): Promise<Leadership> {
  const { leases } = store;
  if (leases === undefined) return soleLeadership();
  const candidate = new Candidate(leases, log, times);
  await candidate.beat();
  return candidate;
}

/**
 * One of several processes that would sequence.
 *
 * The end of a lease is kept by the database's clock, for all processes the same. The holder itself counts on it for a shorter
 * while, by its own monotonic clock, from before it asked: when it was stopped, or its answers come late, it knows. That is
 * so that nobody works in vain; what keeps a stale holder from signing is that its transactions ask the database.
 */
class Candidate implements Leadership {
  onGained: () => void = () => {};
  readonly #leases: Leases;
  readonly #log: RegistryLog;
  readonly #times: LeaseTimes;
  #lease: Lease | undefined;
  /** By `performance.now()`. */
  #until = 0;
  /** Until then it leaves the lease to others, by `performance.now()`. */
  #awayUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #closed = false;
  #saidFailure = false;

  constructor(leases: Leases, log: RegistryLog, times: LeaseTimes) {
    this.#leases = leases;
    this.#log = log;
    this.#times = times;
  }

  get current(): Lease | undefined {
    return performance.now() < this.#until ? this.#lease : undefined;
  }

  /** Renews the lease, or tries to take it; then again and again. */
  beat(): Promise<void> {
    this.#beating ??= this.#beatNow().finally(() => {
      this.#beating = undefined;
      if (this.#closed) return;
      const { heartbeat, attempt } = this.#times;
      this.#timer = setTimeout(() => void this.beat(), this.#lease === undefined ? attempt : heartbeat);
      this.#timer.unref();
    });
    return this.#beating;
  }

  async #beatNow(): Promise<void> {
    const { duration } = this.#times;
    const asked = performance.now();
    try {
      if (this.#lease !== undefined) {
        if (await this.#leases.renew(this.#lease, duration)) {
          this.#until = asked + duration;
          this.#saidFailure = false;
          return;
        }
        this.#lose('another process has it');
      }
      if (asked < this.#awayUntil) return;
      const taken = await this.#leases.take(duration);
      this.#saidFailure = false;
      if (taken === undefined) return;
      this.#lease = taken;
      this.#until = asked + duration;
      this.#log.info({ term: taken.term }, 'this process sequences now');
      if (!this.#closed) this.onGained();
    } catch (error) {
      // The lease may still be ours: it ends by itself, here as in the database.
      if (this.#lease !== undefined && performance.now() >= this.#until)
        this.#lose('it was not renewed in time');
      if (this.#saidFailure) return;
      this.#saidFailure = true;
      this.#log.warn({ error: String(error) }, 'cannot reach the database to see who sequences');
    }
  }

  #lose(why: string): void {
    this.#log.warn({ term: this.#lease?.term, why }, 'this process does not sequence any more');
    this.#lease = undefined;
    this.#until = 0;
  }

  async stepDown(): Promise<boolean> {
    const lease = this.#lease;
    if (lease === undefined) return false;
    this.#awayUntil = performance.now() + this.#times.duration;
    this.#lose('it cannot, and leaves it to another');
    // If that fails it ends by itself.
    await this.#leases.release(lease).catch(() => {});
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#beating;
    const lease = this.#lease;
    this.#lease = undefined;
    this.#until = 0;
    // If that fails it ends by itself.
    if (lease !== undefined) await this.#leases.release(lease).catch(() => {});
  }
}
