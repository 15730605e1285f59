import { ProofError } from '../errors.ts';
import { copyHash } from '../hashing/copy-hash.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { decodeMessage } from '../wire/decode.ts';
import { bytesTag, varintSize, writeVarint } from '../wire/encode.ts';
import { mapProofBundle } from '../wire/messages.ts';
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
  const message = decodeMessage(mapProofBundle, bytes);
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
  const sizes = proofs.map(proofSize);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + 1 + varintSize(size) + size, 0));
  let at = 0;
  proofs.forEach((proof, i) => {
    bytes[at] = TAG;
    at = writeVarint(bytes, at + 1, sizes[i]!);
    for (const hash of proof) {
      bytes[at] = TAG;
      at = writeVarint(bytes, at + 1, hashSize(hash));
      if (hash === undefined) continue;
      // Written even if it is empty: that it is there says that the subtree is not.
      bytes[at] = TAG;
      at = writeVarint(bytes, at + 1, hash.length);
      bytes.set(hash, at);
      at += hash.length;
    }
  });
  return bytes;
}

/**
 * Makes room for a bundle whose siblings are all there, and writes what stands around them.
 *
 * @param counts how many siblings each proof has
 * @returns where the siblings of each proof begin, for {@link writeSibling}
 */
export function beginMapBundle(counts: readonly number[]): {
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
} {
  let whole = 0;
  for (const count of counts) whole += 1 + varintSize(count * SIBLING_BYTES) + count * SIBLING_BYTES;
  const bytes = new Uint8Array(whole);
  let at = 0;
  const starts = counts.map((count) => {
    bytes[at] = TAG;
    const start = writeVarint(bytes, at + 1, count * SIBLING_BYTES);
    at = start + count * SIBLING_BYTES;
    return start;
  });
  return { bytes, starts };
}

/** Writes a sibling that is there, the 32 bytes at `from`, and returns where it ends. */
export function writeSibling(hashes: Uint8Array, from: number, bytes: Uint8Array, at: number): number {
  bytes[at] = TAG;
  bytes[at + 1] = HASH_BYTES + 2;
  bytes[at + 2] = TAG;
  bytes[at + 3] = HASH_BYTES;
  copyHash(hashes, from, bytes, at + 4);
  return at + SIBLING_BYTES;
}

/** What a sibling takes that is there. */
const SIBLING_BYTES = 4 + HASH_BYTES;

/** Each of these messages has one field, number 1, with bytes or a message. */
const TAG = bytesTag(1);

function proofSize(proof: MapProof): number {
  let size = 0;
  for (const hash of proof) {
    const inner = hashSize(hash);
    size += 1 + varintSize(inner) + inner;
  }
  return size;
}

function hashSize(hash: Hash | undefined): number {
  return hash === undefined ? 0 : 1 + varintSize(hash.length) + hash.length;
}
