import { equalBytes, sha256 } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressBranchInto, hashBranchInto } from './branch.ts';
import { hashBranch, hashLeaf, hashPairs } from './hash.ts';

const hash = () => fc.uint8Array({ minLength: 32, maxLength: 32 });

const ways = { hashBranchInto, compressBranchInto };

describe.each(Object.entries(ways))('%s', (_name, hashInto) => {
  it('is SHA-256 of 0x01 and the two hashes', () => {
    fc.assert(
      fc.property(hash(), hash(), (left, right) => {
        const out = new Uint8Array(32);
        hashInto(left, 0, right, 0, out, 0);
        expect(out).toEqual(sha256(Uint8Array.of(1), left, right));
      }),
      { numRuns: 2000 },
    );
  });

  it('treats every bit of both hashes as its own', () => {
    const out = new Uint8Array(32);
    for (const byte of [0x00, 0xff]) {
      const left = new Uint8Array(32).fill(byte);
      const right = new Uint8Array(32).fill(byte);
      for (let bit = 0; bit < 512; bit++) {
        const target = bit < 256 ? left : right;
        target[(bit >> 3) & 31]! ^= 1 << (bit & 7);
        hashInto(left, 0, right, 0, out, 0);
        expect(out).toEqual(sha256(Uint8Array.of(1), left, right));
        target[(bit >> 3) & 31]! ^= 1 << (bit & 7);
      }
    }
  });

  it('reads at offsets and may write over its inputs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 100, maxLength: 100 }),
        fc.nat(68),
        fc.nat(68),
        (bytes, a, b) => {
          const left = bytes.slice(a, a + 32);
          const right = bytes.slice(b, b + 32);
          const expected = sha256(Uint8Array.of(1), left, right);
          const work = bytes.slice();
          hashInto(work, a, work, b, work, a);
          expect(work.slice(a, a + 32)).toEqual(expected);
        },
      ),
    );
  });
});

describe('hashBranchInto', () => {
  it('is the same however much was hashed before', () => {
    const [left, right] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
    const expected = sha256(Uint8Array.of(1), left, right);
    const out = new Uint8Array(32);
    for (let i = 0; i < 10_000; i++) {
      out.fill(0);
      hashBranchInto(left, 0, right, 0, out, 0);
      if (!equalBytes(out, expected)) expect(out).toEqual(expected);
    }
  });
});

describe('hashPairs', () => {
  it('hashes a row of branches', () => {
    const row = Uint8Array.from({ length: 10 * 32 }, (_, i) => i);
    hashPairs(row, 0, 8, 2);
    expect(row.slice(8 * 32, 9 * 32)).toEqual(sha256(Uint8Array.of(1), row.slice(0, 64)));
    expect(row.slice(9 * 32)).toEqual(sha256(Uint8Array.of(1), row.slice(64, 128)));
  });
});

describe('hashLeaf and hashBranch', () => {
  it('puts a zero byte before a leaf', () => {
    expect(hashLeaf(Uint8Array.of(7, 8))).toEqual(sha256(Uint8Array.of(0, 7, 8)));
  });

  it.each([new Uint8Array(31), new Uint8Array(33), undefined])('refuses what is no hash', (wrong) => {
    const right = new Uint8Array(32);
    expect(() => hashBranch(wrong as Uint8Array, right)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
