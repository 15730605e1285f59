import { ProofError } from '../errors.ts';
import { hashBranchInto } from '../hashing/branch.ts';
import { type Hash, requireHash } from '../hashing/hash.ts';
import type { MapProof } from './bundle.ts';
import { bitAt, emptyMapHash, hashEmptyChains, isEmptyHash, MAP_HEIGHT } from './empty.ts';
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
  return proofs.map((proof, position) => {
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
    return { peers, ok: true, root: evaluateMapProof(proof, pathOf(entry.key), entry.leafHash) };
  });
}

/** The root that a proof of at most 256 siblings leads to from a leaf. */
export function evaluateMapProof(proof: MapProof, path: Uint8Array, leaf: Hash): Hash {
  const hash = Uint8Array.from(leaf);
  const missing = MAP_HEIGHT - proof.length;
  let height = climbPastEmpty(hash, path, 0, missing);
  while (height < MAP_HEIGHT) {
    const peer = proof[height - missing];
    if (peer === undefined) {
      let to = height + 1;
      while (to < MAP_HEIGHT && proof[to - missing] === undefined) to++;
      height = climbPastEmpty(hash, path, height, to);
    } else {
      if (bitAt(path, MAP_HEIGHT - 1 - height) === 0) hashBranchInto(hash, 0, peer, 0, hash, 0);
      else hashBranchInto(peer, 0, hash, 0, hash, 0);
      height++;
    }
  }
  return hash;
}

/** Climbs past empty subtrees only. Where the hash itself is that of an empty subtree, the result is known. */
function climbPastEmpty(hash: Uint8Array, path: Uint8Array, from: number, to: number): number {
  if (isEmptyHash(hash, 0, from)) hash.set(emptyMapHash(to));
  else hashEmptyChains([{ path, from, to, hash }]);
  return to;
}
