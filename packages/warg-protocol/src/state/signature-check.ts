// When the signatures of a log's records are verified: one by one, or all together.

import {
  CryptoError,
  type PublicKey,
  type SignaturePrefix,
  type SignatureToVerify,
  verifySignature,
  verifySignatures,
  WargError,
} from '@warg/crypto';
import type { Envelope } from '../envelopes/envelope.ts';
import { isVerified, type VerifiedSignature } from '../envelopes/signing.ts';
import { ValidationError } from '../errors.ts';
import type { RecordId } from '../ids.ts';

/** What a fold asks at the end of each record: whether the owner of `key` signed it. */
export type SignatureCheck = (question: SignatureQuestion) => void;

interface SignatureQuestion {
  readonly envelope: Envelope;
  /** The id of the record in `envelope`, as the fold computed it. */
  readonly recordId: RecordId;
  readonly key: PublicKey;
  readonly prefix: SignaturePrefix;
}

/**
 * Verifies a signature before the fold goes on, unless it was verified before.
 *
 * @throws ValidationError `SIGNATURE_ERROR`
 */
export function checkNow(verified: VerifiedSignature | undefined): SignatureCheck {
  return ({ envelope, recordId, key, prefix }) => {
    if (isVerified(verified, recordId, key, envelope.signature)) return;
    try {
      verifySignature(key, prefix, envelope.contentBytes, envelope.signature);
    } catch (cause) {
      throw signatureError(cause);
    }
  };
}

/**
 * Folds records as if their signatures were good while these are verified, all together. What a fold makes of a record does
 * not depend on its signature, which is the last thing that is checked of it. If anything is wrong, `plain` decides: it
 * folds and verifies the records one by one, and meets the first failure.
 *
 * @param fold folds all records, and asks for each the check with its index
 * @throws as `plain` does
 */
export async function foldCheckingTogether<T>(
  verified: readonly (VerifiedSignature | undefined)[],
  fold: (checkOf: (index: number) => SignatureCheck) => T,
  plain: () => T,
): Promise<T> {
  const questions: SignatureToVerify[] = [];
  try {
    const folded = fold((index) => ({ envelope, recordId, key, prefix }) => {
      if (isVerified(verified[index], recordId, key, envelope.signature)) return;
      questions.push({
        publicKey: key,
        prefix,
        bytes: envelope.contentBytes,
        signature: envelope.signature,
      });
    });
    await verifySignatures(questions);
    return folded;
  } catch (error) {
    if (error instanceof WargError) return plain();
    throw error;
  }
}

/** What becomes of a failed verification. Anything but a {@link CryptoError} is a fault of ours and stays as it is. */
function signatureError(cause: unknown): unknown {
  return cause instanceof CryptoError ? new ValidationError({ code: 'SIGNATURE_ERROR' }, { cause }) : cause;
}

/** Runs the fold of one record of several; a failure says which one it was. */
export function atRecord<T>(recordIndex: number, fold: () => T): T {
  try {
    return fold();
  } catch (error) {
    // Reflect, because the member is readonly for everybody else.
    if (error instanceof ValidationError) Reflect.set(error, 'recordIndex', recordIndex);
    throw error;
  }
}
