import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  balancedRoots,
  childrenOf,
  existsFromLength,
  leafNode,
  leftmostDescendant,
  nodeAt,
  nodeHeight,
  nodePosition,
  nodeSide,
  parentOf,
  rightmostDescendant,
  siblingOf,
} from './nodes.ts';

// Up to 2^50: far beyond 32 bits, and a sibling is still a whole number.
const anyNode = () =>
  fc.oneof(
    fc.nat(1000),
    fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 50),
  );

describe('node numbers', () => {
  it('are those of the in-order numbering', () => {
    // Leaves 0 … 7 with their branches, from the definition: a branch stands between its two subtrees.
    const number = (height: number, position: number): number => {
      if (height === 0) return 2 * position;
      return (number(height - 1, 2 * position) + number(height - 1, 2 * position + 1)) / 2;
    };
    for (let height = 0; height < 12; height++) {
      for (let position = 0; position < 40; position++) {
        const node = number(height, position);
        expect(nodeAt(height, position)).toBe(node);
        expect(nodeHeight(node)).toBe(height);
        expect(nodePosition(node)).toBe(position);
        expect(nodeSide(node)).toBe(position % 2 === 0 ? 'left' : 'right');
        expect(parentOf(node)).toBe(number(height + 1, Math.floor(position / 2)));
        expect(siblingOf(node)).toBe(number(height, position % 2 === 0 ? position + 1 : position - 1));
        expect(leftmostDescendant(node)).toBe(leafNode(position * 2 ** height));
        expect(rightmostDescendant(node)).toBe(leafNode((position + 1) * 2 ** height - 1));
        expect(existsFromLength(node)).toBe((position + 1) * 2 ** height);
      }
    }
  });

  it('agree with each other beyond 32 bits', () => {
    fc.assert(
      fc.property(anyNode(), (node) => {
        expect(nodeAt(nodeHeight(node), nodePosition(node))).toBe(node);
        expect(siblingOf(siblingOf(node))).toBe(node);
        expect(parentOf(siblingOf(node))).toBe(parentOf(node));
        const [left, right] = childrenOf(parentOf(node))!;
        expect([left, right]).toContain(node);
        expect(nodeSide(left)).toBe('left');
        expect(siblingOf(left)).toBe(right);
        expect(childrenOf(2 * node)).toBeUndefined();
      }),
    );
  });
});

describe('balancedRoots', () => {
  it('cover the leaves from left to right, each subtree smaller than the one before', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constant(2 ** 32 - 1)), (length) => {
        let leaves = 0;
        let height = Number.POSITIVE_INFINITY;
        for (const root of balancedRoots(length)) {
          expect(nodeHeight(root)).toBeLessThan(height);
          height = nodeHeight(root);
          expect(leftmostDescendant(root)).toBe(2 * leaves);
          leaves += 2 ** height;
        }
        expect(leaves).toBe(length);
      }),
    );
  });

  it('are exact as far as numbers are', () => {
    const roots = balancedRoots(2 ** 52 - 1);
    expect(roots).toHaveLength(52);
    expect(roots.at(-1)).toBe(2 ** 53 - 4);
    expect(balancedRoots(2 ** 52)).toEqual([2 ** 52 - 1]);
    for (const length of [2 ** 52 + 1, 2 ** 53 - 1, 2 ** 53, -1, 0.5, Number.NaN]) {
      expect(() => balancedRoots(length)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });

  it('are none for the empty log', () => {
    expect(balancedRoots(0)).toEqual([]);
    expect(balancedRoots(7)).toEqual([3, 9, 12]);
  });
});
