import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { leafNumber, leafNumbers, naiveBranch, naiveLogRoot } from '../../test/naive.ts';
import { ProofError, TransparencyError } from '../errors.ts';
import type { Hash } from '../hashing/hash.ts';
import { decodeLogBundle, encodeLogBundle, type LogBundle } from './bundle.ts';
import { evaluateLogBundle } from './evaluate.ts';
import { MerkleLog } from './merkle-log.ts';
import { memoryLogStore } from './store.ts';
import { type ExpectedLogProofs, verifyLogBundle } from './verify.ts';
import { planLogProofs } from './walk.ts';

const all = leafNumbers(100);
const length = 100;
let log: MerkleLog;
let bundle: LogBundle;

const indices = [3, 41, 99];
const olds = [7, 64];
const expected = {
  length,
  root: naiveLogRoot(all),
  leaves: indices.map((index) => ({ index, hash: all[index]! })),
  from: olds.map((old) => ({ length: old, root: naiveLogRoot(all.slice(0, old)) })),
} satisfies ExpectedLogProofs;

beforeAll(async () => {
  log = await MerkleLog.open(memoryLogStore());
  await log.append(all);
  bundle = decodeLogBundle(await log.prove({ length, leaves: indices, from: olds }));
  verifyLogBundle(encodeLogBundle(bundle), expected);
});

const code = (name: string) => expect.objectContaining({ name: 'ProofError', code: name });
const misuse = expect.objectContaining({ name: 'TransparencyError', code: 'INVALID_ARGUMENT' });

const refuses = (changed: Partial<LogBundle>, name: string) =>
  expect(() => verifyLogBundle(encodeLogBundle({ ...bundle, ...changed }), expected)).toThrow(code(name));

describe('verifyLogBundle refuses a bundle', () => {
  it('with any bit of any hash flipped', () => {
    fc.assert(
      fc.property(fc.nat(bundle.hashes.length - 1), fc.nat(255), (at, bit) => {
        const hashes = bundle.hashes.map(({ node, hash }) => ({ node, hash: Uint8Array.from(hash) }));
        hashes[at]!.hash[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => verifyLogBundle(encodeLogBundle({ ...bundle, hashes }), expected)).toThrow(ProofError);
      }),
    );
  });

  it('with any hash dropped, twice, added or moved to another node', () => {
    bundle.hashes.forEach(({ node, hash }, at) => {
      refuses({ hashes: bundle.hashes.toSpliced(at, 1) }, 'MISSING_HASH');
      refuses({ hashes: bundle.hashes.toSpliced(at, 0, { node, hash }) }, 'DUPLICATE_HASH');
      if (bundle.hashes[at + 1]?.node === node + 1) return;
      const moved = { node: node + 1, hash };
      refuses({ hashes: bundle.hashes.toSpliced(at + 1, 0, moved) }, 'UNUSED_HASH');
      refuses({ hashes: bundle.hashes.toSpliced(at, 1, moved) }, 'MISSING_HASH');
    });
    refuses({ hashes: [...bundle.hashes, { node: 2 ** 32 - 1, hash: all[0]! }] }, 'UNUSED_HASH');
    refuses({ hashes: bundle.hashes.toReversed() }, 'UNSORTED_HASHES');
    refuses({ hashes: [] }, 'MISSING_HASH');
  });

  it('with two hashes exchanged', () => {
    for (let i = 0; i < bundle.hashes.length; i++) {
      for (let j = 0; j < i; j++) {
        const hashes = bundle.hashes.map((entry) => ({ ...entry }));
        [hashes[i]!.hash, hashes[j]!.hash] = [hashes[j]!.hash, hashes[i]!.hash];
        expect(() => verifyLogBundle(encodeLogBundle({ ...bundle, hashes }), expected)).toThrow(ProofError);
      }
    }
  });

  it('for another length', () => {
    for (const other of [0, 99, 101, 128, 2 ** 32 - 1]) refuses({ logLength: other }, 'LOG_LENGTH_MISMATCH');
  });

  it('with proofs dropped, added or in another order', () => {
    const { includedNodes, consistentLengths } = bundle;
    refuses({ includedNodes: [] }, 'PROOF_COUNT_MISMATCH');
    refuses({ includedNodes: includedNodes.slice(1) }, 'PROOF_COUNT_MISMATCH');
    refuses({ includedNodes: [...includedNodes, includedNodes[0]!] }, 'PROOF_COUNT_MISMATCH');
    refuses({ includedNodes: includedNodes.toReversed() }, 'LEAF_INDEX_MISMATCH');
    refuses({ includedNodes: includedNodes.with(1, 84) }, 'LEAF_INDEX_MISMATCH');
    refuses({ includedNodes: includedNodes.with(1, 83) }, 'LEAF_INDEX_MISMATCH');
    refuses({ consistentLengths: [] }, 'PROOF_COUNT_MISMATCH');
    refuses({ consistentLengths: [...consistentLengths, 64] }, 'PROOF_COUNT_MISMATCH');
    refuses({ consistentLengths: consistentLengths.toReversed() }, 'OLD_LENGTH_MISMATCH');
    refuses({ consistentLengths: [8, 64] }, 'OLD_LENGTH_MISMATCH');
    refuses({ consistentLengths: [0, 64] }, 'OLD_LENGTH_MISMATCH');
  });

  it('that is empty', () => {
    expect(() => verifyLogBundle(new Uint8Array(0), expected)).toThrow(code('LOG_LENGTH_MISMATCH'));
  });
});

