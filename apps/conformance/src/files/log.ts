// log.json: the append-only log. vectors/README.md says what each kind means.

import { decodeHex, encodeHex, sha256, WargError } from '@warg/crypto';
import { logLeafBytes, parseHashText } from '@warg/protocol';
import {
  balancedRoots,
  childrenOf,
  decodeLogBundle,
  evaluateLogBundle,
  existsFromLength,
  type Hash,
  hashLeaf,
  type LogBundle,
  leftmostDescendant,
  MerkleLog,
  memoryLogStore,
  nodeHeight,
  nodeSide,
  type ProofError,
  parentOf,
  planLogProofs,
  rightmostDescendant,
  siblingOf,
  verifyLogBundle,
} from '@warg/transparency';
import { CaseFailure, expectVerdict, type FileContext, type Kinds, same } from '../verdict.ts';

interface LeafIds {
  readonly logId: string;
  readonly recordId: string;
}

interface Tree {
  readonly log: MerkleLog;
  readonly leaves: readonly Hash[];
}

interface BundleResult {
  readonly decode: { readonly verdict: 'ok' | 'err'; readonly [field: string]: unknown };
  readonly consistency?: readonly ProofResult[];
  readonly inclusion?: readonly ProofResult[];
}

interface ProofResult {
  readonly verdict: 'ok' | 'err' | 'panic';
  readonly variant?: string;
  readonly [field: string]: unknown;
}

/** The reference's names of our codes, for a proof of inclusion and for one of consistency. */
const INCLUSION_VARIANTS: Readonly<Record<string, string>> = {
  LEAF_BEYOND_LOG: 'LeafTooNew',
  MISSING_HASH: 'HashNotKnown',
  MISSING_LEAF: 'no-leaf',
};
const CONSISTENCY_VARIANTS: Readonly<Record<string, string>> = {
  LEAF_BEYOND_LOG: 'InclusionError(LeafTooNew)',
  MISSING_HASH: 'InclusionError(HashNotKnown)',
  MISSING_OLD_HASH: 'HashNotKnown',
  DIVERGING_ROOTS: 'DivergingRoots',
  LENGTHS_OUT_OF_ORDER: 'PointsOutOfOrder',
};

