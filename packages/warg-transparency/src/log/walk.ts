import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';
import { balancedRoots, existsFromLength, leafNode, parentOf, siblingOf } from './nodes.ts';

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

/** All nodes whose hashes a walk joins. */
function nodesOf(walk: Walk): number[] {
  return [...walk.siblings, ...walk.smaller, ...walk.larger];
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

  const roots = balancedRoots(logLength);
  const nodes = new Set<number>();
  const addWalk = (node: number) => {
    const walk = walkFrom(node, logLength, roots);
    if (walk === undefined) {
      throw new TransparencyError(
        'LEAF_BEYOND_LOG',
        `leaf ${node / 2} is not in a log of ${logLength} leaves`,
      );
    }
    for (const needed of nodesOf(walk)) nodes.add(needed);
  };
  for (const { oldLength } of request.consistency) {
    if (oldLength > logLength) {
      throw new TransparencyError(
        'LENGTHS_OUT_OF_ORDER',
        `a log of ${oldLength} leaves is no beginning of one of ${logLength}`,
      );
    }
    for (const root of balancedRoots(oldLength)) {
      addWalk(root);
      nodes.add(root);
    }
  }
  for (const { leaf } of request.inclusion) addWalk(leafNode(leaf));

  return {
    logLength,
    consistentLengths: request.consistency.map(({ oldLength }) => oldLength),
    includedNodes: request.inclusion.map(({ leaf }) => leafNode(leaf)),
    nodes: [...nodes].sort((a, b) => a - b),
  };
}