describe('verifyLogBundle refuses expectations that are not met:', () => {
  const verify = (changed: Partial<ExpectedLogProofs>) => () =>
    verifyLogBundle(encodeLogBundle(bundle), { ...expected, ...changed });

  it('another root', () => {
    expect(verify({ root: leafNumber(0) })).toThrow(code('ROOT_MISMATCH'));
  });

  it('another old root', () => {
    expect(verify({ from: [expected.from[0]!, { length: 64, root: expected.root }] })).toThrow(
      expect.objectContaining({ code: 'OLD_ROOT_MISMATCH', position: 1 }),
    );
  });

  it('another leaf', () => {
    expect(verify({ leaves: [{ index: 3, hash: all[4]! }, ...expected.leaves.slice(1)] })).toThrow(
      expect.objectContaining({ code: 'ROOT_MISMATCH', position: 0 }),
    );
  });

  it('another index, length or number of proofs', () => {
    expect(verify({ leaves: [{ index: 4, hash: all[4]! }, ...expected.leaves.slice(1)] })).toThrow(
      code('LEAF_INDEX_MISMATCH'),
    );
    expect(verify({ length: 101 })).toThrow(code('LOG_LENGTH_MISMATCH'));
    expect(verify({ leaves: expected.leaves.slice(1) })).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(verify({ from: [] })).toThrow(code('PROOF_COUNT_MISMATCH'));
  });

  it('a leaf outside the log, an old length beyond it, or of 0', () => {
    expect(verify({ leaves: [{ index: 100, hash: all[0]! }] })).toThrow(code('LEAF_BEYOND_LOG'));
    expect(verify({ from: [{ length: 101, root: expected.root }] })).toThrow(code('LENGTHS_OUT_OF_ORDER'));
    expect(verify({ from: [{ length: 0, root: expected.root }] })).toThrow(code('EMPTY_OLD_LOG'));
  });

  it('a log longer than a bundle can speak of', () => {
    for (const length of [2 ** 32 + 100, 2 ** 40, 2 ** 52]) {
      expect(verify({ length })).toThrow(code('LOG_LENGTH_MISMATCH'));
      expect(verify({ length, leaves: [{ index: 3 + 2 ** 31, hash: all[3]! }] })).toThrow(
        code('LOG_LENGTH_MISMATCH'),
      );
    }
    expect(verify({ length: 2 ** 53 - 1 })).toThrow(misuse);
  });

  it('nothing at all, or what is no length, index or hash', () => {
    expect(verify({ leaves: [], from: [] })).toThrow(misuse);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(verify({ length: wrong })).toThrow(TransparencyError);
      expect(verify({ leaves: [{ index: wrong, hash: all[0]! }] })).toThrow(TransparencyError);
      expect(verify({ from: [{ length: wrong, root: all[0]! }] })).toThrow(TransparencyError);
    }
    const short = new Uint8Array(31);
    expect(verify({ root: short })).toThrow(misuse);
    expect(verify({ leaves: [{ index: 3, hash: short }] })).toThrow(misuse);
    expect(verify({ from: [{ length: 3, root: short }] })).toThrow(misuse);
  });
});

