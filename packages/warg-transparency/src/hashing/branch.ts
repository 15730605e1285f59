// SHA-256 (FIPS 180-4) of exactly 65 bytes: 0x01 and two hashes. A tree hashes nothing else but its leaves, so
// this one shape is worth a function that allocates nothing and leaves hundreds of nanoseconds of set-up out.
// Its inputs are public, so it need not be constant-time. The tests hold it against @warg/crypto's SHA-256.

import { sha256 } from '@warg/crypto';
import { beginState, compress, expand, word, words, writeState } from './compress.ts';

/**
 * The second block is the 65th byte, the padding bit and the length of 520 bits: one of 256. The words of all of
 * them, with the round constants added.
 */
export function lastBlocks(): Int32Array {
  expanded ??= expandLastBlocks();
  return expanded;
}

let expanded: Int32Array | undefined;

function expandLastBlocks(): Int32Array {
  const blocks = new Int32Array(256 * 64);
  for (let byte = 0; byte < 256; byte++) {
    words.fill(0, 0, 16);
    words[0] = (byte << 24) | 0x800000;
    words[15] = 520;
    expand();
    blocks.set(words, 64 * byte);
  }
  return blocks;
}

// Until the engine has compiled it well, that function takes many times longer than it will, and compiling costs what some
// thousands of hashes do. A program that verifies one download hashes a few hundred branches, and is done before.
const WORTH_COMPILING = 2000;
let hashed = 0;

// 0x01 and two hashes.
const message = Uint8Array.of(1, ...new Array<number>(64).fill(0));

/**
 * Hashes one branch: `out[outAt…+32]` = SHA-256 of 0x01, `left[leftAt…+32]` and `right[rightAt…+32]`.
 * `out` may be one of the inputs: they are read before it is written.
 */
export function hashBranchInto(
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
  out: Uint8Array,
  outAt: number,
): void {
  if (hashed >= WORTH_COMPILING) {
    compressBranchInto(left, leftAt, right, rightAt, out, outAt);
    return;
  }
  hashed++;
  message.set(left.subarray(leftAt, leftAt + 32), 1);
  message.set(right.subarray(rightAt, rightAt + 32), 33);
  out.set(sha256(message), outAt);
}

/** {@link hashBranchInto} without @warg/crypto. */
export function compressBranchInto(
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
  out: Uint8Array,
  outAt: number,
): void {
  const last = lastBlocks();
  // The prefix byte shifts everything by one: word i ends with byte 4i + 2 of the two hashes.
  words[0] = 0x01000000 | (left[leftAt]! << 16) | (left[leftAt + 1]! << 8) | left[leftAt + 2]!;
  for (let i = 1, at = leftAt + 3; i < 8; i++, at += 4) words[i] = word(left, at);
  words[8] =
    (left[leftAt + 31]! << 24) | (right[rightAt]! << 16) | (right[rightAt + 1]! << 8) | right[rightAt + 2]!;
  for (let i = 9, at = rightAt + 3; i < 16; i++, at += 4) words[i] = word(right, at);
  const lastByte = right[rightAt + 31]!;
  expand();

  beginState();
  compress(words, 0);
  compress(last, 64 * lastByte);
  writeState(out, outAt);
}
