import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodesOfLeaves } from './leaf-walks.ts';
import { balancedRoots, leafNode } from './nodes.ts';
import { type LogProofRequest, nodesOfWalks, planLogProofs, walkFrom } from './walk.ts';

/** The nodes that a bundle needs by its definition: those of every walk, and the roots of the old logs. */
function nodesByDefinition({ consistency, inclusion }: LogProofRequest): number[] {
  const nodes = new Set<number>();
  const addWalk = (node: number, length: number) => {
    const { siblings, smaller, larger } = walkFrom(node, length)!;
    for (const needed of [...siblings, ...smaller, ...larger]) nodes.add(needed);
  };
  for (const { oldLength, length } of consistency) {
    for (const root of balancedRoots(oldLength)) {
      addWalk(root, length);
      nodes.add(root);
    }
  }
  for (const { leaf, length } of inclusion) addWalk(leafNode(leaf), length);
  return [...nodes].sort((a, b) => a - b);
}

describe('planLogProofs', () => {
  it('needs the nodes of every walk, and no others', () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));
    const asked = length.chain((logLength) =>
      fc.record({
        consistency: fc.array(
          fc.record({ oldLength: fc.integer({ min: 1, max: logLength }), length: fc.constant(logLength) }),
          { maxLength: 5 },
        ),
        inclusion: fc.array(
          fc.record({ leaf: fc.integer({ min: 0, max: logLength - 1 }), length: fc.constant(logLength) }),
          { minLength: 1, maxLength: 20 },
        ),
      }),
    );
    fc.assert(
      fc.property(asked, (request) => {
        expect(planLogProofs(request).nodes).toEqual(nodesByDefinition(request));
      }),
      { numRuns: 1000 },
    );
    for (let logLength = 1; logLength <= 40; logLength++) {
      for (let oldLength = 1; oldLength <= logLength; oldLength++) {
        const request = { consistency: [{ oldLength, length: logLength }], inclusion: [] };
        expect(planLogProofs(request).nodes).toEqual(nodesByDefinition(request));
      }
    }
  });
});

describe('nodesOfLeaves', () => {
  const asked = fc
    .oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }))
    .chain((length) =>
      fc.tuple(fc.constant(length), fc.array(fc.nat(length - 1), { minLength: 1, maxLength: 60 })),
    );

  it('needs what the walks of the leaves need', () => {
    fc.assert(
      fc.property(asked, ([length, leaves]) => {
        expect(nodesOfLeaves(leaves, length)).toEqual(nodesOfWalks([], leaves, length));
      }),
      { numRuns: 1000 },
    );
  });
});