export const kinds: Kinds = {
  node(c) {
    const { node } = c;
    same(nodeHeight(node), c.height, 'height');
    same(nodeSide(node), c.side, 'side');
    same(parentOf(node), c.parent, 'parent');
    same(siblingOf(node), c.sibling, 'sibling');
    same(leftmostDescendant(node), c.leftmostDescendant, 'leftmostDescendant');
    same(rightmostDescendant(node), c.rightmostDescendant, 'rightmostDescendant');
    same(childrenOf(node), c.children, 'children');
    same(existsFromLength(node), c.existsFromLength, 'existsFromLength');
  },

  'balanced-roots'(c) {
    same(balancedRoots(c.length), c.nodes, 'nodes');
  },

  async tree(c, file) {
    const { log } = await treeNamed(file, c.tree);
    c.firstLeaves.forEach((leaf: LeafIds, i: number) => {
      same(leafByRule(c.seed, i), leaf, `leaf ${i}`);
    });
    for (const [length, root] of c.roots)
      same(encodeHex(await log.rootAt(length)), root, `root at ${length}`);
    const nodes: [number, string][] = c.nodes ?? [];
    const hashes = await log.nodeHashes(nodes.map(([node]) => node));
    nodes.forEach(([node, hash], i) => {
      same(encodeHex(hashes[i]!), hash, `hash of node ${node}`);
    });
  },

  async inclusion(c, file) {
    const { log, leaves } = await treeNamed(file, c.tree);
    const bundle = await log.prove({ length: c.logLength, leaves: [c.leaf] });
    same(encodeHex(bundle), c.bundle, 'bundle');
    const root = decodeHex(c.root);
    verifyLogBundle(bundle, {
      length: c.logLength,
      root,
      leaves: [{ index: c.leaf, hash: leaves[c.leaf]! }],
    });
  },

  async consistency(c, file) {
    const { log } = await treeNamed(file, c.tree);
    const bundle = await log.prove({ length: c.newLength, from: [c.oldLength] });
    same(encodeHex(bundle), c.bundle, 'bundle');
    const from = [{ length: c.oldLength, root: decodeHex(c.oldRoot) }];
    verifyLogBundle(bundle, { length: c.newLength, root: decodeHex(c.newRoot), from });
  },

  async multi(c, file) {
    const { log, leaves } = await treeNamed(file, c.tree);
    const bundle = await log.prove({ length: c.logLength, from: c.oldLengths, leaves: c.leaves });
    same(encodeHex(bundle), c.bundle, 'bundle');
    checkResult(
      c,
      bundle,
      c.result,
      c.leaves.map((leaf: number) => leaves[leaf]!),
    );
  },

  async request(c, file) {
    const { log, leaves } = await treeNamed(file, c.tree);
    const made = await settle(async () => {
      const plan = planLogProofs({
        consistency: c.consistency.map(([oldLength, length]: number[]) => ({ oldLength, length })),
        inclusion: c.inclusion.map(([leaf, length]: number[]) => ({ leaf, length })),
      });
      return log.provePlan(plan);
    });
    expectVerdict(c, made, (bundle) => {
      same(encodeHex(bundle), c.bundle, 'bundle');
      checkResult(
        c,
        bundle,
        c.result,
        c.inclusion.map(([leaf]: number[]) => leaves[leaf!]!),
      );
    });
  },

  check(c) {
    const leaves = c.leaves.map(leafHash);
    const bytes = decodeHex(c.bundle);
    checkResult(c, bytes, c.result, leaves);
    // Wherever the reference would not have come to the expected roots, our verification must refuse.
    if (!allAsExpected(c)) mustRefuse(() => verifyAsExpected(c, bytes, leaves));
  },
};

function checkResult(
  c: { accidental?: boolean },
  bytes: Uint8Array,
  result: BundleResult,
  leaves: Hash[],
): void {
  expectVerdict(
    { verdict: result.decode.verdict, accidental: c.accidental ?? false },
    () => decodeLogBundle(bytes),
    (bundle) => {
      const { verdict: _, ...fields } = result.decode;
      same(
        {
          logLength: bundle.logLength,
          consistentLengths: bundle.consistentLengths,
          includedIndices: bundle.includedNodes,
          hashIndices: bundle.hashes.map(({ node }) => node),
          hashIndicesIncrease: true,
        },
        fields,
        'decoded fields',
      );
      const found = evaluateLogBundle(bundle, leaves);
      same(
        found.consistency.map((proof) =>
          proof.ok
            ? {
                oldLength: proof.oldLength,
                newLength: proof.length,
                ...ok({ oldRoot: proof.oldRoot, newRoot: proof.root }),
              }
            : {
                oldLength: proof.oldLength,
                newLength: proof.length,
                ...failure(proof.error, CONSISTENCY_VARIANTS),
              },
        ),
        result.consistency!.map(({ oldLength, newLength, ...proof }) => ({
          oldLength,
          newLength,
          ...significant(proof),
        })),
        'consistency proofs',
      );
      same(
        found.inclusion.map((proof) =>
          proof.ok
            ? { node: proof.node, logLength: proof.length, ...ok({ root: proof.root }) }
            : { node: proof.node, logLength: proof.length, ...failure(proof.error, INCLUSION_VARIANTS) },
        ),
        result.inclusion!.map(({ node, logLength, ...proof }) => ({
          node,
          logLength,
          ...significant(proof),
        })),
        'inclusion proofs',
      );
    },
  );
}

function ok(roots: Record<string, Hash>): object {
  return {
    verdict: 'ok',
    ...Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, encodeHex(root)])),
  };
}

