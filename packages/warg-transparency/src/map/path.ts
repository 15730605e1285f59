import { TransparencyError } from '../errors.ts';
import { HASH_BYTES } from '../hashing/hash.ts';
import { hashMessage, hashMessages } from '../hashing/message.ts';

/**
 * The path of a key: SHA-256 of its bytes. Its bits, the most significant of the first byte first, lead from the
 * root to the leaf; 0 is left.
 */
export function pathOf(key: Uint8Array): Uint8Array {
  requireKey(key);
  return hashMessage(key);
}

/** The paths of keys, as {@link pathOf} computes each, several at once: views of one array. */
export function pathsOf(keys: readonly Uint8Array[]): Uint8Array[] {
  for (const key of keys) requireKey(key);
  const paths = hashMessages(keys);
  return keys.map((_, i) => paths.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/** @throws TransparencyError `INVALID_ARGUMENT` */
function requireKey(key: Uint8Array): void {
  if (key instanceof Uint8Array) return;
  throw new TransparencyError('INVALID_ARGUMENT', `expected the bytes of a key, found ${typeof key}`);
}
