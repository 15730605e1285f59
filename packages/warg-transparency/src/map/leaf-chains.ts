// The way of a leaf up to the place where it stands alone. It is 230 levels long and more, and a leaf goes most of it again each
// time that a new one comes near and both move down by a page. The hash at one height of it is therefore kept with the leaf, so
// high up that a leaf that moves has few levels left to climb, and so low that hardly any two leaves meet below.

import { equalBytes } from '@warg/crypto';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { type EmptyChain, hashEmptyChains } from './empty.ts';
import { isTall, KEPT_HEIGHT } from './kept-height.ts';
import { corruptPage, type LoneLeaf, nodeHash, nodeMapHeight, PLACES } from './page.ts';

/** A leaf on its way up past empty subtrees. */
export interface LeafChain {
  readonly path: Uint8Array;
  readonly leaf: Hash;
  /** The height to climb to. */
  readonly to: number;
  /** The hash at {@link KEPT_HEIGHT}; where that is passed and it is not known yet, {@link climbLeaves} puts it here. */
  kept: Hash | undefined;
  /** The hash at height `to`, once it was climbed to: 32 bytes that belong to this chain alone. */
  readonly hash: Uint8Array;
}

/** Climbs every leaf, from the hash that is kept where there is one. All that begin at one height climb together. */
export function climbLeaves(leaves: readonly LeafChain[]): void {
  const low: EmptyChain[] = [];
  const high: EmptyChain[] = [];
  for (const each of leaves) {
    const { path, leaf, to, hash } = each;
    if (!isTall(to)) {
      hash.set(leaf);
      low.push({ path, from: 0, to, hash });
      continue;
    }
    if (each.kept === undefined) {
      each.kept = new Uint8Array(leaf);
      low.push({ path, from: 0, to: KEPT_HEIGHT, hash: each.kept });
    }
    high.push({ path, from: KEPT_HEIGHT, to, hash });
  }
  hashEmptyChains(low);
  for (const each of leaves) if (isTall(each.to)) each.hash.set(each.kept!);
  hashEmptyChains(high);
}

/** A chain that begins with what a page says of a leaf. */
export interface ReadLeafChain extends LeafChain {
  readonly read: LoneLeaf;
}

/**
 * Climbs on from where chains ended to the places that their leaves were read from. Only if they come to the hashes that stand
 * there, for which the hash of the page vouches, was it true what the page says of the leaves.
 *
 * @throws TransparencyError `CORRUPT_PAGE`
 */
export function confirmLeaves(leaves: readonly ReadLeafChain[]): void {
  const chains = leaves.map(({ path, to, hash, read }): EmptyChain => {
    return { path, from: to, to: placeHeight(read), hash: hash.slice() };
  });
  hashEmptyChains(chains);
  leaves.forEach(({ read }, i) => {
    const { page, place } = read;
    if (equalBytes(chains[i]!.hash, nodeHash(page, PLACES + place))) return;
    throw corruptPage(
      page.id,
      `what it says of the leaf in place ${place} does not lead to the hash of the place`,
    );
  });
}

/**
 * Climbs leaves from the bottom, and compares the hashes that are kept on the way.
 *
 * @throws TransparencyError `CORRUPT_PAGE`
 */
export function checkLeaves(leaves: readonly LoneLeaf[]): void {
  const chains = leaves.map((read): ReadLeafChain => {
    const { path, leaf } = read;
    return { path, leaf, to: placeHeight(read), kept: undefined, hash: new Uint8Array(HASH_BYTES), read };
  });
  climbLeaves(chains);
  confirmLeaves(chains);
  for (const { kept, read } of chains) {
    if (read.kept === undefined || equalBytes(read.kept, kept!)) continue;
    throw corruptPage(
      read.page.id,
      `the hash that is kept with the leaf in place ${read.place} is not its own`,
    );
  }
}

/** The height of the place that a leaf stands in. */
function placeHeight({ page, place }: LoneLeaf): number {
  return nodeMapHeight(page.depth, PLACES + place);
}
