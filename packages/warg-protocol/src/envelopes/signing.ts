import {
  keyIdOf,
  type PrivateKey,
  type PublicKey,
  publicKeyOf,
  SignaturePrefix,
  sign,
  verifySignature,
  verifySignatureAsync,
} from '@warg/crypto';
import { operatorRecordId, packageRecordId, type RecordId } from '../ids.ts';
import {
  decodeOperatorRecord,
  encodeOperatorRecord,
  type OperatorRecord,
} from '../records/operator-record.ts';
import { decodePackageRecord, encodePackageRecord, type PackageRecord } from '../records/package-record.ts';
import { RECORD_VERSION } from '../records/record-frame.ts';
import type { Envelope } from './envelope.ts';

/**
 * Signs a new package record.
 *
 * @param record `prev` is the id of the log's head, undefined for its first record; `time` not before the head's
 * @throws RecordError if what it makes could not be read again
 * @example
 * const envelope = signPackageRecord(
 *   { prev: state.head?.recordId, time: timestampFromMillis(Date.now()), entries: [{ type: 'yank', version }] },
 *   key,
 * );
 */
export function signPackageRecord(record: Omit<PackageRecord, 'version'>, key: PrivateKey): Envelope {
  const contentBytes = encodePackageRecord({ ...record, version: RECORD_VERSION });
  // What is signed stands for ever, so nothing is signed that a reader would refuse.
  decodePackageRecord(contentBytes);
  return signContents(contentBytes, key, SignaturePrefix.packageRecord);
}

/**
 * Signs a new operator record.
 *
 * @throws RecordError if what it makes could not be read again
 */
export function signOperatorRecord(record: Omit<OperatorRecord, 'version'>, key: PrivateKey): Envelope {
  const contentBytes = encodeOperatorRecord({ ...record, version: RECORD_VERSION });
  decodeOperatorRecord(contentBytes);
  return signContents(contentBytes, key, SignaturePrefix.operatorRecord);
}

function signContents(contentBytes: Uint8Array, key: PrivateKey, prefix: SignaturePrefix): Envelope {
  return { contentBytes, keyId: keyIdOf(publicKeyOf(key)), signature: sign(key, prefix, contentBytes) };
}

/**
 * The proof that a signature was verified already, for a fold that would verify it again. It names what was
 * verified; the fold trusts it only for the same record, key and signature, and only if it comes from
 * {@link verifyPackageEnvelope} or {@link verifyOperatorEnvelope} of this very program: a copy is worth nothing, unless
 * somebody vouches for it.
 */
export interface VerifiedSignature {
  readonly recordId: RecordId;
  readonly publicKey: PublicKey;
  readonly signature: string;
}

const genuine = /* @__PURE__ */ new WeakSet<VerifiedSignature>();

/**
 * Checks that the owner of `publicKey` signed this package record. The key id of the envelope is not looked at.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyPackageEnvelope(envelope: Envelope, publicKey: PublicKey): VerifiedSignature {
  return verified(envelope, publicKey, SignaturePrefix.packageRecord, packageRecordId(envelope.contentBytes));
}

/**
 * Checks that the owner of `publicKey` signed this operator record. The key id of the envelope is not looked at.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyOperatorEnvelope(envelope: Envelope, publicKey: PublicKey): VerifiedSignature {
  return verified(
    envelope,
    publicKey,
    SignaturePrefix.operatorRecord,
    operatorRecordId(envelope.contentBytes),
  );
}

/**
 * As {@link verifyPackageEnvelope}, off the calling thread where there is another one. The envelope is read before it
 * returns: what is changed in it afterwards is not what was verified, and the proof does not say so.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyPackageEnvelopeAsync(
  envelope: Envelope,
  publicKey: PublicKey,
): Promise<VerifiedSignature> {
  const recordId = packageRecordId(envelope.contentBytes);
  return verifiedAsync(envelope, publicKey, SignaturePrefix.packageRecord, recordId);
}

/**
 * As {@link verifyOperatorEnvelope}, off the calling thread where there is another one.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyOperatorEnvelopeAsync(
  envelope: Envelope,
  publicKey: PublicKey,
): Promise<VerifiedSignature> {
  const recordId = operatorRecordId(envelope.contentBytes);
  return verifiedAsync(envelope, publicKey, SignaturePrefix.operatorRecord, recordId);
}

async function verifiedAsync(
  { contentBytes, signature }: Envelope,
  publicKey: PublicKey,
  prefix: SignaturePrefix,
  recordId: RecordId,
): Promise<VerifiedSignature> {
  await verifySignatureAsync(publicKey, prefix, contentBytes, signature);
  return proofOf(recordId, publicKey, signature);
}

function verified(
  { contentBytes, signature }: Envelope,
  publicKey: PublicKey,
  prefix: SignaturePrefix,
  recordId: RecordId,
): VerifiedSignature {
  verifySignature(publicKey, prefix, contentBytes, signature);
  return proofOf(recordId, publicKey, signature);
}

function proofOf(recordId: RecordId, publicKey: PublicKey, signature: string): VerifiedSignature {
  const proof = Object.freeze({ recordId, publicKey, signature });
  genuine.add(proof);
  return proof;
}

/**
 * Makes a proof of a copy of one, for the only case in which a copy is as good: it came from another thread of the same
 * program, where structured cloning lost what made it genuine. Nothing is verified here. Never give it what came from a
 * socket, a file or a database.
 */
export function vouchForVerified({ recordId, publicKey, signature }: VerifiedSignature): VerifiedSignature {
  const proof = Object.freeze({ recordId, publicKey, signature });
  genuine.add(proof);
  return proof;
}

/**
 * Whether `proof` says that this record was signed with this key. Record ids are digests of the record's bytes in
 * the domain of its kind, so a proof for other bytes, or for a record of the other kind, has another id.
 */
export function isVerified(
  proof: VerifiedSignature | undefined,
  recordId: RecordId,
  publicKey: PublicKey,
  signature: string,
): boolean {
  return (
    proof !== undefined &&
    genuine.has(proof) &&
    proof.recordId === recordId &&
    proof.publicKey === publicKey &&
    proof.signature === signature
  );
}
