import { apiError } from '@warg/protocol/api';
import { addressGroup } from './address-group.ts';
import type { HttpAnswer } from './answers.ts';
import { AnswerError } from './errors.ts';
import { type RateDecision, type RateLimit, RateLimiter } from './rate-limiter.ts';
import type { AppContext } from './services.ts';

/** How often one asker may do what. What is not given is not limited. */
export interface RateLimits {
  /** Everything that only reads: logs, proofs, contents, states of records. */
  readonly reads?: RateLimit;
  /** Records and uploads. */
  readonly publishes?: RateLimit;
}

/** What is asked by those who look after the server, often and for nothing. */
const UNLIMITED = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * Answers 429 to who asks too often. Askers are told apart by their token, and those without one by address, all of an IPv6 /64
 * network as one; who has no address, as in a host that does not say, is not limited.
 *
 * Whether a token is good is known only when it was looked up. Until then a request counts for nobody, but for one thing: an
 * address whose tokens were refused as often as it may ask at all is not asked for another one.
 */
export class RateLimiting {
  readonly #kinds = new Map<string, Kind>();
  readonly #now: () => number;

  /** @param now ms, of a clock that never goes back */
  constructor(limits: RateLimits, now = () => performance.now()) {
    this.#now = now;
    for (const name of ['reads', 'publishes'] as const) {
      const limit = limits[name];
      if (limit === undefined) continue;
      const [limiter, refused] = [new RateLimiter(limit), new RateLimiter(limit)];
      this.#kinds.set(name, { name, limit, limiter, refused });
    }
  }

  /**
   * Stands before everything that costs.
   *
   * @param next what comes behind; answers errors itself
   * @throws AnswerError 429
   */
  async guard(c: AppContext, next: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const kind = this.#kindOf(c);
    if (kind === undefined) return next();
    const address = addressOf(c);
    const now = this.#now();
    const bringsToken = c.req.raw.headers.has('authorization');
    if (!bringsToken) this.#take(c, kind, address, now);
    else if (address !== undefined) requireAllowed(kind, kind.refused.look(address, now));
    const answer = await next();
    const decision = c.admitted;
    if (decision !== undefined) {
      for (const [name, value] of headersOf(kind, decision)) answer.headers[name] = value;
    } else if (bringsToken && address !== undefined) kind.refused.take(address, now);
    return answer;
  }

  /**
   * Told when it is known who asks.
   *
   * @param tokenId undefined for one without a good token
   * @throws AnswerError 429
   */
  admit(c: AppContext, tokenId: string | undefined): void {
    const kind = this.#kindOf(c);
    if (kind === undefined || c.admitted !== undefined) return;
    this.#take(c, kind, tokenId === undefined ? addressOf(c) : `token ${tokenId}`, this.#now());
  }

  #take(c: AppContext, kind: Kind, key: string | undefined, now: number): void {
    if (key === undefined) return;
    const decision = kind.limiter.take(key, now);
    c.admitted = decision;
    requireAllowed(kind, decision);
  }

  #kindOf(c: AppContext): Kind | undefined {
    if (this.#kinds.size === 0 || UNLIMITED.has(c.req.path)) return undefined;
    const isPublish = c.req.method === 'POST' && c.req.path.startsWith('/v1/package/');
    return this.#kinds.get(isPublish ? 'publishes' : 'reads');
  }
}

interface Kind {
  readonly name: string;
  readonly limit: RateLimit;
  readonly limiter: RateLimiter;
  /** Counts the tokens that were refused, by address. */
  readonly refused: RateLimiter;
}

function addressOf(c: AppContext): string | undefined {
  const { remoteAddress } = c.env;
  return remoteAddress === undefined ? undefined : addressGroup(remoteAddress);
}

/** @throws AnswerError 429 */
function requireAllowed(kind: Kind, decision: RateDecision): void {
  if (!decision.allowed) throw tooMany(kind, decision);
}

function tooMany(kind: Kind, decision: RateDecision): AnswerError {
  const seconds = Math.max(1, Math.ceil(decision.retryAfter / 1000));
  return new AnswerError(apiError(429, `too many requests: try again in ${seconds} s`), {
    'retry-after': String(seconds),
    ...Object.fromEntries(headersOf(kind, decision)),
  });
}

/** draft-ietf-httpapi-ratelimit-headers-10 */
function headersOf({ name, limit }: Kind, { remaining, reset }: RateDecision): readonly [string, string][] {
  const window = Math.max(1, Math.ceil(limit.burst / limit.perSecond));
  return [
    ['ratelimit-policy', `"${name}";q=${limit.burst};w=${window}`],
    ['ratelimit', `"${name}";r=${remaining};t=${Math.ceil(reset / 1000)}`],
  ];
}
