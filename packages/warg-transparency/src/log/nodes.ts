// Node numbers of a Merkle log: in-order, as the spaces between leaves are counted in. Leaf i is node 2i and the
// branch over two nodes has the number in the middle, so that the height of a node is the number of trailing one
// bits of its number and no number ever changes when the log grows.
//
// A number may exceed 2^32 during a walk (the sibling of a 32-bit one), so 32-bit operators are used only
// where that is ruled out.

import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';

/** Which child of its parent a node is. */
export type Side = 'left' | 'right';

/** The number of the node of a leaf. */
export function leafNode(leaf: number): number {
  return 2 * leaf;
}

/** The number of the node of height `height` with `position` nodes of that height to its left. */
export function nodeAt(height: number, position: number): number {
  return 2 ** height * (2 * position + 1) - 1;
}

/** The height of a node; leaves have height 0. */
export function nodeHeight(node: number): number {
  if (node < 0x7fff_ffff) {
    // The lowest bit that is not set, which 32-bit operators find at once where they can be used.
    const next = node + 1;
    return 31 - Math.clz32(next & -next);
  }
  let height = 0;
  for (let rest = node; rest % 2 === 1; rest = (rest - 1) / 2) height++;
  return height;
}

/** How many nodes of the same height stand to the left of a node. */
export function nodePosition(node: number): number {
  return Math.floor(node / 2 ** (nodeHeight(node) + 1));
}

/** Whether a node is the left or the right child of its parent. */
export function nodeSide(node: number): Side {
  return nodePosition(node) % 2 === 0 ? 'left' : 'right';
}

/** The parent of a node. Every node has one: the log is open to the right. */
export function parentOf(node: number): number {
  const half = 2 ** nodeHeight(node);
  return nodeSide(node) === 'left' ? node + half : node - half;
}

/** The other child of the node's parent. */
export function siblingOf(node: number): number {
  const distance = 2 ** (nodeHeight(node) + 1);
  return nodeSide(node) === 'left' ? node + distance : node - distance;
}

/** The children of a branch, left and right; undefined for a leaf. */
export function childrenOf(node: number): readonly [left: number, right: number] | undefined {
  const height = nodeHeight(node);
  if (height === 0) return undefined;
  const quarter = 2 ** (height - 1);
  return [node - quarter, node + quarter];
}

/** The number of the first leaf below a node. */
export function leftmostDescendant(node: number): number {
  return node - (2 ** nodeHeight(node) - 1);
}

/** The number of the last leaf below a node. */
export function rightmostDescendant(node: number): number {
  return node + (2 ** nodeHeight(node) - 1);
}

/** The smallest length, in leaves, at which the node is complete and its hash never changes again. */
export function existsFromLength(node: number): number {
  return rightmostDescendant(node) / 2 + 1;
}

// A node number is about twice an index, and a double holds whole numbers up to 2^53 exactly.
const MAX_LENGTH = 2 ** 52;

/**
 * The roots of the complete subtrees of a log, from left to right, which is from the tallest to the smallest:
 * one for each one bit of its length.
 *
 * @param length in leaves
 * @throws TransparencyError `INVALID_ARGUMENT` if the length is no whole number from 0 to 2^52
 * @example balancedRoots(7)  // [3, 9, 12]: subtrees of 4, 2 and 1 leaves
 */
export function balancedRoots(length: number): number[] {
  requireCount(length, 'the length of a log');
  if (length > MAX_LENGTH) {
    throw new TransparencyError('INVALID_ARGUMENT', `expected a log of at most 2^52 leaves, found ${length}`);
  }
  const roots: number[] = [];
  let rest = length;
  let first = 0;
  for (let height = Math.floor(Math.log2(Math.max(length, 1))) + 1; height >= 0; height--) {
    const leaves = 2 ** height;
    if (rest < leaves) continue;
    // The subtree begins at leaf `first`, whose node is 2 * first; its root is leaves - 1 further.
    roots.push(2 * first + leaves - 1);
    first += leaves;
    rest -= leaves;
  }
  return roots;
}
