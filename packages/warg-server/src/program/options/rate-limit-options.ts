import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RateLimits } from '../../http/rate-limits.ts';
import { trustedProxies } from '../../http/trusted-proxies.ts';

/** How often one asker may ask, and whose word counts for who that is. */
export interface RateLimitOptions {
  readonly rateLimit: RateLimits;
  readonly trustedProxy: readonly string[];
}

/** Adds these options to a command. */
export function addRateLimitOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--rate-limit <limits>',
        'requests a second of one address or token, and how many at once: reads=50/500,publishes=5/100',
      )
        .env('WARG_RATE_LIMIT')
        .default({}, 'none')
        .argParser(collectRateLimits),
    )
    .addOption(
      new Option(
        '--trusted-proxy <network>',
        'proxy whose X-Forwarded headers count, such as 10.0.0.0/8; may be repeated, or hold commas',
      )
        .env('WARG_TRUSTED_PROXY')
        .default([], 'none')
        .argParser(collectProxies),
    );
}

/**
 * Adds limits such as `reads=50` or `publishes=0.5/10` to those given before. Without a burst it is what ten seconds allow.
 *
 * @throws InvalidArgumentError
 */
export function collectRateLimits(text: string, before: RateLimits = {}): RateLimits {
  const limits = { ...before };
  for (const part of text.split(',')) {
    const [, name, rate, burst] =
      /^(reads|publishes)=(\d{1,6}(?:\.\d{1,3})?)(?:\/(\d{1,6}))?$/.exec(part.trim()) ?? [];
    const perSecond = Number(rate);
    const most = burst === undefined ? Math.max(1, Math.ceil(perSecond * 10)) : Number(burst);
    if (name === undefined || !(perSecond > 0) || most < 1) {
      throw new InvalidArgumentError(
        'Expected reads or publishes, requests a second and, behind a slash, how many at once: reads=50/500,publishes=5.',
      );
    }
    limits[name as keyof RateLimits] = { perSecond, burst: most };
  }
  return limits;
}

/** @throws InvalidArgumentError */
export function collectProxies(text: string, before: readonly string[] = []): readonly string[] {
  const networks = text.split(',').map((part) => part.trim());
  try {
    trustedProxies(networks);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return [...before, ...networks];
}
