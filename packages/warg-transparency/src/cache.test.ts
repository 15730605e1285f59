import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCache } from './cache.ts';

describe('ByteCache', () => {
  it('lets go of what was used longest ago', () => {
    const cache = new ByteCache<number>(30, () => 10);
    for (const key of [1, 2, 3]) cache.set(key, key);
    expect(cache.get(1)).toBe(1);
    cache.set(4, 4);
    expect([1, 2, 3, 4].map((key) => cache.get(key))).toEqual([1, undefined, 3, 4]);
  });

  it('never holds more than its capacity', () => {
    const operation = fc.record({
      key: fc.nat(20),
      size: fc.nat(40),
      kind: fc.constantFrom('set', 'get', 'delete', 'retain'),
    });
    fc.assert(
      fc.property(fc.nat(100), fc.array(operation), (capacity, operations) => {
        const cache = new ByteCache<{ size: number }>(capacity, ({ size }) => size);
        for (const { key, size, kind } of operations) {
          if (kind === 'set') cache.set(key, { size });
          else if (kind === 'get') cache.get(key);
          else if (kind === 'delete') cache.delete(key);
          else cache.retain((_, other) => other % 2 === 0);
          let held = 0;
          cache.retain((value) => {
            held += value.size;
            return true;
          });
          expect(cache.bytes).toBe(held);
          expect(held).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});
