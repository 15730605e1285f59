import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';
import { nodesOfLeaves } from './leaf-walks.ts';
import { balancedRoots, existsFromLength, leafNode, nodeHeight, parentOf, siblingOf } from './nodes.ts';

/**
 * The nodes on the way from one node to the root of a log, in the order in which their hashes are joined: the
 * siblings up to the balanced root above the node, the smaller balanced roots from the smallest up, the larger
 * ones from the smallest up.
 */
export interface Walk {
  readonly siblings: readonly number[];
  readonly smaller: readonly number[];
  readonly larger: readonly number[];
}

/** The walk from a node at a length of the log; undefined if there is no such node, or it is not complete yet. */
export function walkFrom(node: number, length: number, roots = balancedRoots(length)): Walk | undefined {
  if (!Number.isSafeInteger(node) || node < 0 || existsFromLength(node) > length) return undefined;
  const siblings: number[] = [];
  let current = node;
  let at = roots.indexOf(current);
  while (at < 0) {
    siblings.push(siblingOf(current));
    current = parentOf(current);
    at = roots.indexOf(current);
  }
  return { siblings, smaller: roots.slice(at + 1).reverse(), larger: roots.slice(0, at).reverse() };
}

/** What one bundle shall prove. Each proof names its own length, and all of them must be the same. */
export interface LogProofRequest {
  /** The log of `oldLength` leaves is a beginning of the log of `length` leaves. */
  readonly consistency: readonly { readonly oldLength: number; readonly length: number }[];
  /** Leaf number `leaf` is in the log of `length` leaves. */
  readonly inclusion: readonly { readonly leaf: number; readonly length: number }[];
}

/** A bundle without its hashes: what it will say, and the nodes whose hashes it needs, sorted. */
export interface LogProofPlan {
  readonly logLength: number;
  readonly consistentLengths: readonly number[];
  readonly includedNodes: readonly number[];
  readonly nodes: readonly number[];
}

/**
 * Plans a bundle: which nodes its proofs need.
 *
 * An old length of 0 needs nothing and says nothing, so it does not count as a proof, as in the reference.
 *
 * @throws TransparencyError `INVALID_ARGUMENT` | `EMPTY_PROOF` | `LENGTHS_DIFFER` | `LENGTHS_OUT_OF_ORDER` | `LEAF_BEYOND_LOG`
 */
export function planLogProofs(request: LogProofRequest): LogProofPlan {
  for (const { oldLength, length } of request.consistency) {
    requireCount(oldLength, 'an old length');
    requireCount(length, 'the length of the log');
  }
  for (const { leaf, length } of request.inclusion) {
    requireCount(leaf, 'the index of a leaf');
    requireCount(length, 'the length of the log');
  }
  const lengths = [
    ...request.consistency.filter(({ oldLength }) => oldLength > 0).map(({ length }) => length),
    ...request.inclusion.map(({ length }) => length),
  ];
  const logLength = lengths[0];
  if (logLength === undefined) {
    throw new TransparencyError('EMPTY_PROOF', 'a bundle needs a leaf or an old length above 0 to prove');
  }
  const other = lengths.find((length) => length !== logLength);
  if (other !== undefined) {
    throw new TransparencyError(
      'LENGTHS_DIFFER',
      `one bundle cannot prove at ${logLength} and at ${other} leaves`,
    );
  }

  const consistentLengths = request.consistency.map(({ oldLength }) => oldLength);
  for (const oldLength of consistentLengths) {
    if (oldLength > logLength) {
      throw new TransparencyError(
        'LENGTHS_OUT_OF_ORDER',
        `a log of ${oldLength} leaves is no beginning of one of ${logLength}`,
      );
    }
  }
  const leaves = request.inclusion.map(({ leaf }) => leaf);
  for (const leaf of leaves) {
    if (leaf < logLength) continue;
    throw new TransparencyError('LEAF_BEYOND_LOG', `leaf ${leaf} is not in a log of ${logLength} leaves`);
  }
  const areLeavesAll = consistentLengths.every((oldLength) => oldLength === 0);
  return {
    logLength,
    consistentLengths,
    includedNodes: leaves.map(leafNode),
    nodes: areLeavesAll
      ? nodesOfLeaves(leaves, logLength)
      : nodesOfWalks(consistentLengths, leaves, logLength),
  };
}

/** The nodes that the walks of leaves and older lengths need, sorted. */
export function nodesOfWalks(
  oldLengths: readonly number[],
  leaves: readonly number[],
  length: number,
): number[] {
  const needed = new NeededNodes(length);
  for (const root of oldLengths.flatMap(balancedRoots)) {
    needed.addWalk(root);
    needed.add(root);
  }
  for (const leaf of leaves) needed.addWalk(leafNode(leaf));
  return needed.sorted();
}

/**
 * The nodes that walks at one length need together. Where a walk comes to a node that another one came by, all that is
 * above it is known.
 */
class NeededNodes {
  readonly #length: number;
  readonly #roots: readonly number[];
  readonly #nodes = new Set<number>();
  readonly #passed = new Set<number>();

  constructor(length: number) {
    this.#length = length;
    this.#roots = balancedRoots(length);
  }

  add(node: number): void {
    this.#nodes.add(node);
  }

  /** Adds what {@link walkFrom} gives for a node that is complete. */
  addWalk(node: number): void {
    let current = node;
    let size = 2 ** (nodeHeight(node) + 1);
    while (!this.#passed.has(current)) {
      this.#passed.add(current);
      if (this.#roots.includes(current)) {
        for (const root of this.#roots) if (root !== current) this.#nodes.add(root);
        return;
      }
      // Of two siblings the left one stands an even number of their own sizes from the beginning.
      const isLeft = Math.floor(current / size) % 2 === 0;
      this.#nodes.add(isLeft ? current + size : current - size);
      current += isLeft ? size / 2 : -size / 2;
      size *= 2;
    }
  }

  sorted(): number[] {
    const nodes = [...this.#nodes];
    // Of many, numbers alone are sorted faster than what has to be compared by a function.
    return nodes.length < 200 ? nodes.sort((a, b) => a - b) : Array.from(new Float64Array(nodes).sort());
  }
}
