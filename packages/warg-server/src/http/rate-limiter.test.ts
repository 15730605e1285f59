import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

describe('RateLimiter', () => {
  it('allows a burst, then as many as come with time', () => {
    const limiter = new RateLimiter({ perSecond: 2, burst: 3 });
    const take = (now: number) => limiter.take('a', now);
    expect([0, 0, 0].map((now) => take(now).remaining)).toEqual([2, 1, 0]);
    expect(take(0)).toEqual({ allowed: false, remaining: 0, reset: 1500, retryAfter: 500 });
    // What is refused costs nothing.
    expect(take(499)).toMatchObject({ allowed: false, retryAfter: 1 });
    expect(take(500)).toMatchObject({ allowed: true, remaining: 0 });
    expect(take(500).allowed).toBe(false);
    expect(take(10_000)).toEqual({ allowed: true, remaining: 2, reset: 500, retryAfter: 0 });
  });

  it('counts each asker alone', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 });
    expect(limiter.take('a', 0).allowed).toBe(true);
    expect(limiter.take('a', 0).allowed).toBe(false);
    expect(limiter.take('b', 0).allowed).toBe(true);
  });

  it('never allows more than the burst and what the time brings, and allows whoever waits', () => {
    const limits = fc.record({
      perSecond: fc.integer({ min: 1, max: 1000 }).map((n) => n / 10),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 200 }),
        (limit, pauses) => {
          const limiter = new RateLimiter(limit);
          let now = 0;
          const allowed: number[] = [];
          for (const pause of pauses) {
            now += pause;
            const decision = limiter.take('a', now);
            if (decision.allowed) allowed.push(now);
            else {
              now += decision.retryAfter;
              expect(limiter.take('a', now).allowed).toBe(true);
              allowed.push(now);
            }
          }
          for (const [i, from] of allowed.entries()) {
            for (let j = i; j < allowed.length; j++) {
              const most = limit.burst + ((allowed[j]! - from) / 1000) * limit.perSecond;
              expect(j - i + 1).toBeLessThanOrEqual(most + 1e-3);
            }
          }
        },
      ),
    );
  });

  it('remembers so many askers and no more, and forgets first who has not asked for longest', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, 1000);
    limiter.take('busy', 0);
    for (let n = 0; n < 100_000; n++) {
      limiter.take(`address ${n}`, 1);
      expect(limiter.take('busy', 1).allowed).toBe(false);
    }
    expect(limiter.size).toBe(1000);
  });
});
