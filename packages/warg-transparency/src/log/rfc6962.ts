import { encodeHex, equalBytes } from '@warg/crypto';
import { requireCount } from '../arguments.ts';
import { ProofError, TransparencyError } from '../errors.ts';
import { HASH_BYTES, type Hash, hashBranch, requireHash } from '../hashing/hash.ts';
import type { LogBundle, NodeHash } from './bundle.ts';
import { joinRoots } from './evaluate.ts';
import { balancedRoots, childrenOf } from './nodes.ts';
import { consistencyRanges, inclusionRanges, type LeafRange, nodesOfRange } from './ranges.ts';
import { type LogProofPlan, planLogProofs } from './walk.ts';

/** That one leaf is in a tree, as RFC 6962 (section 2.1.1) and RFC 9162 write it. */
export interface Rfc6962InclusionProof {
  /** From 0. */
  readonly leafIndex: number;
  /** In leaves. */
  readonly treeSize: number;
  /** The audit path: hashes of 32 bytes, from the leaf upwards. */
  readonly hashes: readonly Hash[];
}

/** That one tree is the beginning of another, as RFC 6962 (section 2.1.2) and RFC 9162 write it. */
export interface Rfc6962ConsistencyProof {
  /** In leaves, at least 1. */
  readonly oldSize: number;
  /** In leaves. */
  readonly treeSize: number;
  /** Hashes of 32 bytes, in the order of the RFC. Without the old root where the old tree is complete. */
  readonly hashes: readonly Hash[];
}

/**
 * Takes the audit path of one leaf out of a bundle. Nothing is verified by that: verify the bundle before, or the path
 * behind.
 *
 * @param bundle proves the inclusion of the leaf, among other things perhaps
 * @param leafIndex from 0
 * @throws ProofError `LEAF_BEYOND_LOG` | `MISSING_HASH` if the bundle has not what the path needs
 * @example toRfc6962InclusionProof(decodeLogBundle(answer.log), 7).hashes
 */
export function toRfc6962InclusionProof(bundle: LogBundle, leafIndex: number): Rfc6962InclusionProof {
  const treeSize = bundle.logLength;
  requireLeaf(leafIndex, treeSize);
  return { leafIndex, treeSize, hashes: hashesOf(inclusionRanges(leafIndex, treeSize), bundle.hashes) };
}

/**
 * Takes the proof of consistency with one older length out of a bundle. Nothing is verified by that.
 *
 * @param bundle proves the consistency with that length, among other things perhaps
 * @param oldSize in leaves, at least 1
 * @throws ProofError `EMPTY_OLD_LOG` | `LENGTHS_OUT_OF_ORDER` | `MISSING_HASH` if the bundle has not what the proof needs
 */
export function toRfc6962ConsistencyProof(bundle: LogBundle, oldSize: number): Rfc6962ConsistencyProof {
  const treeSize = bundle.logLength;
  requireOldSize(oldSize, treeSize);
  return { oldSize, treeSize, hashes: hashesOf(consistencyRanges(oldSize, treeSize), bundle.hashes) };
}

/**
 * Makes a bundle with one audit path.
 *
 * Where the tree ends in more than one smaller subtree right of the leaf, an audit path has one hash for all of them
 * and a bundle one for each, which nobody can take apart: so the subtrees of the tree have to be given as well. They
 * are checked against the path.
 *
 * @param subtrees the hash of each complete subtree of the tree, from left to right: that of each node of
 *   {@link balancedRoots} of its size. Needed only where the path does not have them
 * @returns the bundle, for `encodeLogBundle`
 * @throws ProofError `LEAF_BEYOND_LOG` | `PROOF_COUNT_MISMATCH` (more or fewer hashes than the path of this leaf has) |
 *   `DIVERGING_ROOTS` (the subtrees are not those of the path) | `MISSING_HASH` (they are needed and were not given) |
 *   `INVALID_HASH_LENGTH`
 * @throws TransparencyError `INVALID_ARGUMENT`
 */
export function fromRfc6962InclusionProof(
  { leafIndex, treeSize, hashes }: Rfc6962InclusionProof,
  subtrees?: readonly Hash[],
): LogBundle {
  requireLeaf(leafIndex, treeSize);
  const known = knownHashes(inclusionRanges(leafIndex, treeSize), hashes, treeSize, subtrees);
  const plan = planLogProofs({ consistency: [], inclusion: [{ leaf: leafIndex, length: treeSize }] });
  return fillPlan(plan, known);
}

/**
 * Makes a bundle with one proof of consistency.
 *
 * @param oldRoot the root of the old tree: a bundle has the hash of each of its subtrees, and the RFC leaves it out where
 *   the old tree is complete
 * @param subtrees as for {@link fromRfc6962InclusionProof}
 * @throws ProofError `EMPTY_OLD_LOG` | `LENGTHS_OUT_OF_ORDER` | `PROOF_COUNT_MISMATCH` | `DIVERGING_ROOTS` |
 *   `MISSING_HASH` | `INVALID_HASH_LENGTH`
 * @throws TransparencyError `INVALID_ARGUMENT`
 */
