import { describe, expect, it } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';

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
