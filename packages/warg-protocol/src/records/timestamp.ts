import { RecordError } from '../errors.ts';

/** A moment in UTC: whole seconds since the Unix epoch (negative before it) and nanoseconds from 0 to 999999999. */
export interface Timestamp {
  /** From −2^63 + 1 to 2^63 − 1. */
  readonly seconds: bigint;
  readonly nanos: number;
}

const NANOS_PER_SECOND = 1_000_000_000;
const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/**
 * The moment of a `Date`'s milliseconds.
 *
 * @throws RangeError if it is no safe integer
 * @example timestampFromMillis(Date.now())
 */
export function timestampFromMillis(millis: number): Timestamp {
  if (!Number.isSafeInteger(millis)) throw new RangeError(`expected whole milliseconds, found ${millis}`);
  const seconds = Math.floor(millis / 1000);
  return { seconds: BigInt(seconds), nanos: (millis - seconds * 1000) * 1_000_000 };
}

/** Milliseconds since the epoch, rounded down; out of reach of a `Date` for moments that lie far away. */
export function timestampToMillis(time: Timestamp): number {
  return Number(time.seconds) * 1000 + Math.floor(time.nanos / 1_000_000);
}

/** Negative if `a` is before `b`, 0 if they are the same moment. */
export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos - b.nanos;
}

/**
 * What the two numbers of a `google.protobuf.Timestamp` mean, whatever they are: nanoseconds beyond a second are
 * carried over, what lies beyond the last second is cut to it.
 *
 * @throws RecordError `INVALID_RECORD` for second −2^63, which the reference's clock does not have
 */
export function normalizeTimestamp(seconds: bigint, nanos: number): Timestamp {
  let whole = seconds;
  let rest = nanos;
  const carry = Math.trunc(rest / NANOS_PER_SECOND);
  if (carry !== 0) {
    whole += BigInt(carry);
    rest -= carry * NANOS_PER_SECOND;
    if (whole > I64_MAX) return { seconds: I64_MAX, nanos: NANOS_PER_SECOND - 1 };
  }
  if (rest < 0) {
    whole -= 1n;
    rest += NANOS_PER_SECOND;
  }
  if (whole <= I64_MIN) {
    throw new RecordError(
      'INVALID_RECORD',
      `expected a timestamp after second -2^63, found second ${seconds}`,
    );
  }
  return { seconds: whole, nanos: rest };
}

/** @throws RecordError `UNENCODABLE_RECORD` unless the timestamp is one that {@link normalizeTimestamp} gives */
export function requireNormalized(time: Timestamp): void {
  const { seconds, nanos } = time;
  if (typeof seconds !== 'bigint' || seconds <= I64_MIN || seconds > I64_MAX) {
    throw new RecordError(
      'UNENCODABLE_RECORD',
      `expected seconds from -2^63 + 1 to 2^63 - 1, found ${seconds}`,
    );
  }
  if (!Number.isInteger(nanos) || nanos < 0 || nanos >= NANOS_PER_SECOND) {
    throw new RecordError('UNENCODABLE_RECORD', `expected nanos from 0 to 999999999, found ${nanos}`);
  }
}
