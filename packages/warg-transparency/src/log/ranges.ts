// The proofs of RFC 6962 (sections 2.1.1 and 2.1.2; the same in RFC 9162) are hashes of ranges of leaves. A range that
// begins where a proof cuts is a run of complete subtrees, from tall to small; only one at the right edge of the tree
// has more than one of them.

import { balancedRoots } from './nodes.ts';

/** The leaves from `start` to `end`, which is excluded. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The ranges whose hashes are the audit path of a leaf, from the leaf upwards. */
export function inclusionRanges(leaf: number, length: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = length;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (leaf < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes prove that a log of `oldLength` leaves is a beginning of one of `length`, in the order of the
 * RFC. None if the two are the same, or the old one is empty.
 */
export function consistencyRanges(oldLength: number, length: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  if (oldLength === 0) return ranges;
  let start = 0;
  let end = length;
  while (end !== oldLength) {
    const middle = start + splitOf(end - start);
    if (oldLength <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // From the first leaf on it is the old tree itself, whose root the verifier has.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The nodes of the complete subtrees that a range of a proof is made of, from left to right. */
export function nodesOfRange({ start, end }: LeafRange): number[] {
  // All nodes of a range stand two to the right for each leaf to its left.
  return balancedRoots(end - start).map((node) => node + 2 * start);
}

/** The largest power of two below a size that is at least two. */
function splitOf(size: number): number {
  let split = 1;
  while (2 * split < size) split *= 2;
  return split;
}
