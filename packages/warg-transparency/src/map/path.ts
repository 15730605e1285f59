import { sha256 } from '@warg/crypto';

/**
 * The path of a key: SHA-256 of its bytes. Its bits, the most significant of the first byte first, lead from the
 * root to the leaf; 0 is left.
 */
export function pathOf(key: Uint8Array): Uint8Array {
  return sha256(key);
}
