import { describe, expect, it } from 'vitest';
import { BoundedCache, TwoGenerations } from './bounded-cache.ts';

describe('BoundedCache', () => {
  it('forgets what was not asked for longest', () => {
    const cache = new BoundedCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
    expect(cache.size).toBe(2);
  });

  it('counts by size, and keeps nothing that is larger than all of it', () => {
    const cache = new BoundedCache<number, string>(10, (value) => value.length);
    cache.set(1, 'four');
    cache.set(2, 'five5');
    expect(cache.size).toBe(9);
    cache.set(1, 'sixsix');
    expect([cache.get(1), cache.get(2), cache.size]).toEqual(['sixsix', undefined, 6]);
    cache.set(3, 'more than ten');
    expect([cache.get(1), cache.get(3), cache.size]).toEqual([undefined, undefined, 0]);
  });
});

describe('TwoGenerations', () => {
  it('keeps what was asked for lately, and never more than it may', () => {
    const cache = new TwoGenerations<number, string>(10);
    for (let key = 0; key < 100; key++) {
      cache.set(key, `${key}`);
      expect(cache.get(0)).toBe('0');
      expect(cache.get(key)).toBe(`${key}`);
      expect(cache.size).toBeLessThanOrEqual(10);
    }
    expect(cache.get(50)).toBeUndefined();
    expect([96, 97, 98, 99].map((key) => cache.get(key))).toEqual(['96', '97', '98', '99']);
  });

  it('gives what was set last', () => {
    const cache = new TwoGenerations<string, number>(4);
    for (const value of [1, 2, 3]) {
      cache.set('a', value);
      cache.set(`b${value}`, 0);
      expect(cache.get('a')).toBe(value);
    }
    for (let i = 0; i < 9; i++) cache.set('a', i);
    expect(cache.get('a')).toBe(8);
    expect(cache.get('b3')).toBe(0);
  });
});
