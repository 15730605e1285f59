import { sha256 } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashLeaf, hashLeaves } from './hash.ts';
import { hashMessage, hashMessages, hashMessagesPlain } from './message.ts';

const message = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24);
const prefix = fc.option(fc.nat(255), { nil: undefined });

/** As it is defined, by another implementation. */
const defined = (bytes: Uint8Array, first: number | undefined) =>
  first === undefined ? sha256(bytes) : sha256(Uint8Array.of(first), bytes);

function plain(messages: readonly Uint8Array[], first: number | undefined): Uint8Array {
  const hashes = new Uint8Array(32 * messages.length);
  hashMessagesPlain(messages, first, hashes);
  return hashes;
}

describe('hashMessage', () => {
  it('is SHA-256 for every length around the ends of blocks, and where another implementation takes over', () => {
    for (let length = 0; length < 600; length++) {
      for (const first of [undefined, 0]) {
        expect(hashMessage(message(length), first)).toEqual(defined(message(length), first));
      }
    }
  });
});

describe('hashMessages', () => {
  it('are those of each message alone, in any order of lengths', () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(200), fc.constantFrom(54, 55, 56, 63, 64, 600)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(lengths, prefix, (each, first) => {
        const messages = each.map(message);
        const hashes = hashMessages(messages, first);
        expect(hashes).toEqual(plain(messages, first));
        messages.forEach((bytes, i) => {
          expect(hashes.subarray(32 * i, 32 * i + 32)).toEqual(defined(bytes, first));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('are right for more messages than there is room for at once, and for what is left of others there', () => {
    for (const [count, length] of [
      [1500, 33],
      [700, 120],
      [3, 1],
      // The longest of a short block, without and with a prefix, and one more.
      [9, 34],
      [9, 35],
      [9, 36],
      [1025, 55],
      [130, 500],
    ] as const) {
      const messages = Array.from({ length: count }, (_, i) => message(length, i));
      for (const first of [undefined, 0, 255]) {
        expect(hashMessages(messages, first)).toEqual(plain(messages, first));
      }
    }
  });
});

describe('hashLeaves', () => {
  it('are the hashes of the leaves, one behind the other', () => {
    const leaves = [message(5), message(0), message(100)];
    const hashes = hashLeaves(leaves);
    expect(hashes.length).toBe(96);
    leaves.forEach((leaf, i) => {
      expect(hashes.subarray(32 * i, 32 * i + 32)).toEqual(hashLeaf(leaf));
    });
    expect(hashLeaves([])).toEqual(new Uint8Array(0));
  });

  it.each(['text', undefined, [1, 2]])('refuses %o, which is no Uint8Array', (wrong: unknown) => {
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => hashLeaf(wrong as Uint8Array)).toThrow(refusal);
    expect(() => hashLeaves([wrong as Uint8Array])).toThrow(refusal);
  });
});
