import { EncodeError } from './error.ts';
import type { U64 } from './read.ts';

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** A text as JSON writes it, escaped as serde_json does. Half a surrogate pair becomes U+FFFD. */
export function writeText(text: string): string {
  const written = JSON.stringify(text);
  // JSON.stringify writes half a pair as \udxxx, which no strict reader takes.
  return written.includes('\\ud') ? JSON.stringify(text.replace(LONE_SURROGATES, '\ufffd')) : written;
}

/**
 * An unsigned 64-bit integer as JSON writes it.
 *
 * @throws EncodeError for anything else: negative, fractional, a number beyond 2^53−1, a bigint beyond 2^64−1
 */
export function writeU64(value: U64): string {
  if (
    typeof value === 'number' ? Number.isSafeInteger(value) && value >= 0 : value >= 0n && value < 2n ** 64n
  ) {
    return String(value);
  }
  throw new EncodeError(`expected an integer from 0 to 2^64−1, found ${value}`);
}

/** An unsigned 16-bit integer as JSON writes it. @throws EncodeError for anything else */
export function writeU16(value: number): string {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff) return String(value);
  throw new EncodeError(`expected an integer from 0 to 65535, found ${value}`);
}

/** An array, each element written by `write`. */
export function writeArray<T>(values: readonly T[], write: (value: T) => string): string {
  return `[${values.map((value) => write(value)).join(',')}]`;
}

/** An object whose names are data. */
export function writeMap<T>(map: ReadonlyMap<string, T>, write: (value: T) => string): string {
  const members: string[] = [];
  for (const [name, value] of map) members.push(`${writeText(name)}:${write(value)}`);
  return `{${members.join(',')}}`;
}
