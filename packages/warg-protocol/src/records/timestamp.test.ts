import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamps } from '../../test/arbitraries.ts';
import { RecordError } from '../errors.ts';
import {
  compareTimestamps,
  normalizeTimestamp,
  timestampFromMillis,
  timestampToMillis,
} from './timestamp.ts';

describe('normalizeTimestamp', () => {
  it('keeps the moment', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), int32, (seconds, nanos) => {
        const time = normalizeTimestamp(seconds, nanos);
        expect(time.seconds * 1_000_000_000n + BigInt(time.nanos)).toBe(
          seconds * 1_000_000_000n + BigInt(nanos),
        );
        expect(time.nanos).toBeGreaterThanOrEqual(0);
        expect(time.nanos).toBeLessThan(1_000_000_000);
      }),
    );
  });

  it('leaves what is normal as it is', () => {
    fc.assert(
      fc.property(timestamps, (time) => {
        expect(normalizeTimestamp(time.seconds, time.nanos)).toEqual(time);
      }),
    );
  });

  it('cuts at the last second and refuses what lies at or before the first', () => {
    const last = 2n ** 63n - 1n;
    expect(normalizeTimestamp(last, 1_000_000_000)).toEqual({ seconds: last, nanos: 999_999_999 });
    expect(normalizeTimestamp(last - 1n, 1_000_000_000)).toEqual({ seconds: last, nanos: 0 });
    expect(normalizeTimestamp(-last, 1)).toEqual({ seconds: -last, nanos: 1 });
    for (const [seconds, nanos] of [
      [-(2n ** 63n), 0],
      [-(2n ** 63n), -2_000_000_000],
      [-last, -1],
    ] as const) {
      expect(() => normalizeTimestamp(seconds, nanos)).toThrow(RecordError);
    }
  });
});

describe('milliseconds', () => {
  it('are kept both ways', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (millis) => {
        expect(timestampToMillis(timestampFromMillis(millis))).toBe(millis);
      }),
    );
    expect(timestampFromMillis(-1)).toEqual({ seconds: -1n, nanos: 999_000_000 });
    expect(() => timestampFromMillis(0.5)).toThrow(RangeError);
  });

  it('have the order of the moments', () => {
    fc.assert(
      fc.property(timestamps, timestamps, (a, b) => {
        expect(Math.sign(compareTimestamps(a, b))).toBe(-Math.sign(compareTimestamps(b, a)) + 0);
        if (a.seconds !== b.seconds) expect(compareTimestamps(a, b) < 0).toBe(a.seconds < b.seconds);
      }),
    );
  });
});
