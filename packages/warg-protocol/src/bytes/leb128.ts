// The prefix encoding: how ids, leaves and checkpoints are turned into the bytes that are hashed or signed.

import { concatBytes, encodeUtf8 } from '@warg/crypto';

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * The unsigned LEB128 form of a number from 0 to 2^64 − 1: seven bits a byte, the low ones first, the top bit set
 * in all bytes but the last.
 *
 * @throws RangeError for any other number. What comes from outside is checked where it is read.
 */
export function encodeLeb128(value: number | bigint): Uint8Array {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new RangeError(`expected an integer that a number holds exactly, found ${value}`);
  }
  if (value >= 0 && value < 0x80) return Uint8Array.of(Number(value));
  let rest = BigInt(value);
  if (rest < 0n || rest > U64_MAX) {
    throw new RangeError(`expected a number from 0 to 2^64 - 1, found ${value}`);
  }
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) + 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** The length of the text in UTF-8 bytes, as LEB128, then these bytes. */
export function encodePrefixedText(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  return concatBytes(encodeLeb128(bytes.length), bytes);
}
