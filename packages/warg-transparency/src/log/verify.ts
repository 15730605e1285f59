import { encodeHex, equalBytes } from '@warg/crypto';
import { requireCount } from '../arguments.ts';
import { ProofError, TransparencyError } from '../errors.ts';
import { type Hash, requireHash } from '../hashing/hash.ts';
import { decodeLogBundle, type LogBundle } from './bundle.ts';
import { evaluateLogBundle } from './evaluate.ts';
import { leafNode } from './nodes.ts';
import { type LogProofPlan, planLogProofs } from './walk.ts';

/** What a bundle of log proofs must prove: all of it comes from a source that is trusted already. */
export interface ExpectedLogProofs {
  /** The length of the log in leaves, from a signed checkpoint. */
  readonly length: number;
  /** The root of the log at that length, 32 bytes, from the same checkpoint. */
  readonly root: Hash;
  /** Leaves that must be in the log: their index from 0 and {@link hashLeaf} of their bytes. In the order asked for. */
  readonly leaves?: readonly { readonly index: number; readonly hash: Hash }[];
  /** Older logs that must be beginnings of this one: length above 0 and root. In the order asked for. */
  readonly from?: readonly { readonly length: number; readonly root: Hash }[];
}

/**
 * Checks that a bundle proves exactly what is expected, no less and no more.
 *
 * The bundle must be for this length, have exactly these proofs in this order, and exactly the hashes that they
 * need; every proof must lead to the root, and every old log to its old root.
 *
 * @param bundle `LogProofBundle` as protobuf, untrusted
 * @param expected what was asked for; at least one leaf or older log
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `UNSORTED_HASHES` |
 *   `DUPLICATE_HASH` | `LOG_LENGTH_MISMATCH` | `PROOF_COUNT_MISMATCH` | `OLD_LENGTH_MISMATCH` |
 *   `LEAF_INDEX_MISMATCH` | `MISSING_HASH` | `UNUSED_HASH` | `DIVERGING_ROOTS` | `ROOT_MISMATCH` |
 *   `OLD_ROOT_MISMATCH` | `LEAF_BEYOND_LOG` | `LENGTHS_OUT_OF_ORDER` | `EMPTY_OLD_LOG`
 * @throws TransparencyError `INVALID_ARGUMENT` if what is expected makes no sense
 * @example verifyLogBundle(answer.log, { length, root, leaves: [{ index: 7, hash: hashLeaf(leafBytes) }] });
 */
export function verifyLogBundle(bundle: Uint8Array, expected: ExpectedLogProofs): void {
  const leaves = expected.leaves ?? [];
  const from = expected.from ?? [];
  const plan = planExpected(expected.length, leaves, from);
  requireHash(expected.root, 'root');
  for (const { hash } of leaves) requireHash(hash, 'leaf hash');
  for (const { root } of from) requireHash(root, 'old root');

  const found = decodeLogBundle(bundle);
  requireSameProofs(found, plan);
  requireSameNodes(found, plan);

  const result = evaluateLogBundle(
    found,
    leaves.map(({ hash }) => hash),
  );
  result.consistency.forEach((proof, position) => {
    if (!proof.ok) throw proof.error;
    requireRoot('OLD_ROOT_MISMATCH', proof.oldRoot, from[position]!.root, `old log ${position}`, position);
    requireRoot('ROOT_MISMATCH', proof.root, expected.root, `old log ${position}`, position);
  });
  result.inclusion.forEach((proof, position) => {
    if (!proof.ok) throw proof.error;
    requireRoot('ROOT_MISMATCH', proof.root, expected.root, `leaf ${leaves[position]!.index}`, position);
  });
}

function planExpected(
  length: number,
  leaves: readonly { readonly index: number }[],
  from: readonly { readonly length: number }[],
): LogProofPlan {
  requireCount(length, 'the length of the log');
  if (leaves.length + from.length === 0) {
    throw new TransparencyError(
      'INVALID_ARGUMENT',
      'expected at least one leaf or older log to verify, found none',
    );
  }
  leaves.forEach(({ index }, position) => {
    requireCount(index, 'the index of a leaf');
    if (index >= length) {
      throw new ProofError('LEAF_BEYOND_LOG', `leaf ${index} cannot be in a log of ${length} leaves`, {
        position,
      });
    }
  });
  from.forEach(({ length: oldLength }, position) => {
    requireCount(oldLength, 'an old length');
    if (oldLength === 0) {
      throw new ProofError('EMPTY_OLD_LOG', 'every log begins with the empty one: ask for no proof of it', {
        position,
      });
    }
    if (oldLength > length) {
      throw new ProofError(
        'LENGTHS_OUT_OF_ORDER',
        `a log of ${oldLength} leaves cannot be a beginning of one of ${length}`,
        { position },
      );
    }
  });
  return planLogProofs({
    consistency: from.map(({ length: oldLength }) => ({ oldLength, length })),
    inclusion: leaves.map(({ index: leaf }) => ({ leaf, length })),
  });
}

function requireSameProofs(found: LogBundle, plan: LogProofPlan): void {
  if (found.logLength !== plan.logLength) {
    throw new ProofError(
      'LOG_LENGTH_MISMATCH',
      `expected proofs for a log of ${plan.logLength} leaves, found them for ${found.logLength}`,
    );
  }
  requireCountOf('consistency', found.consistentLengths, plan.consistentLengths);
  requireCountOf('inclusion', found.includedNodes, plan.includedNodes);
  plan.consistentLengths.forEach((length, position) => {
    if (found.consistentLengths[position] === length) return;
    throw new ProofError(
      'OLD_LENGTH_MISMATCH',
      `expected consistency with ${length} leaves, found it with ${found.consistentLengths[position]}`,
      { position },
    );
  });
  plan.includedNodes.forEach((node, position) => {
    if (found.includedNodes[position] === node) return;
    throw new ProofError(
      'LEAF_INDEX_MISMATCH',
      `expected inclusion of leaf ${node / 2}, which is node ${leafNode(node / 2)}, found node ${found.includedNodes[position]}`,
      { position },
    );
  });
}

function requireCountOf(kind: string, found: readonly number[], expected: readonly number[]): void {
  if (found.length === expected.length) return;
  throw new ProofError(
    'PROOF_COUNT_MISMATCH',
    `expected ${expected.length} ${kind} proofs, found ${found.length}`,
  );
}

/** Both are sorted and without repetition, so they are the same set exactly if they are the same list. */
function requireSameNodes(found: LogBundle, plan: LogProofPlan): void {
  const given = found.hashes;
  for (let at = 0; at < Math.max(given.length, plan.nodes.length); at++) {
    const node = given[at]?.node ?? Number.POSITIVE_INFINITY;
    const needed = plan.nodes[at] ?? Number.POSITIVE_INFINITY;
    if (node < needed)
      throw new ProofError('UNUSED_HASH', `no proof of the bundle needs the hash of node ${node}`);
    if (node > needed) throw new ProofError('MISSING_HASH', `the bundle lacks the hash of node ${needed}`);
  }
}

function requireRoot(
  code: 'ROOT_MISMATCH' | 'OLD_ROOT_MISMATCH',
  found: Hash,
  expected: Hash,
  what: string,
  position: number,
): void {
  if (equalBytes(found, expected)) return;
  throw new ProofError(
    code,
    `the proof for ${what} leads to root ${encodeHex(found)}, expected ${encodeHex(expected)}`,
    { position },
  );
}
