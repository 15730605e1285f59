// The trees as their definitions say, without any thought of speed: what the tests hold the real ones against.

import { sha256 } from '@warg/crypto';
import type { Hash } from '../src/index.ts';

export function naiveLeaf(data: Uint8Array): Hash {
  return sha256(Uint8Array.of(0), data);
}

export function naiveBranch(left: Hash, right: Hash): Hash {
  return sha256(Uint8Array.of(1), left, right);
}

/** The Merkle tree hash of RFC 6962, section 2.1, over leaf hashes. */
export function naiveLogRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return naiveBranch(naiveLogRoot(leaves.slice(0, split)), naiveLogRoot(leaves.slice(split)));
}

export interface NaiveEntry {
  readonly path: Uint8Array;
  readonly leaf: Hash;
}

const EMPTY: Hash[] = [naiveLeaf(new Uint8Array(0))];
for (let height = 1; height <= 256; height++) EMPTY.push(naiveBranch(EMPTY[height - 1]!, EMPTY[height - 1]!));

function bit(path: Uint8Array, depth: number): number {
  return (path[Math.floor(depth / 8)]! >> (7 - (depth % 8))) & 1;
}

/** The root of the sparse tree of height 256 over entries with different paths. */
export function naiveMapRoot(entries: readonly NaiveEntry[], depth = 0): Hash {
  if (entries.length === 0) return EMPTY[256 - depth]!;
  if (depth === 256) return entries[0]!.leaf;
  return naiveBranch(
    naiveMapRoot(
      entries.filter(({ path }) => bit(path, depth) === 0),
      depth + 1,
    ),
    naiveMapRoot(
      entries.filter(({ path }) => bit(path, depth) === 1),
      depth + 1,
    ),
  );
}

/** All 256 siblings of a path, from the leaf upwards; undefined for empty ones. */
export function naiveMapSiblings(entries: readonly NaiveEntry[], path: Uint8Array): (Hash | undefined)[] {
  const siblings: (Hash | undefined)[] = [];
  let below = entries;
  for (let depth = 0; depth < 256; depth++) {
    const other = below.filter((entry) => bit(entry.path, depth) !== bit(path, depth));
    siblings.unshift(other.length === 0 ? undefined : naiveMapRoot(other, depth + 1));
    below = below.filter((entry) => bit(entry.path, depth) === bit(path, depth));
  }
  return siblings;
}

/** A leaf hash for each number, all different. */
export function leafNumber(i: number, seed = 'leaf'): Hash {
  return naiveLeaf(new TextEncoder().encode(`${seed} ${i}`));
}

/** Leaf hashes 0 … count - 1. */
export function leafNumbers(count: number, seed = 'leaf'): Hash[] {
  return Array.from({ length: count }, (_, i) => leafNumber(i, seed));
}

/** A key for each number. */
export function keyNumber(i: number): Uint8Array {
  return sha256(new TextEncoder().encode(`key ${i}`));
}
