import { encodeHex, sha256 } from '@warg/crypto';
import { lanes } from '#lanes';
import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';
import { hashBranchInto } from '../hashing/branch.ts';
import { HASH_BYTES, type Hash, hashLeaf } from '../hashing/hash.ts';

/** The height of the map: a path has one bit for each level. */
export const MAP_HEIGHT = 256;

/** The hashes of empty subtrees of height 0 to 256, one behind the other. */
export const EMPTY_HASHES = makeEmptyHashes();

function makeEmptyHashes(): Uint8Array {
  const hashes = new Uint8Array((MAP_HEIGHT + 1) * HASH_BYTES);
  hashes.set(hashLeaf(new Uint8Array(0)));
  for (let height = 1; height <= MAP_HEIGHT; height++) {
    const below = (height - 1) * HASH_BYTES;
    // Not `hashBranchInto`, whose tables a program may never need.
    const two = hashes.subarray(below, below + HASH_BYTES);
    hashes.set(sha256(Uint8Array.of(1), two, two), below + HASH_BYTES);
  }
  return hashes;
}

/**
 * The hash of a subtree of the map without entries: SHA-256 of a zero byte for height 0, two of the height below
 * as a branch for the others.
 *
 * @param height 0 to 256
 * @throws TransparencyError `INVALID_ARGUMENT`
 */
export function emptyMapHash(height: number): Hash {
  requireCount(height, 'the height of a subtree');
  if (height > MAP_HEIGHT) {
    throw new TransparencyError('INVALID_ARGUMENT', `expected a height up to ${MAP_HEIGHT}, found ${height}`);
  }
  return EMPTY_HASHES.subarray(height * HASH_BYTES, (height + 1) * HASH_BYTES);
}

/** The root of a map without entries. */
export const EMPTY_MAP_ROOT: Hash = emptyMapHash(MAP_HEIGHT);

/** The leaf that stands for "no entry". */
export const EMPTY_MAP_LEAF: Hash = emptyMapHash(0);

/** Whether the 32 bytes at `at` are the hash of an empty subtree of the height. */
export function isEmptyHash(bytes: Uint8Array, at: number, height: number): boolean {
  const start = height * HASH_BYTES;
  for (let i = 0; i < HASH_BYTES; i++) if (bytes[at + i] !== EMPTY_HASHES[start + i]) return false;
  return true;
}

/** The bit of a path that leads from depth `depth` one level down: 0 to the left, 1 to the right. */
export function bitAt(path: Uint8Array, depth: number): number {
  return (path[depth >> 3]! >> (7 - (depth & 7))) & 1;
}

/** The way of one hash upwards past empty subtrees. */
export interface EmptyChain {
  /** The 256 bits that lead to the leaf. */
  readonly path: Uint8Array;
  /** The height of the subtree that `hash` is the root of. */
  readonly from: number;
  /** The height to climb to. */
  readonly to: number;
  /** The hash at height `from`; afterwards that at height `to`. 32 bytes that belong to this chain alone. */
  readonly hash: Uint8Array;
}

/**
 * Climbs every chain, each `hash` in place. Nearly all hashing of a map is done here, 200 and more for each entry
 * that is new, and chains do not depend on each other.
 */
export function hashEmptyChains(chains: readonly EmptyChain[]): void {
  const four = chains.length > 1 ? lanes(chains.length * MAP_HEIGHT) : undefined;
  if (four !== undefined) four.climb(chains, EMPTY_HASHES);
  else hashEmptyChainsPlain(chains);
}

/** {@link hashEmptyChains} as it is defined: one chain after the other. */
export function hashEmptyChainsPlain(chains: readonly EmptyChain[]): void {
  for (const { path, from, to, hash } of chains) {
    for (let height = from; height < to; height++) {
      const empty = height * HASH_BYTES;
      if (bitAt(path, MAP_HEIGHT - 1 - height) === 0) hashBranchInto(hash, 0, EMPTY_HASHES, empty, hash, 0);
      else hashBranchInto(EMPTY_HASHES, empty, hash, 0, hash, 0);
    }
  }
}

/** The number of leading bits that two different paths share. */
export function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const different = a[i]! ^ b[i]!;
    if (different !== 0) return 8 * i + Math.clz32(different) - 24;
  }
  throw new TransparencyError(
    'INVALID_ARGUMENT',
    `expected two different paths, found ${encodeHex(a)} twice`,
  );
}
