/** How often something may be done. */
export interface RateLimit {
  /** How often in a second, on average. */
  readonly perSecond: number;
  /** How many at once, after a while without any. */
  readonly burst: number;
}

/** What became of one attempt. */
export interface RateDecision {
  readonly allowed: boolean;
  /** How many more would be allowed now. */
  readonly remaining: number;
  /** ms until all of the burst is there again */
  readonly reset: number;
  /** ms until the next one is allowed; 0 if it is */
  readonly retryAfter: number;
}

/** Most askers that are remembered: some 20 MB. */
const MAX_KEYS = 100_000;

/**
 * Limits a rate for each of many askers, by the generic cell rate algorithm: of each it remembers one number, the time at which
 * all of its burst will be there again.
 *
 * Written here because the libraries at hand remember every asker until a timer forgets it: who has many addresses would
 * fill the memory. This one forgets whoever has not asked for longest when they become too many.
 */
export class RateLimiter {
  readonly #interval: number;
  readonly #tolerance: number;
  readonly #maxKeys: number;
  /** By key, who asked last at the end. */
  readonly #fullAt = new Map<string, number>();

  constructor({ perSecond, burst }: RateLimit, maxKeys = MAX_KEYS) {
    this.#interval = 1000 / perSecond;
    this.#tolerance = burst * this.#interval;
    this.#maxKeys = maxKeys;
  }

  /** How many askers are remembered. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Says whether one would be allowed, and counts nothing. @param now ms, of a clock that never goes back */
  look(key: string, now: number): RateDecision {
    return this.#decide(key, now).decision;
  }

  /** Counts one, if it is allowed. @param now ms, of a clock that never goes back */
  take(key: string, now: number): RateDecision {
    const { fullAt, decision } = this.#decide(key, now);
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size > this.#maxKeys) this.#fullAt.delete(this.#fullAt.keys().next().value!);
    return decision;
  }

  #decide(key: string, now: number): { readonly fullAt: number; readonly decision: RateDecision } {
    const before = Math.max(this.#fullAt.get(key) ?? 0, now);
    const after = before + this.#interval;
    const excess = after - now - this.#tolerance;
    // Times are sums of fractions; what is too much by less than a microsecond is none.
    const allowed = excess <= 1e-3;
    const fullAt = allowed ? after : before;
    const decision = {
      allowed,
      remaining: Math.max(0, Math.floor((this.#tolerance - (fullAt - now)) / this.#interval + 1e-6)),
      reset: fullAt - now,
      retryAfter: allowed ? 0 : excess,
    };
    return { fullAt, decision };
  }
}
