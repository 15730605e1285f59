import { encodeHex, equalBytes } from '@warg/crypto';
import { ProofError, TransparencyError } from '../errors.ts';
import { type Hash, requireHash } from '../hashing/hash.ts';
import { decodeMapBundle } from './bundle.ts';
import { EMPTY_MAP_LEAF } from './empty.ts';
import { evaluateMapBundle } from './evaluate.ts';

/** Entries that must be in a map: all of it comes from a source that is trusted already. */
export interface ExpectedMapEntries {
  /** The root of the map, 32 bytes, from a signed checkpoint. */
  readonly root: Hash;
  /** In the order asked for; at least one. `key` is what is hashed into the path, `leafHash` is {@link hashLeaf}. */
  readonly entries: readonly { readonly key: Uint8Array; readonly leafHash: Hash }[];
}

/** Keys that must not be in a map: all of it comes from a source that is trusted already. */
export interface ExpectedMapAbsence {
  /** The root of the map, 32 bytes, from a signed checkpoint. */
  readonly root: Hash;
  /** In the order asked for; at least one. */
  readonly keys: readonly Uint8Array[];
}

/**
 * Checks that a bundle proves the presence of every entry, no less and no more: one proof for each, in their
 * order, each leading from the entry to the root.
 *
 * An empty subtree may be written as its hash, as an absent hash or (at the leaf's end) not at all.
 *
 * @param bundle `MapProofBundle` as protobuf, untrusted
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `TOO_MANY_PEERS` |
 *   `PROOF_COUNT_MISMATCH` | `ROOT_MISMATCH`
 * @throws TransparencyError `INVALID_ARGUMENT` if what is expected makes no sense; `EMPTY_LEAF` if an entry is the
 *   leaf of absent ones
 * @example verifyMapBundle(answer.map, { root, entries: [{ key: logIdBytes, leafHash: hashLeaf(leafBytes) }] });
 */
export function verifyMapBundle(bundle: Uint8Array, expected: ExpectedMapEntries): void {
  requireHash(expected.root, 'root');
  expected.entries.forEach(({ leafHash }) => {
    requireHash(leafHash, 'leaf hash');
    requireNotEmptyLeaf(leafHash);
  });
  verifyProofs(bundle, expected.root, expected.entries);
}

/**
 * Checks that a bundle proves the absence of every key, no less and no more: one proof for each, in their order,
 * each leading from the empty leaf in the place of the key to the root.
 *
 * @param bundle `MapProofBundle` as protobuf, untrusted
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `TOO_MANY_PEERS` |
 *   `PROOF_COUNT_MISMATCH` | `ROOT_MISMATCH`
 * @throws TransparencyError `INVALID_ARGUMENT` if what is expected makes no sense
 * @example verifyMapAbsence(answer.map, { root, keys: [logIdBytes] });
 */
export function verifyMapAbsence(bundle: Uint8Array, expected: ExpectedMapAbsence): void {
  requireHash(expected.root, 'root');
  verifyProofs(
    bundle,
    expected.root,
    expected.keys.map((key) => ({ key, leafHash: EMPTY_MAP_LEAF })),
  );
}

/** @throws TransparencyError `EMPTY_LEAF` */
export function requireNotEmptyLeaf(leafHash: Hash): void {
  if (!equalBytes(leafHash, EMPTY_MAP_LEAF)) return;
  throw new TransparencyError(
    'EMPTY_LEAF',
    'an entry cannot be the empty leaf, which says that there is none',
  );
}

function verifyProofs(
  bundle: Uint8Array,
  root: Hash,
  entries: readonly { readonly key: Uint8Array; readonly leafHash: Hash }[],
): void {
  if (entries.length === 0) {
    throw new TransparencyError('INVALID_ARGUMENT', 'expected at least one key to verify, found none');
  }
  const proofs = decodeMapBundle(bundle);
  if (proofs.length !== entries.length) {
    throw new ProofError(
      'PROOF_COUNT_MISMATCH',
      `expected ${entries.length} proofs of the map, found ${proofs.length}`,
    );
  }
  evaluateMapBundle(proofs, entries).forEach((proof, position) => {
    if (!proof.ok) throw proof.error;
    if (equalBytes(proof.root, root)) return;
    throw new ProofError(
      'ROOT_MISMATCH',
      `proof ${position} of the map leads to root ${encodeHex(proof.root)}, expected ${encodeHex(root)}`,
      { position },
    );
  });
}