export function fromRfc6962ConsistencyProof(
  { oldSize, treeSize, hashes }: Rfc6962ConsistencyProof,
  oldRoot: Hash,
  subtrees?: readonly Hash[],
): LogBundle {
  requireOldSize(oldSize, treeSize);
  requireHash(oldRoot, 'old root');
  const known = knownHashes(consistencyRanges(oldSize, treeSize), hashes, treeSize, subtrees);
  const oldRoots = balancedRoots(oldSize);
  if (oldRoots.length === 1) known.set(oldRoots[0]!, oldRoot);
  const plan = planLogProofs({ consistency: [{ oldLength: oldSize, length: treeSize }], inclusion: [] });
  return fillPlan(plan, known);
}

function requireLeaf(leafIndex: number, treeSize: number): void {
  requireCount(leafIndex, 'the index of a leaf');
  requireCount(treeSize, 'the size of the tree');
  if (leafIndex < treeSize) return;
  throw new ProofError('LEAF_BEYOND_LOG', `leaf ${leafIndex} is not in a log of ${treeSize} leaves`);
}

function requireOldSize(oldSize: number, treeSize: number): void {
  requireCount(oldSize, 'the size of the old tree');
  requireCount(treeSize, 'the size of the tree');
  if (oldSize === 0) throw new ProofError('EMPTY_OLD_LOG', 'every log begins with the empty one');
  if (oldSize <= treeSize) return;
  throw new ProofError(
    'LENGTHS_OUT_OF_ORDER',
    `a log of ${oldSize} leaves is no beginning of one of ${treeSize}`,
  );
}

function hashesOf(ranges: readonly LeafRange[], given: readonly NodeHash[]): Hash[] {
  const known = new Map(given.map(({ node, hash }) => [node, hash]));
  return ranges.map((range) => joinRoots(nodesOfRange(range).map((node) => hashOf(node, known))));
}

/** What a proof says of single nodes. */
function knownHashes(
  ranges: readonly LeafRange[],
  hashes: readonly Hash[],
  treeSize: number,
  subtrees: readonly Hash[] | undefined,
): Map<number, Hash> {
  if (hashes.length !== ranges.length) {
    throw new ProofError(
      'PROOF_COUNT_MISMATCH',
      `expected ${ranges.length} hashes, found ${hashes.length}: the proof is of another leaf or size`,
    );
  }
  const known = subtreeHashes(treeSize, subtrees);
  ranges.forEach((range, position) => {
    const hash = hashes[position]!;
    if (hash.length !== HASH_BYTES) {
      throw new ProofError('INVALID_HASH_LENGTH', `expected a hash of 32 bytes, found ${hash.length}`, {
        position,
      });
    }
    const nodes = nodesOfRange(range);
    const before = nodes.map((node) => known.get(node));
    if (before.every((each) => each !== undefined) && !equalBytes(joinRoots(before), hash)) {
      throw new ProofError(
        'DIVERGING_ROOTS',
        `the given subtrees lead to ${encodeHex(joinRoots(before))}, and hash ${position} of the proof is ${encodeHex(hash)}`,
        { position },
      );
    }
    if (nodes.length === 1) known.set(nodes[0]!, hash);
  });
  return known;
}

function subtreeHashes(treeSize: number, subtrees: readonly Hash[] | undefined): Map<number, Hash> {
  if (subtrees === undefined) return new Map();
  const roots = balancedRoots(treeSize);
  if (subtrees.length !== roots.length) {
    throw new TransparencyError(
      'INVALID_ARGUMENT',
      `a tree of ${treeSize} leaves has ${roots.length} complete subtrees, found ${subtrees.length} hashes`,
    );
  }
  return new Map(
    roots.map((node, i) => {
      requireHash(subtrees[i]!, `the hash of subtree ${i}`);
      return [node, subtrees[i]!];
    }),
  );
}

function fillPlan(plan: LogProofPlan, known: ReadonlyMap<number, Hash>): LogBundle {
  return {
    logLength: plan.logLength,
    consistentLengths: plan.consistentLengths,
    includedNodes: plan.includedNodes,
    hashes: plan.nodes.map((node) => ({ node, hash: hashOf(node, known) })),
  };
}

/** The hash of a node, made from those below it where it is not given itself. */
function hashOf(node: number, known: ReadonlyMap<number, Hash>): Hash {
  const hash = findHash(node, known);
  if (hash !== undefined) return hash;
  throw new ProofError(
    'MISSING_HASH',
    `the hash of node ${node} does not follow from the proof; give the complete subtrees of the tree with it`,
  );
}

/** At most as deep as the tree is high: where one child cannot be found the other is not looked for. */
function findHash(node: number, known: ReadonlyMap<number, Hash>): Hash | undefined {
  const given = known.get(node);
  const children = given === undefined ? childrenOf(node) : undefined;
  if (children === undefined) return given;
  const right = findHash(children[1], known);
  const left = right && findHash(children[0], known);
  return left && hashBranch(left, right!);
}
