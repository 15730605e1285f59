import { create, toBinary } from '@bufbuild/protobuf';
import { ProofError } from '../errors.ts';
import { MapInclusionProofSchema, MapProofBundleSchema, OptionalHashSchema } from '../generated/proofs_pb.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { decodeMessage } from '../wire/decode.ts';
import { MAP_HEIGHT } from './empty.ts';

/**
 * The siblings on the way from a leaf to the root, from the leaf upwards: at most 256. Missing ones at the leaf's
 * end are empty subtrees, and undefined stands for an empty subtree of its height.
 */
export type MapProof = readonly (Hash | undefined)[];

/**
 * Reads a bundle of map proofs, without judging what it proves. Unknown fields are skipped. The hashes are views
 * of `bytes`.
 *
 * @param bytes `MapProofBundle` as protobuf, untrusted
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `TOO_MANY_PEERS`
 */
export function decodeMapBundle(bytes: Uint8Array): readonly MapProof[] {
  const message = decodeMessage(MapProofBundleSchema, bytes);
  return message.proofs.map(({ hashes }, position) => {
    if (hashes.length > MAP_HEIGHT) {
      throw new ProofError(
        'TOO_MANY_PEERS',
        `expected at most ${MAP_HEIGHT} siblings, found ${hashes.length}`,
        {
          position,
        },
      );
    }
    return hashes.map(({ hash }) => {
      if (hash === undefined || hash.length === HASH_BYTES) return hash;
      throw new ProofError('INVALID_HASH_LENGTH', `expected a sibling of 32 bytes, found ${hash.length}`, {
        position,
      });
    });
  });
}

/** Writes a bundle of map proofs, byte for byte as the reference does. */
export function encodeMapBundle(proofs: readonly MapProof[]): Uint8Array {
  return toBinary(
    MapProofBundleSchema,
    create(MapProofBundleSchema, {
      proofs: proofs.map((peers) =>
        create(MapInclusionProofSchema, {
          hashes: peers.map((hash) => create(OptionalHashSchema, hash === undefined ? {} : { hash })),
        }),
      ),
    }),
  );
}
