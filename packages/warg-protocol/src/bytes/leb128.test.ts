import { encodeHex } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLeb128, encodePrefixedText } from './leb128.ts';

describe('encodeLeb128', () => {
  it('writes seven bits a byte, the low ones first', () => {
    expect(encodeHex(encodeLeb128(0))).toBe('00');
    expect(encodeHex(encodeLeb128(300))).toBe('ac02');
    expect(encodeHex(encodeLeb128(2n ** 64n - 1n))).toBe('ffffffffffffffffff01');
  });

  it('writes every number so that it can be read again', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const bytes = encodeLeb128(value);
        expect(bytes.reduceRight((sum, byte) => sum * 128n + BigInt(byte % 128), 0n)).toBe(value);
        expect([...bytes].findIndex((byte) => byte < 128)).toBe(bytes.length - 1);
        expect(bytes.length === 1 || bytes.at(-1) !== 0).toBe(true);
        const number = Number(value);
        if (Number.isSafeInteger(number)) expect(encodeLeb128(number)).toEqual(bytes);
      }),
    );
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n, '5' as unknown as number])('refuses %s', (value) => {
    expect(() => encodeLeb128(value)).toThrow(RangeError);
  });
});

describe('encodePrefixedText', () => {
  it('counts bytes, not characters', () => {
    expect(encodeHex(encodePrefixedText('é'))).toBe('02c3a9');
    expect(encodePrefixedText('x'.repeat(200)).subarray(0, 2)).toEqual(Uint8Array.of(0xc8, 0x01));
  });
});
