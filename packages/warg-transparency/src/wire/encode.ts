// Writes protobuf messages by hand: proofs are written far more often than anything else, and building a message of
// objects first takes longer than making the proof. Tests hold what comes out against the generated messages.

import { TransparencyError } from '../errors.ts';

/** The tag of a field whose number is below 16. */
export const varintTag = (field: number): number => field * 8;
export const bytesTag = (field: number): number => field * 8 + 2;

/** How many bytes a varint takes. @throws TransparencyError `INVALID_ARGUMENT` for what is no uint32 */
export function varintSize(value: number): number {
  if (value < 0x80) {
    if (Number.isInteger(value) && value >= 0) return 1;
  } else if (Number.isInteger(value) && value <= 0xffff_ffff) {
    return value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
  }
  throw new TransparencyError('INVALID_ARGUMENT', `expected a number of 32 bits, found ${value}`);
}

/** Writes a varint and returns where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest >= 0x80) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[end++] = rest;
  return end;
}
