import { describe, expect, it } from 'vitest';
import { collectProxies, collectRateLimits } from './rate-limit-options.ts';

describe('collectRateLimits', () => {
  it.each([
    ['reads=50', { reads: { perSecond: 50, burst: 500 } }],
    [
      'reads=50/60,publishes=0.5',
      { reads: { perSecond: 50, burst: 60 }, publishes: { perSecond: 0.5, burst: 5 } },
    ],
    ['publishes=0.01', { publishes: { perSecond: 0.01, burst: 1 } }],
  ])('reads %s', (text, expected) => {
    expect(collectRateLimits(text)).toEqual(expected);
  });

  it('adds to what was given before', () => {
    const before = collectRateLimits('reads=1/2,publishes=3/4');
    expect(collectRateLimits('publishes=5/6', before)).toEqual({
      reads: { perSecond: 1, burst: 2 },
      publishes: { perSecond: 5, burst: 6 },
    });
  });

  it.each([
    '',
    'reads',
    'reads=',
    'reads=0',
    'reads=-1',
    'reads=1/0',
    'writes=1',
    'reads=1e9',
    'reads=1,',
    'reads=1/2/3',
  ])('refuses %j', (text) => {
    expect(() => collectRateLimits(text)).toThrow('Expected reads or publishes');
  });
});

describe('collectProxies', () => {
  it('takes addresses and networks', () => {
    expect(collectProxies('10.0.0.0/8, ::1', ['192.0.2.1'])).toEqual(['192.0.2.1', '10.0.0.0/8', '::1']);
    expect(() => collectProxies('10.0.0.0/8,proxy')).toThrow('found "proxy"');
  });
});
