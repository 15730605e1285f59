import { apiError } from '@warg/protocol/api';
import type { MiddlewareHandler } from 'hono';
import { addressGroup } from './address-group.ts';
import { AnswerError } from './errors.ts';
import { type RateDecision, type RateLimit, RateLimiter } from './rate-limiter.ts';
import type { AppContext, AppEnv } from './services.ts';

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
 * Answers 429 to who asks too often. Askers are told apart by address, those of an IPv6 /64 network as one; who has none, as
 * in a host that does not say, is not limited.
 */
export function rateLimited(limits: RateLimits, now = () => performance.now()): MiddlewareHandler<AppEnv> {
  const kinds = new Map<string, Kind>();
  for (const name of ['reads', 'publishes'] as const) {
    const limit = limits[name];
    if (limit !== undefined) kinds.set(name, { name, limit, limiter: new RateLimiter(limit) });
  }
  return async (c, next) => {
    const kind = UNLIMITED.has(c.req.path) ? undefined : kinds.get(kindOf(c));
    const key = keyOf(c);
    if (kind === undefined || key === undefined) return next();
    const decision = kind.limiter.take(key, now());
    if (!decision.allowed) throw tooMany(kind, decision);
    await next();
    for (const [name, value] of headersOf(kind, decision)) c.res.headers.set(name, value);
    return;
  };
}

interface Kind {
  readonly name: string;
  readonly limit: RateLimit;
  readonly limiter: RateLimiter;
}

function kindOf(c: AppContext): string {
  return c.req.method === 'POST' && c.req.path.startsWith('/v1/package/') ? 'publishes' : 'reads';
}

function keyOf(c: AppContext): string | undefined {
  const { remoteAddress } = c.env;
  return remoteAddress === undefined ? undefined : addressGroup(remoteAddress);
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
