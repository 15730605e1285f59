import {
  concatBytes,
  type Digest,
  digestOf,
  encodeUtf8,
  type KeyId,
  keyIdOf,
  type PrivateKey,
  type PublicKey,
  publicKeyOf,
  type Signature,
  SignaturePrefix,
  sign,
  verifySignature,
} from '@warg/crypto';
import { encodeLeb128, encodePrefixedText } from '../bytes/leb128.ts';
import type { HashText } from '../ids.ts';
import type { U64 } from '../json/index.ts';

/** What a registry commits to: the roots of its log and of its map. */
export interface Checkpoint {
  /** The root of the log. */
  readonly logRoot: Digest;
  /** How many records the log has. */
  readonly logLength: number;
  /** The root of the map from log ids to the heads of these logs. */
  readonly mapRoot: Digest;
}

/** A checkpoint and when it was made. */
export interface TimestampedCheckpoint extends Checkpoint {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
}

/** A checkpoint with the signature of an operator's key. */
export interface SignedCheckpoint {
  readonly contents: TimestampedCheckpoint;
  /** The id of the key that is said to have signed: any text. */
  readonly keyId: string;
  readonly signature: string;
}

/**
 * A checkpoint as the wire can carry it: numbers up to 2^64 − 1 (bigint beyond 2^53 − 1) and hashes of any length.
 * Every {@link Checkpoint} is one.
 */
export interface WireCheckpoint {
  readonly logRoot: HashText;
  readonly logLength: U64;
  readonly mapRoot: HashText;
}

/** A {@link TimestampedCheckpoint} as the wire can carry it. */
export interface WireTimestampedCheckpoint extends WireCheckpoint {
  readonly timestamp: U64;
}

/** A {@link SignedCheckpoint} as the wire can carry it. */
export interface WireSignedCheckpoint {
  readonly contents: WireTimestampedCheckpoint;
  readonly keyId: string;
  readonly signature: string;
}

const CHECKPOINT_PREFIX = 'WARG-CHECKPOINT-V0';
const TIMESTAMPED_CHECKPOINT_PREFIX = 'WARG-TIMESTAMPED-CHECKPOINT-V0';

/** The bytes whose digest is the id of a checkpoint. */
export function checkpointBytes(checkpoint: WireCheckpoint): Uint8Array {
  return concatBytes(encodeUtf8(CHECKPOINT_PREFIX), checkpointMembers(checkpoint));
}

/** The id of a checkpoint. It does not depend on the timestamp: signing the same state again keeps the id. */
export function checkpointId(checkpoint: WireCheckpoint): Digest {
  return digestOf(checkpointBytes(checkpoint));
}

/** The bytes that a signature of a checkpoint is over (behind the prefix of its domain). */
export function timestampedCheckpointBytes(checkpoint: WireTimestampedCheckpoint): Uint8Array {
  return concatBytes(
    encodeUtf8(TIMESTAMPED_CHECKPOINT_PREFIX),
    checkpointMembers(checkpoint),
    encodeLeb128(checkpoint.timestamp),
  );
}

function checkpointMembers({ logLength, logRoot, mapRoot }: WireCheckpoint): Uint8Array {
  return concatBytes(encodeLeb128(logLength), encodePrefixedText(logRoot), encodePrefixedText(mapRoot));
}

/**
 * Signs a checkpoint.
 *
 * @example
 * const signed = signCheckpoint({ logRoot, logLength, mapRoot, timestamp: Math.floor(Date.now() / 1000) }, key);
 */
export function signCheckpoint<C extends WireTimestampedCheckpoint>(
  contents: C,
  key: PrivateKey,
): { readonly contents: C; readonly keyId: KeyId; readonly signature: Signature } {
  return {
    contents,
    keyId: keyIdOf(publicKeyOf(key)),
    signature: sign(key, SignaturePrefix.checkpoint, timestampedCheckpointBytes(contents)),
  };
}

/**
 * Checks that the owner of `publicKey` signed a checkpoint. The key id is not looked at: take the public key from the
 * operator log, under that id, and check with `maySignCheckpoints` that it may sign.
 *
 * @returns the contents, now known to be signed
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyCheckpointSignature<C extends WireTimestampedCheckpoint>(
  checkpoint: { readonly contents: C; readonly signature: string },
  publicKey: PublicKey,
): C {
  const { contents, signature } = checkpoint;
  verifySignature(publicKey, SignaturePrefix.checkpoint, timestampedCheckpointBytes(contents), signature);
  return contents;
}
