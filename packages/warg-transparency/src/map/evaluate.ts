import { ProofError } from '../errors.ts';
import { hashBranchInto } from '../hashing/branch.ts';
import { type Hash, requireHash } from '../hashing/hash.ts';
import type { MapProof } from './bundle.ts';
import { bitAt, type EmptyChain, emptyMapHash, hashEmptyChains, isEmptyHash, MAP_HEIGHT } from './empty.ts';
import { pathOf } from './path.ts';

/** What a proof of the map leads to. Only a caller who compares the root with a trusted one has proved anything. */
export type MapProofResult = { readonly peers: number } & (
  | { readonly ok: true; readonly root: Hash }
  | { readonly ok: false; readonly error: ProofError }
);

/**
 * Evaluates every proof of a bundle with the entry at the same position. It compares nothing with anything
 * trusted: to check an answer use {@link verifyMapBundle} or {@link verifyMapAbsence}.
 *
 * A proof without entry fails with `MISSING_LEAF`.
 *
 * @throws TransparencyError `INVALID_ARGUMENT` if a leaf hash is not 32 bytes long
 */
export function evaluateMapBundle(
  proofs: readonly MapProof[],
  entries: readonly { readonly key: Uint8Array; readonly leafHash: Hash }[],
): MapProofResult[] {
  for (const { leafHash } of entries) requireHash(leafHash, 'leaf hash');
  const ways: MapWay[] = [];
  const results = proofs.map((proof, position): MapProofResult => {
    const peers = proof.length;
    const entry = entries[position];
    if (entry === undefined) {
      const error = new ProofError('MISSING_LEAF', `proof ${position} has no entry to prove`, { position });
      return { peers, ok: false, error };
    }
    if (peers > MAP_HEIGHT) {
      const message = `expected at most ${MAP_HEIGHT} siblings, found ${peers}`;
      return { peers, ok: false, error: new ProofError('TOO_MANY_PEERS', message, { position }) };
    }
    const root = Uint8Array.from(entry.leafHash);
    ways.push({ proof, path: pathOf(entry.key), hash: root });
    return { peers, ok: true, root };
  });
  climbAll(ways);
  return results;
}

/** The root that a proof of at most 256 siblings leads to from a leaf. */
export function evaluateMapProof(proof: MapProof, path: Uint8Array, leaf: Hash): Hash {
  const hash = Uint8Array.from(leaf);
  climbAll([{ proof, path, hash }]);
  return hash;
}

/** The way of one leaf to the root: `hash` is the leaf's at first, and becomes the root's. */
interface MapWay {
  readonly proof: MapProof;
  readonly path: Uint8Array;
  readonly hash: Uint8Array;
}

function climbAll(ways: readonly MapWay[]): void {
  // The long way from the leaves past empty subtrees, all together; the rest is short.
  climbPastEmpty(
    ways.map(({ path, hash, proof }) => ({ path, hash, from: 0, to: MAP_HEIGHT - proof.length })),
  );
  for (const { proof, path, hash } of ways) {
    const missing = MAP_HEIGHT - proof.length;
    for (let height = missing; height < MAP_HEIGHT; ) {
      const peer = proof[height - missing];
      if (peer === undefined) {
        let to = height + 1;
        while (to < MAP_HEIGHT && proof[to - missing] === undefined) to++;
        climbPastEmpty([{ path, from: height, to, hash }]);
        height = to;
      } else {
        if (bitAt(path, MAP_HEIGHT - 1 - height) === 0) hashBranchInto(hash, 0, peer, 0, hash, 0);
        else hashBranchInto(peer, 0, hash, 0, hash, 0);
        height++;
      }
    }
  }
}

/** Climbs past empty subtrees only. Where a hash itself is that of an empty subtree, the result is known. */
function climbPastEmpty(chains: readonly EmptyChain[]): void {
  hashEmptyChains(
    chains.filter(({ hash, from, to }) => {
      if (!isEmptyHash(hash, 0, from)) return true;
      hash.set(emptyMapHash(to));
      return false;
    }),
  );
}
