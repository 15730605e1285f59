import {
  keyIdOf,
  type PrivateKey,
  type PublicKey,
  publicKeyOf,
  type Signature,
  SignaturePrefix,
  sign,
} from '@warg/crypto';
import {
  decodeOperatorRecord,
  type Envelope,
  encodeOperatorRecord,
  type OperatorEntry,
  RECORD_VERSION,
  type RecordId,
  type SignedCheckpoint,
  type Timestamp,
  type TimestampedCheckpoint,
  timestampedCheckpointBytes,
} from '@warg/protocol';

/** Whoever signs for the operator: a key in memory, or something far away that has the key. */
export interface OperatorSigner {
  readonly publicKey: PublicKey;
  /**
   * Signs bytes in a domain: ECDSA with P-256 and SHA-256 over `prefix ‖ ":" ‖ bytes`.
   *
   * @throws if it cannot: what was to be signed is tried again later
   */
  sign(prefix: SignaturePrefix, bytes: Uint8Array): Promise<Signature>;
}

/** One that has its key in memory. */
export interface KeySigner extends OperatorSigner {
  readonly key: PrivateKey;
}

export function keySigner(key: PrivateKey): KeySigner {
  return {
    key,
    publicKey: publicKeyOf(key),
    sign: async (prefix, bytes) => sign(key, prefix, bytes),
  };
}

/** Signs a checkpoint, as `signCheckpoint` does with a key. */
export async function signCheckpointWith(
  signer: OperatorSigner,
  contents: TimestampedCheckpoint,
): Promise<SignedCheckpoint> {
  const signature = await signer.sign(SignaturePrefix.checkpoint, timestampedCheckpointBytes(contents));
  return { contents, keyId: keyIdOf(signer.publicKey), signature };
}

/** Signs an operator record, as `signOperatorRecord` does with a key. */
export async function signOperatorRecordWith(
  signer: OperatorSigner,
  record: {
    readonly prev: RecordId | undefined;
    readonly time: Timestamp;
    readonly entries: readonly OperatorEntry[];
  },
): Promise<Envelope> {
  const contentBytes = encodeOperatorRecord({ ...record, version: RECORD_VERSION });
  // What is signed stands for ever, so nothing is signed that a reader would refuse.
  decodeOperatorRecord(contentBytes);
  const signature = await signer.sign(SignaturePrefix.operatorRecord, contentBytes);
  return { contentBytes, keyId: keyIdOf(signer.publicKey), signature };
}
