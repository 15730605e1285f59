import { equalBytes } from '@warg/crypto';
import { ProofError } from '../errors.ts';
import { hashBranchInto } from '../hashing/branch.ts';
import { HASH_BYTES, type Hash, requireHash } from '../hashing/hash.ts';
import type { LogBundle, NodeHash } from './bundle.ts';
import { balancedRoots } from './nodes.ts';
import { type Walk, walkFrom } from './walk.ts';

/** What a consistency proof leads to. Only a caller who compares both roots with trusted ones has proved anything. */
export type ConsistencyResult = { readonly oldLength: number; readonly length: number } & (
  | { readonly ok: true; readonly oldRoot: Hash; readonly root: Hash }
  | { readonly ok: false; readonly error: ProofError }
);

/** What an inclusion proof leads to. Only a caller who compares the root with a trusted one has proved anything. */
export type InclusionResult = { readonly node: number; readonly length: number } & (
  | { readonly ok: true; readonly root: Hash }
  | { readonly ok: false; readonly error: ProofError }
);

/** What the proofs of a bundle lead to, in their order. */
export interface LogBundleResult {
  readonly consistency: readonly ConsistencyResult[];
  readonly inclusion: readonly InclusionResult[];
}

/**
 * Evaluates every proof of a bundle on its own. It compares nothing with anything trusted: to check an answer use
 * {@link verifyLogBundle}. Nor does it ask how many proofs were wanted: a bundle made for the purpose has enough of
 * them to keep it busy for minutes.
 *
 * Error codes: `LEAF_BEYOND_LOG`, `MISSING_HASH` (a hash of a walk), `MISSING_OLD_HASH` (a root of a complete
 * subtree of the old log), `DIVERGING_ROOTS`, `LENGTHS_OUT_OF_ORDER`, `EMPTY_OLD_LOG`, `MISSING_LEAF`.
 *
 * @param leaves the leaf hash for each inclusion proof, in their order
 * @throws TransparencyError `INVALID_ARGUMENT` if a leaf hash is not 32 bytes long
 */
export function evaluateLogBundle(bundle: LogBundle, leaves: readonly Hash[]): LogBundleResult {
  for (const leaf of leaves) requireHash(leaf, 'leaf hash');
  const length = bundle.logLength;
  const known = new KnownHashes(bundle.hashes);
  const roots = balancedRoots(length);
  return {
    consistency: bundle.consistentLengths.map((oldLength) => {
      try {
        return { oldLength, length, ok: true, ...evaluateConsistency(oldLength, length, roots, known) };
      } catch (error) {
        return { oldLength, length, ok: false, error: proofError(error) };
      }
    }),
    inclusion: bundle.includedNodes.map((node, position) => {
      try {
        const leaf = leaves[position];
        if (leaf === undefined) {
          throw new ProofError('MISSING_LEAF', `inclusion proof ${position} has no leaf to prove`);
        }
        return { node, length, ok: true, root: evaluateInclusion(node, leaf, length, roots, known) };
      } catch (error) {
        return { node, length, ok: false, error: proofError(error) };
      }
    }),
  };
}

function proofError(error: unknown): ProofError {
  if (error instanceof ProofError) return error;
  throw error;
}

function evaluateConsistency(
  oldLength: number,
  length: number,
  roots: number[],
  known: KnownHashes,
): { oldRoot: Hash; root: Hash } {
  if (oldLength > length) {
    throw new ProofError(
      'LENGTHS_OUT_OF_ORDER',
      `a log of ${oldLength} leaves is no beginning of one of ${length}`,
    );
  }
  let root: Hash | undefined;
  const oldHashes: Hash[] = [];
  for (const node of balancedRoots(oldLength)) {
    const hash = known.get(node);
    if (hash === undefined) {
      throw new ProofError(
        'MISSING_OLD_HASH',
        `the bundle lacks node ${node}, a part of the log of ${oldLength}`,
      );
    }
    oldHashes.push(hash);
    const found = evaluateInclusion(node, hash, length, roots, known);
    if (root !== undefined && !equalBytes(root, found)) {
      throw new ProofError(
        'DIVERGING_ROOTS',
        `the parts of the log of ${oldLength} leaves lead to different roots`,
      );
    }
    root = found;
  }
  if (root === undefined) {
    throw new ProofError(
      'EMPTY_OLD_LOG',
      'every log begins with the empty one: there is no proof to evaluate',
    );
  }
  return { oldRoot: joinRoots(oldHashes), root };
}

/** The root of a log from the hashes of its balanced roots, from left to right; at least one. */
export function joinRoots(hashes: readonly Hash[]): Hash {
  let at = hashes.length - 1;
  const root = Uint8Array.from(hashes[at]!);
  for (at--; at >= 0; at--) hashBranchInto(hashes[at]!, 0, root, 0, root, 0);
  return root;
}

function evaluateInclusion(
  node: number,
  leaf: Hash,
  length: number,
  roots: number[],
  known: KnownHashes,
): Hash {
  const walk = walkFrom(node, length, roots);
  if (walk === undefined) {
    throw new ProofError('LEAF_BEYOND_LOG', `node ${node} is not in a log of ${length} leaves`);
  }
  known.require(walk.siblings);
  known.require(walk.smaller);
  known.require(walk.larger);
  return climb(node, leaf, walk, known);
}

function climb(node: number, leaf: Hash, walk: Walk, known: KnownHashes): Hash {
  const hash = new Uint8Array(HASH_BYTES);
  hash.set(leaf);
  let last = node;
  for (const sibling of walk.siblings) {
    const other = known.get(sibling)!;
    // Which side the path is on follows from comparing with the last sibling: the path and that sibling lie on
    // the same side of the next one.
    if (last < sibling) hashBranchInto(hash, 0, other, 0, hash, 0);
    else hashBranchInto(other, 0, hash, 0, hash, 0);
    last = sibling;
  }
  if (walk.smaller.length > 0) {
    const right = joinRoots([...walk.smaller].reverse().map((root) => known.get(root)!));
    hashBranchInto(hash, 0, right, 0, hash, 0);
  }
  for (const root of walk.larger) hashBranchInto(known.get(root)!, 0, hash, 0, hash, 0);
  return hash;
}

/** The hashes of a bundle by node number. */
class KnownHashes {
  readonly #hashes: ReadonlyMap<number, Hash>;

  constructor(hashes: readonly NodeHash[]) {
    this.#hashes = new Map(hashes.map(({ node, hash }) => [node, hash]));
  }

  get(node: number): Hash | undefined {
    return this.#hashes.get(node);
  }

  require(nodes: readonly number[]): void {
    const missing = nodes.find((node) => !this.#hashes.has(node));
    if (missing !== undefined)
      throw new ProofError('MISSING_HASH', `the bundle lacks the hash of node ${missing}`);
  }
}
