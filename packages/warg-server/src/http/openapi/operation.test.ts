import { describe, expect, it } from 'vitest';
import { u64Pattern } from './operation.ts';

describe('u64Pattern', () => {
  const matches = (text: string) => new RegExp(`^${u64Pattern}$`).test(text);

  it('is of all numbers below 2^64', () => {
    for (let bit = 0n; bit < 64n; bit++)
      for (const near of [-1n, 0n, 1n]) expect(matches(String(2n ** bit + near)), String(bit)).toBe(true);
    for (const less of [1n, 2n, 10n, 16n, 616n, 10n ** 15n, 10n ** 18n])
      expect(matches(String(2n ** 64n - less)), String(less)).toBe(true);
  });

  it.each([
    '',
    '00',
    '01',
    '-1',
    '1.0',
    '18446744073709551616',
    '18446744073709551620',
    '9'.repeat(20),
    '1'.repeat(21),
  ])('is not of %s', (text) => {
    expect(matches(text)).toBe(false);
  });
});