describe('verifyLogBundle, where node numbers fill 32 bits,', () => {
  // Nobody has a log of this length: any siblings make a root, and the definition says which.
  const proofOf = (index: number, length: number) => {
    const plan = planLogProofs({ consistency: [], inclusion: [{ leaf: index, length }] });
    const hashes = plan.nodes.map((node, i) => ({ node, hash: leafNumber(i) }));
    const hashOf = new Map(hashes.map(({ node, hash }) => [node, hash]));
    const rootOf = (first: number, count: number): Hash => {
      const known = isComplete(first, count) ? hashOf.get(2 * first + count - 1) : undefined;
      if (known !== undefined) return known;
      if (count === 1) return leafNumber(0, 'it');
      let left = 2 ** Math.floor(Math.log2(count));
      if (left === count) left = count / 2;
      return naiveBranch(rootOf(first, left), rootOf(first + left, count - left));
    };
    const bundle = { ...plan, hashes };
    return {
      bundle,
      expected: { length, root: rootOf(0, length), leaves: [{ index, hash: leafNumber(0, 'it') }] },
    };
  };
  const isComplete = (first: number, count: number) =>
    Number.isInteger(Math.log2(count)) && first % count === 0;

  it.each([
    [0, 2 ** 31],
    [2 ** 31 - 1, 2 ** 31],
    [2 ** 30 + 12_345, 2 ** 31],
    [2 ** 31 - 2, 2 ** 31 - 1],
    [2 ** 30 - 1, 2 ** 31 - 1],
    [2 ** 31 - 5, 2 ** 31 - 3],
  ])('accepts leaf %i of %i with its hashes and no other', (index, length) => {
    const { bundle, expected } = proofOf(index, length);
    const bytes = encodeLogBundle(bundle);
    verifyLogBundle(bytes, expected);
    const [leaf] = expected.leaves as [{ index: number; hash: Hash }];
    for (const other of [index ^ 1, index + 2 ** 31, index + 2 ** 32]) {
      const leaves = [{ index: other, hash: leaf.hash }];
      expect(() => verifyLogBundle(bytes, { ...expected, leaves })).toThrow(ProofError);
    }
    for (const other of [length - 1, length + 1, length - 2 ** 30, length + 2 ** 32]) {
      expect(() => verifyLogBundle(bytes, { ...expected, length: other })).toThrow(ProofError);
    }
    const exchanged = bundle.hashes.map(({ node }, i) => ({
      node,
      hash: leafNumber(i === 0 ? 1 : i === 1 ? 0 : i),
    }));
    expect(() => verifyLogBundle(encodeLogBundle({ ...bundle, hashes: exchanged }), expected)).toThrow(
      code('ROOT_MISMATCH'),
    );
  });
});

describe('evaluateLogBundle', () => {
  it('judges each proof on its own', () => {
    const missing = { ...bundle, hashes: bundle.hashes.filter(({ node }) => node !== 4) };
    const result = evaluateLogBundle(missing, [all[3]!, all[41]!, all[99]!]);
    expect(result.inclusion.map((proof) => (proof.ok ? 'ok' : proof.error.code))).toEqual([
      'MISSING_HASH',
      'ok',
      'ok',
    ]);
  });

  it('says which kind of hash is missing', () => {
    const codes = (nodes: number[]) =>
      evaluateLogBundle(
        { ...bundle, hashes: bundle.hashes.filter(({ node }) => nodes.includes(node)) },
        [],
      ).consistency.map((proof) => (proof.ok ? 'ok' : proof.error.code));
    expect(codes([])).toEqual(['MISSING_OLD_HASH', 'MISSING_OLD_HASH']);
    expect(codes([3, 63])).toEqual(['MISSING_HASH', 'MISSING_HASH']);
  });

  it('has an answer for every proof that cannot be one', () => {
    const result = evaluateLogBundle(
      { logLength: 3, consistentLengths: [0, 4], includedNodes: [6, 2 ** 32 - 1, 0], hashes: [] },
      [all[0]!, all[1]!],
    );
    expect(result.consistency.map((proof) => proof.ok || proof.error.code)).toEqual([
      'EMPTY_OLD_LOG',
      'LENGTHS_OUT_OF_ORDER',
    ]);
    expect(result.inclusion.map((proof) => proof.ok || proof.error.code)).toEqual([
      'LEAF_BEYOND_LOG',
      'LEAF_BEYOND_LOG',
      'MISSING_LEAF',
    ]);
  });

  it('finds parts that lead to different roots', () => {
    const hashes = bundle.hashes.map(({ node, hash }) => ({ node, hash: node === 9 ? all[0]! : hash }));
    const [first] = evaluateLogBundle({ ...bundle, hashes }, []).consistency;
    expect(first!.ok || first!.error.code).toBe('DIVERGING_ROOTS');
  });
});
