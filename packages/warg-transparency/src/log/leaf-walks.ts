import { balancedRoots, nodeAt, nodeHeight, nodePosition } from './nodes.ts';

/**
 * The nodes that the walks of leaves need together, sorted: what `nodesOfWalks` comes to for leaves alone. The trees are gone
 * down from the left to the right, in the order of the numbers of their nodes, so that nothing has to be remembered or sorted.
 *
 * @param leaves in any order; each below `length`
 */
export function nodesOfLeaves(leaves: readonly number[], length: number): number[] {
  const sorted = Float64Array.from(leaves).sort();
  const roots = balancedRoots(length);
  const firsts = firstsOf(sorted, roots, length);
  const needed: number[] = [];
  roots.forEach((root, i) => {
    const first = firsts[i]!;
    const end = firsts[i + 1]!;
    // A walk ends with all other roots.
    const isNeeded = end - first < sorted.length;
    descend(nodeHeight(root), nodePosition(root), first, end, isNeeded);
  });
  return needed;

  /** Goes through a tree with the leaves `sorted[first…end]`. @param isNeeded whether a walk needs its root */
  function descend(height: number, position: number, first: number, end: number, isNeeded: boolean): void {
    if (first === end || height === 0) {
      if (isNeeded) needed.push(nodeAt(height, position));
      return;
    }
    const below = height - 1;
    const start = (2 * position + 1) * 2 ** below;
    let middle = first;
    while (middle < end && sorted[middle]! < start) middle++;
    // A walk that comes by one of two siblings needs the other.
    descend(below, 2 * position, first, middle, middle < end);
    if (isNeeded) needed.push(nodeAt(height, position));
    descend(below, 2 * position + 1, middle, end, first < middle);
  }
}

/** Where the leaves of each root begin, and where those of the last one end. */
function firstsOf(sorted: Float64Array, roots: readonly number[], length: number): number[] {
  let first = 0;
  let start = 0;
  const firsts = roots.map((root) => {
    while (first < sorted.length && sorted[first]! < start) first++;
    start += 2 ** nodeHeight(root);
    return first;
  });
  return length === 0 ? firsts : [...firsts, sorted.length];
}
