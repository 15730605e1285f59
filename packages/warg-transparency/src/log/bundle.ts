import { create, toBinary } from '@bufbuild/protobuf';
import { ProofError } from '../errors.ts';
import { HashEntrySchema, LogProofBundleSchema } from '../generated/proofs_pb.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { decodeMessage } from '../wire/decode.ts';

/** The hash of one node of a log. */
export interface NodeHash {
  /** The in-order number of the node. */
  readonly node: number;
  /** 32 bytes. */
  readonly hash: Hash;
}

/** Proofs about one length of a log, that share their hashes. */
export interface LogBundle {
  /** The length of the log, in leaves, that everything is proved for. */
  readonly logLength: number;
  /** Older lengths; each is proved to be a beginning of the log. */
  readonly consistentLengths: readonly number[];
  /** The node numbers (twice the index) of the leaves that are proved to be in the log. */
  readonly includedNodes: readonly number[];
  /** The hashes that the proofs need, in the order of their node numbers, none twice. */
  readonly hashes: readonly NodeHash[];
}

/**
 * Reads a bundle of log proofs, without judging what it proves.
 *
 * Numbers wrap to 32 bits, unknown fields are skipped, and the order of the fields does not matter, as the
 * reference reads it. Stricter than the reference: hashes must stand in the order of their nodes, none twice.
 * The hashes are views of `bytes`.
 *
 * @param bytes `LogProofBundle` as protobuf, untrusted
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE` | `INVALID_HASH_LENGTH` | `UNSORTED_HASHES` |
 *   `DUPLICATE_HASH`
 */
export function decodeLogBundle(bytes: Uint8Array): LogBundle {
  const message = decodeMessage(LogProofBundleSchema, bytes);
  const hashes: NodeHash[] = [];
  let previous = -1;
  for (const { index: node, hash } of message.hashes) {
    if (hash.length !== HASH_BYTES) {
      throw new ProofError(
        'INVALID_HASH_LENGTH',
        `expected 32 bytes as the hash of node ${node}, found ${hash.length}`,
      );
    }
    if (node === previous) throw new ProofError('DUPLICATE_HASH', `node ${node} is given twice`);
    if (node < previous) {
      throw new ProofError(
        'UNSORTED_HASHES',
        `expected hashes by rising node, found ${node} after ${previous}`,
      );
    }
    previous = node;
    hashes.push({ node, hash });
  }
  return {
    logLength: message.logLength,
    consistentLengths: message.consistentLengths,
    includedNodes: message.includedIndices,
    hashes,
  };
}

/** Writes a bundle of log proofs, byte for byte as the reference does. */
export function encodeLogBundle(bundle: LogBundle): Uint8Array {
  return toBinary(
    LogProofBundleSchema,
    create(LogProofBundleSchema, {
      logLength: bundle.logLength,
      consistentLengths: [...bundle.consistentLengths],
      includedIndices: [...bundle.includedNodes],
      hashes: bundle.hashes.map(({ node, hash }) => create(HashEntrySchema, { index: node, hash })),
    }),
  );
}
