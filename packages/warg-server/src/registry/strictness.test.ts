import {
  decodePackageRecord,
  encodePackageRecord,
  type PackageRecord,
  timestampFromMillis,
} from '@warg/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { requireStrict } from './strictness.ts';

const record: PackageRecord = {
  version: 0,
  prev: undefined,
  time: timestampFromMillis(1_000_000),
  entries: [{ type: 'yank', version: '1.0.0' as never }],
};
const LIMITS = { clockSkew: 0, versionBytes: 255 };
const plain = encodePackageRecord(record);

function varint(value: bigint, length = 1): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n || bytes.length < length; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
  bytes.push(bytes.pop()! & 0x7f);
  return bytes;
}

function isRefused(...more: readonly number[]): boolean {
  try {
    requireStrict(record, Uint8Array.of(...plain, ...more), 2_000_000, LIMITS);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ status: 422 });
    return true;
  }
}

const value = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc
    .constantFrom(2n ** 31n, 2n ** 32n, 2n ** 35n, 2n ** 63n, 2n ** 64n - 2n ** 31n)
    .chain((edge) => fc.bigInt(edge - 2n, edge + 1n)),
);

it('finds the numbers that decoders cut off, at every place that has some and nowhere else', () => {
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 10 }), (number, length) => {
      const bytes = varint(number, length);
      // Neither a number of 32 bits nor a negative one that was made longer.
      const isWide = number >= 2n ** 32n && number < 2n ** 64n - 2n ** 31n;
      const time = [0x10, ...bytes];
      expect(isRefused(0x10, ...bytes)).toBe(isWide);
      expect(isRefused(0x1a, time.length, ...time)).toBe(isWide);
      // Seconds have 64 bits, and of fields that nobody knows nothing is said.
      const seconds = [0x08, ...bytes];
      expect(isRefused(0x1a, seconds.length, ...seconds)).toBe(false);
      expect(isRefused(0x78, ...bytes)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

it('says nothing of what is in groups, which decoders pass over, and does not read on behind the end', () => {
  // A group, a text in it under the number of an entry, and in that what was a message of 2 MiB.
  expect(isRefused(0x4b, 0x22, 0x04, 0x12, 0xff, 0xff, 0x7f, 0x4c)).toBe(false);
  expect(isRefused(0x4b, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x4c)).toBe(false);
  // Behind its end things count again.
  expect(isRefused(0x4b, 0x53, 0x54, 0x4c, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)).toBe(true);
  const bytes = fc.uint8Array({ maxLength: 12 });
  const tail = fc.oneof(
    bytes.map((inside) => [0x4b, 0x22, inside.length, ...inside, 0x4c]),
    bytes.map((inside) => [0x22, inside.length, ...inside]),
    bytes.map((inside) => [...inside]),
  );
  fc.assert(
    fc.property(tail, (more) => {
      const all = Uint8Array.of(...plain, ...more);
      try {
        decodePackageRecord(all);
      } catch {
        return;
      }
      isRefused(...more);
    }),
    { numRuns: 5000 },
  );
});

it('refuses to release a version of more than 255 bytes, and takes what goes with one that is there', () => {
  const version = (length: number) => `1.0.0-${'a'.repeat(length)}`.slice(0, length) as never;
  const check = (...entries: PackageRecord['entries']) =>
    requireStrict({ ...record, entries }, plain, 2_000_000, LIMITS);
  const content = `sha256:${'0'.repeat(64)}` as never;
  check({ type: 'release', version: version(255), content }, { type: 'yank', version: version(100_000) });
  expect(() => check({ type: 'release', version: version(256), content })).toThrow(
    /at most 255 bytes, found one of 256, .*a shorter version/,
  );
});
