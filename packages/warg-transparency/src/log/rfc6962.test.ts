import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { leafNumbers, naiveLogRoot } from '../../test/naive.ts';
import { rfcVerifiesConsistency, rfcVerifiesInclusion } from '../../test/rfc9162.ts';
import type { Hash } from '../hashing/hash.ts';
import { decodeLogBundle, encodeLogBundle, type LogBundle } from './bundle.ts';
import { MerkleLog } from './merkle-log.ts';
import { balancedRoots } from './nodes.ts';
import {
  fromRfc6962ConsistencyProof,
  fromRfc6962InclusionProof,
  toRfc6962ConsistencyProof,
  toRfc6962InclusionProof,
} from './rfc6962.ts';
import { memoryLogStore } from './store.ts';

const all = leafNumbers(300);
const rootAt = (length: number) => naiveLogRoot(all.slice(0, length));
let log: MerkleLog;

beforeAll(async () => {
  log = await MerkleLog.open(memoryLogStore());
  await log.append(all);
});

const included = async (length: number, leaf: number) =>
  decodeLogBundle(await log.prove({ length, leaves: [leaf] }));
const consistent = async (length: number, from: number) =>
  decodeLogBundle(await log.prove({ length, from: [from] }));
const subtreesAt = (length: number) => log.nodeHashes(balancedRoots(length));
const code = (name: string) => expect.objectContaining({ name: 'ProofError', code: name });
const flipped = (hash: Hash) => hash.map((byte, i) => (i === 0 ? byte ^ 1 : byte));

/** A size, and a number from 0 to below it. */
const place = fc.integer({ min: 1, max: 300 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));

describe('an audit path', () => {
  it('out of a bundle verifies as the RFC says, and makes the same bundle again', async () => {
    await fc.assert(
      fc.asyncProperty(place, async ([size, leaf]) => {
        const bundle = await included(size, leaf);
        const proof = toRfc6962InclusionProof(bundle, leaf);
        expect(rfcVerifiesInclusion(leaf, size, proof.hashes, all[leaf]!, rootAt(size))).toBe(true);
        expect(rfcVerifiesInclusion(leaf, size, proof.hashes, all[leaf === 0 ? 1 : 0]!, rootAt(size))).toBe(
          false,
        );
        expectSame(fromRfc6962InclusionProof(proof, await subtreesAt(size)), bundle);
      }),
      { numRuns: 200 },
    );
  });

  it('comes out of a bundle that proves more than one leaf', async () => {
    const leaves = [3, 77, 298];
    const bundle = decodeLogBundle(await log.prove({ length: 299, leaves, from: [5] }));
    for (const leaf of leaves) {
      const { hashes } = toRfc6962InclusionProof(bundle, leaf);
      expect(rfcVerifiesInclusion(leaf, 299, hashes, all[leaf]!, rootAt(299))).toBe(true);
    }
    expect(() => toRfc6962InclusionProof(bundle, 150)).toThrow(code('MISSING_HASH'));
    expect(() => toRfc6962InclusionProof(bundle, 299)).toThrow(code('LEAF_BEYOND_LOG'));
  });

  it('needs the subtrees only where it has one hash for several of them', async () => {
    const proof = toRfc6962InclusionProof(await included(256, 7), 7);
    expectSame(fromRfc6962InclusionProof(proof), await included(256, 7));
    // 7 = 4 + 2 + 1: the path of leaf 0 has the last two as one.
    const joined = toRfc6962InclusionProof(await included(7, 0), 0);
    expect(() => fromRfc6962InclusionProof(joined)).toThrow(code('MISSING_HASH'));
    const subtrees = await subtreesAt(7);
    const others = [subtrees[0]!, flipped(subtrees[1]!), subtrees[2]!];
    expect(() => fromRfc6962InclusionProof(joined, others)).toThrow(code('DIVERGING_ROOTS'));
    expect(() => fromRfc6962InclusionProof(joined, subtrees.slice(1))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('with a hash too few, too many or too short is refused', async () => {
    const proof = toRfc6962InclusionProof(await included(256, 7), 7);
    const { hashes } = proof;
    const changed = (next: readonly Hash[]) => () => fromRfc6962InclusionProof({ ...proof, hashes: next });
    expect(changed(hashes.slice(1))).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(changed([...hashes, hashes[0]!])).toThrow(code('PROOF_COUNT_MISMATCH'));
    expect(changed(hashes.with(2, hashes[2]!.subarray(1)))).toThrow(code('INVALID_HASH_LENGTH'));
    expect(() => fromRfc6962InclusionProof({ ...proof, leafIndex: 256 })).toThrow(code('LEAF_BEYOND_LOG'));
  });
});

describe('a consistency proof', () => {
  it('out of a bundle verifies as the RFC says, and makes the same bundle again', async () => {
    await fc.assert(
      fc.asyncProperty(place, async ([size, before]) => {
        const old = before + 1;
        const bundle = await consistent(size, old);
        const proof = toRfc6962ConsistencyProof(bundle, old);
        const { hashes } = proof;
        expect(rfcVerifiesConsistency(old, size, rootAt(old), rootAt(size), hashes)).toBe(true);
        expect(rfcVerifiesConsistency(old, size, flipped(rootAt(old)), rootAt(size), hashes)).toBe(false);
        expectSame(fromRfc6962ConsistencyProof(proof, rootAt(old), await subtreesAt(size)), bundle);
      }),
      { numRuns: 200 },
    );
  });

  it('of the empty log, or of a longer one, is none', async () => {
    const bundle = await consistent(200, 100);
    expect(() => toRfc6962ConsistencyProof(bundle, 0)).toThrow(code('EMPTY_OLD_LOG'));
    expect(() => toRfc6962ConsistencyProof(bundle, 201)).toThrow(code('LENGTHS_OUT_OF_ORDER'));
    expect(() => toRfc6962ConsistencyProof(bundle, 31)).toThrow(code('MISSING_HASH'));
    const none = { oldSize: 0, treeSize: 4, hashes: [] };
    expect(() => fromRfc6962ConsistencyProof(none, rootAt(4))).toThrow(code('EMPTY_OLD_LOG'));
  });

  it('between small trees has as many hashes as the example of the RFC', async () => {
    // RFC 6962, section 2.1.3: the trees of 3, 4, 6 and 7 leaves.
    const count = async (old: number) =>
      toRfc6962ConsistencyProof(await consistent(7, old), old).hashes.length;
    expect([await count(3), await count(4), await count(6), await count(7)]).toEqual([4, 1, 3, 0]);
  });
});

function expectSame(found: LogBundle, expected: LogBundle): void {
  expect(encodeLogBundle(found)).toEqual(encodeLogBundle(expected));
}
