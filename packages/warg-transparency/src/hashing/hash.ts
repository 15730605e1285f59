import { lanes } from '#lanes';
import { TransparencyError } from '../errors.ts';
import { TREE_HASHES } from '../lanes/lanes.ts';
import { hashBranchInto } from './branch.ts';
import { hashMessage, hashMessages, hashMessagesInto } from './message.ts';

/** A SHA-256: 32 bytes. Trees give hashes out without copying; do not write into them. */
export type Hash = Uint8Array;

/** The length of a {@link Hash} in bytes. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0;

/**
 * The hash of a leaf: SHA-256 of a zero byte and the data (RFC 6962, section 2.1). Log and map share it.
 *
 * @param data the bytes of the leaf, with whatever prefix tells this kind of leaf from others
 * @returns 32 bytes
 * @throws TransparencyError `INVALID_ARGUMENT` if it is not a Uint8Array
 */
export function hashLeaf(data: Uint8Array): Hash {
  requireBytes(data);
  return hashMessage(data, LEAF_PREFIX);
}

/**
 * The hashes of leaves, as {@link hashLeaf} computes each, several at once. That is what {@link MerkleLog.append} takes.
 *
 * @param leaves the bytes of each leaf, with whatever prefix tells this kind of leaf from others
 * @returns 32 bytes for each, one behind the other, in their order
 * @throws TransparencyError `INVALID_ARGUMENT` if one is not a Uint8Array
 * @example await log.append(hashLeaves([first, second]));
 */
export function hashLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  for (const leaf of leaves) requireBytes(leaf);
  return hashMessages(leaves, LEAF_PREFIX);
}

/** {@link hashLeaves} into an array that is there already, from leaves that were looked at by {@link requireBytes}. */
export function hashLeavesInto(leaves: readonly Uint8Array[], hashes: Uint8Array): void {
  hashMessagesInto(leaves, LEAF_PREFIX, hashes);
}

/** @throws TransparencyError `INVALID_ARGUMENT` */
export function requireBytes(data: Uint8Array): void {
  if (data instanceof Uint8Array) return;
  throw new TransparencyError('INVALID_ARGUMENT', `expected the bytes of a leaf, found ${typeof data}`);
}

/**
 * The hash of a branch: SHA-256 of a one byte, the left and the right hash (RFC 6962, section 2.1).
 *
 * @returns 32 bytes
 * @throws TransparencyError `INVALID_ARGUMENT` if one is not 32 bytes long
 */
export function hashBranch(left: Hash, right: Hash): Hash {
  requireHash(left, 'left hash');
  requireHash(right, 'right hash');
  const out = new Uint8Array(HASH_BYTES);
  hashBranchInto(left, 0, right, 0, out, 0);
  return out;
}

/**
 * Hashes a row of branches: `hashes[to + i]` = branch of `hashes[from + 2i]` and `hashes[from + 2i + 1]` for
 * i < count. All positions count hashes of 32 bytes in one array, and no branch is written over one that is still to be read.
 */
export function hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void {
  // One alone is done before four at once are.
  const four = count > 1 ? lanes(count) : undefined;
  if (four !== undefined) four.hashPairs(hashes, from, to, count);
  else hashPairsPlain(hashes, from, to, count);
}

/** {@link hashPairs} as it is defined: one branch after the other. */
export function hashPairsPlain(hashes: Uint8Array, from: number, to: number, count: number): void {
  let source = from * HASH_BYTES;
  let target = to * HASH_BYTES;
  for (let i = 0; i < count; i++) {
    hashBranchInto(hashes, source, hashes, source + HASH_BYTES, hashes, target);
    source += 2 * HASH_BYTES;
    target += HASH_BYTES;
  }
}

/**
 * The roots of trees over rows of hashes.
 *
 * @param hashes 32 bytes for each hash of each tree, one behind the other; they stay as they are
 * @param size how many hashes each tree has: a power of two
 * @returns 32 bytes for each tree, in their order
 */
export function hashTrees(hashes: Uint8Array, size: number): Uint8Array {
  const roots = new Uint8Array(hashes.length / size);
  const four = size <= TREE_HASHES ? lanes(hashes.length / HASH_BYTES) : undefined;
  if (four !== undefined) four.hashTrees(hashes, size, roots);
  else hashTreesPlain(hashes, size, roots);
  return roots;
}

/** {@link hashTrees} as it is defined: one tree after the other. */
export function hashTreesPlain(hashes: Uint8Array, size: number, roots: Uint8Array): void {
  const bytes = size * HASH_BYTES;
  for (let at = 0; at < hashes.length; at += bytes) {
    roots.set(hashTreePlain(hashes.subarray(at, at + bytes)), at / size);
  }
}

/** The root of one tree: row by row. */
export function hashTreePlain(hashes: Uint8Array): Hash {
  const row = new Uint8Array(hashes);
  for (let pairs = row.length / HASH_BYTES / 2; pairs >= 1; pairs /= 2) hashPairsPlain(row, 0, 0, pairs);
  return row.slice(0, HASH_BYTES);
}

/** @throws TransparencyError `INVALID_ARGUMENT` */
export function requireHash(hash: Hash, what: string): void {
  if (!(hash instanceof Uint8Array) || hash.length !== HASH_BYTES) {
    const found = hash instanceof Uint8Array ? `${hash.length} bytes` : typeof hash;
    throw new TransparencyError('INVALID_ARGUMENT', `expected ${what} to be 32 bytes, found ${found}`);
  }
}
