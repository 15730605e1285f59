// The DER form of an ECDSA signature, SEQUENCE { INTEGER r, INTEGER s } (RFC 3279, section 2.2.3; X.690). Two
// numbers of at most 33 bytes fit into lengths below 128, so only the short form of a length can occur.

import { isScalar } from './scalar.ts';

/** From r ‖ s, 32 bytes each, to DER. */
export function encodeDerSignature(compact: Uint8Array): Uint8Array {
  const sizeOfR = integerSize(compact, 0);
  const sizeOfS = integerSize(compact, 32);
  const der = new Uint8Array(6 + sizeOfR + sizeOfS);
  der[0] = 0x30;
  der[1] = 4 + sizeOfR + sizeOfS;
  writeInteger(der, 2, compact.subarray(0, 32), sizeOfR);
  writeInteger(der, 4 + sizeOfR, compact.subarray(32, 64), sizeOfS);
  return der;
}

/** From DER to r ‖ s, 32 bytes each; undefined when it is not strict DER or a number takes more than 32 bytes. */
export function decodeDerSignature(der: Uint8Array): Uint8Array | undefined {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const compact = new Uint8Array(64);
  const afterR = decodeInteger(der, 2, compact.subarray(0, 32));
  if (afterR === undefined) return undefined;
  const afterS = decodeInteger(der, afterR, compact.subarray(32));
  return afterS === der.length ? compact : undefined;
}

/** How many bytes the number of 32 bytes at `at` takes without leading zeros. */
function integerSize(compact: Uint8Array, at: number): number {
  let start = at;
  while (start < at + 31 && compact[start] === 0) start++;
  // A leading bit that is set would make the number negative: it gets a zero before it.
  return at + 32 - start + ((compact[start] as number) >= 0x80 ? 1 : 0);
}

/** Writes a number right-aligned into `size` bytes, which it fits, behind its tag and length. */
function writeInteger(der: Uint8Array, at: number, number: Uint8Array, size: number): void {
  der[at] = 0x02;
  der[at + 1] = size;
  const digits = number.subarray(Math.max(0, 32 - size));
  der.set(digits, at + 2 + size - digits.length);
}

/** Whether both numbers in strict DER lie between 1 and the group's order: whether the bytes can be a signature. */
export function isDerSignature(der: Uint8Array): boolean {
  if (der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return false;
  return endOfScalar(der, endOfScalar(der, 2)) === der.length;
}

/** Where the number at `at` ends; -1 when it is malformed, too large or zero, or `at` is not in the bytes. */
function endOfScalar(der: Uint8Array, at: number): number {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0) return -1;
  const end = at + 2 + length;
  let start = at + 2;
  const first = der[start] as number;
  if (end > der.length || first >= 0x80) return -1;
  if (first === 0) {
    // Zero itself, or a zero that is not needed.
    if (length === 1 || (der[start + 1] as number) < 0x80) return -1;
    start++;
  }
  if (end - start > 32) return -1;
  // A shorter number is below the order, and does not begin with zero.
  return end - start < 32 || isScalar(der, start) ? end : -1;
}

/** Writes the number at `at` into `target`, right-aligned; returns where it ends, undefined when it is malformed. */
function decodeInteger(der: Uint8Array, at: number, target: Uint8Array): number | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0) return undefined;
  const end = at + 2 + length;
  if (end > der.length) return undefined;
  const digits = der.subarray(at + 2, end);
  const first = digits[0] as number;
  if (first >= 0x80) return undefined;
  if (first === 0 && digits.length > 1 && (digits[1] as number) < 0x80) return undefined;
  const magnitude = first === 0 ? digits.subarray(1) : digits;
  if (magnitude.length > target.length) return undefined;
  target.set(magnitude, target.length - magnitude.length);
  return end;
}