function failure(error: ProofError, variants: Readonly<Record<string, string>>): object {
  // Where the reference panics it names no variant; ours must only be a typed error.
  const panics = error.code === 'LENGTHS_OUT_OF_ORDER' || error.code === 'EMPTY_OLD_LOG';
  return panics ? { verdict: 'panic' } : { verdict: 'err', variant: variants[error.code] ?? error.code };
}

/** The members that count: `error` texts are for the reader. */
function significant(proof: ProofResult): object {
  const { error: _, ...rest } = proof;
  return rest.verdict === 'panic' ? { verdict: 'panic' } : rest;
}

// biome-ignore lint/suspicious/noExplicitAny: a case
function allAsExpected(c: any): boolean {
  if (c.result.decode.verdict !== 'ok' || c.expectedRoot === undefined) return false;
  const proofs: ProofResult[] = [...c.result.consistency, ...c.result.inclusion];
  return (
    proofs.length > 0 &&
    c.result.decode.logLength === c.logLength &&
    c.result.consistency.length === c.expectedOldRoots?.length &&
    proofs.every(
      (proof) => proof.verdict === 'ok' && (proof['root'] ?? proof['newRoot']) === c.expectedRoot,
    ) &&
    c.result.consistency.every((proof: ProofResult, i: number) => proof['oldRoot'] === c.expectedOldRoots[i])
  );
}

// biome-ignore lint/suspicious/noExplicitAny: a case
function verifyAsExpected(c: any, bytes: Uint8Array, leaves: readonly Hash[]): void {
  const bundle: LogBundle = decodeLogBundle(bytes);
  const noRoot = '00'.repeat(32);
  verifyLogBundle(bytes, {
    length: c.logLength,
    root: decodeHex(c.expectedRoot ?? noRoot),
    leaves: bundle.includedNodes.map((node, i) => ({
      index: Math.floor(node / 2),
      hash: leaves[i] ?? hashLeaf(bytes),
    })),
    from: c.oldLengths.map((length: number, i: number) => ({
      length,
      root: decodeHex(c.expectedOldRoots?.[i] ?? noRoot),
    })),
  });
}

function mustRefuse(attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    if (error instanceof WargError) return;
    throw error;
  }
  throw new CaseFailure('a bundle that the reference finds wrong was accepted');
}

/** Runs to the end, and gives a function that returns or throws what came out. */
async function settle<T>(run: () => Promise<T>): Promise<() => T> {
  try {
    const value = await run();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function leafByRule(seed: string, i: number): LeafIds {
  const encoder = new TextEncoder();
  return {
    logId: `sha256:${encodeHex(sha256(encoder.encode(`${seed}/log/${i}`)))}`,
    recordId: `sha256:${encodeHex(sha256(encoder.encode(`${seed}/record/${i}`)))}`,
  };
}

function leafHash(leaf: LeafIds): Hash {
  return hashLeaf(logLeafBytes({ logId: parseHashText(leaf.logId), recordId: parseHashText(leaf.recordId) }));
}

async function treeNamed(file: FileContext, name: string): Promise<Tree> {
  const built = file.memo.get(name) as Tree | undefined;
  if (built) return built;
  const rule = file.cases.find((c) => c.kind === 'tree' && c.tree === name);
  if (!rule) throw new CaseFailure(`no case of kind tree makes the tree ${name}`);
  const log = await MerkleLog.open(memoryLogStore());
  const leaves = Array.from({ length: rule.length }, (_, i) => leafHash(leafByRule(rule.seed, i)));
  // In batches of growing size, so that tiles are filled in many ways.
  for (let at = 0, size = 1; at < leaves.length; at += size, size = 2 * size + 1) {
    await log.append(leaves.slice(at, at + size));
  }
  const tree: Tree = { log, leaves };
  file.memo.set(name, tree);
  return tree;
}
