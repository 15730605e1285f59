// SHA-256 of messages that are short: leaves, and keys of the map. A general function takes longer to be set up than to hash
// them. As with branches, all of it is public, and the tests hold it against @warg/crypto's SHA-256.

import { sha256 } from '@warg/crypto';
import { lanes } from '#lanes';
import { beginState, compress, expand, word, words, writeState } from './compress.ts';

const HASH_BYTES = 32;

/** Messages of more blocks are hashed sooner by {@link sha256}. */
const MAX_BLOCKS = 8;

/** The number of blocks of a message: with its prefix, the bit behind it, and its length. Of a long one: some that are too many. */
function blocksOf(message: Uint8Array, prefix: number | undefined): number {
  const bytes = message.length + (prefix === undefined ? 9 : 10);
  return bytes > 64 * MAX_BLOCKS ? MAX_BLOCKS + 1 : (bytes + 63) >> 6;
}

/** SHA-256 of a prefix byte, if there is one, and a message. */
export function hashMessage(message: Uint8Array, prefix?: number): Uint8Array<ArrayBuffer> {
  const hash = new Uint8Array(HASH_BYTES);
  hashMessageInto(message, prefix, hash, 0);
  return hash;
}

/**
 * Hashes messages as {@link hashMessage} does, four at once where neighbours are of about the same length.
 *
 * @returns the hashes, one behind the other
 */
export function hashMessages(messages: readonly Uint8Array[], prefix?: number): Uint8Array<ArrayBuffer> {
  const hashes = new Uint8Array(messages.length * HASH_BYTES);
  hashMessagesInto(messages, prefix, hashes);
  return hashes;
}

/** {@link hashMessages} into an array that is there already. */
export function hashMessagesInto(
  messages: readonly Uint8Array[],
  prefix: number | undefined,
  hashes: Uint8Array,
): void {
  const four = lanes(messages.length);
  if (four === undefined) {
    hashMessagesPlain(messages, prefix, hashes);
    return;
  }
  for (let start = 0; start < messages.length; ) {
    const blocks = blocksOf(messages[start]!, prefix);
    let end = start + 1;
    while (end < messages.length && blocksOf(messages[end]!, prefix) === blocks) end++;
    // One alone is done before four at once are.
    if (blocks <= MAX_BLOCKS && end > start + 1) {
      four.hashMessages({ messages, start, end, prefix, blocks, hashes });
    } else {
      for (let i = start; i < end; i++) hashMessageInto(messages[i]!, prefix, hashes, i * HASH_BYTES);
    }
    start = end;
  }
}

/** {@link hashMessagesInto} as it is defined: one message after the other. */
export function hashMessagesPlain(
  messages: readonly Uint8Array[],
  prefix: number | undefined,
  hashes: Uint8Array,
): void {
  messages.forEach((message, i) => {
    hashMessageInto(message, prefix, hashes, i * HASH_BYTES);
  });
}

const block = new Uint8Array(64);

function hashMessageInto(
  message: Uint8Array,
  prefix: number | undefined,
  out: Uint8Array,
  outAt: number,
): void {
  const blocks = blocksOf(message, prefix);
  if (blocks > MAX_BLOCKS) {
    out.set(prefix === undefined ? sha256(message) : sha256(Uint8Array.of(prefix), message), outAt);
    return;
  }
  // Where the next byte of the message goes in its block, which has none of the message before it but the prefix.
  let to = 0;
  let from = 0;
  if (prefix !== undefined) block[to++] = prefix;
  beginState();
  for (let left = blocks; left > 0; left--) {
    while (to < 64 && from < message.length) block[to++] = message[from++]!;
    // Behind the message one byte 0x80, then zeros. `from` counts on, so that there is one alone.
    while (to < 64) block[to++] = from++ === message.length ? 0x80 : 0;
    for (let i = 0; i < 16; i++) words[i] = word(block, 4 * i);
    if (left === 1) words[15] = 8 * (message.length + (prefix === undefined ? 0 : 1));
    expand();
    compress(words, 0);
    to = 0;
  }
  writeState(out, outAt);
}
