// When the signatures of a log's records are verified: at once, or all together off the calling thread.

import {
  CryptoError,
  type PublicKey,
  type SignaturePrefix,
  verifySignature,
  verifySignatureAsync,
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
 * Folds records as if their signatures were good while these are verified elsewhere, and waits for all of them. What a
 * fold makes of a record does not depend on its signature, which is the last thing that is checked of it; so the first
 * failure in the order of the records is the one that folding and verifying them one by one would have met.
 *
 * @param fold folds one record, and calls the check that it is given once
 * @throws ValidationError | RecordError as the fold, or `SIGNATURE_ERROR` for an earlier record
 */
export async function foldCheckingLater(
  envelopes: readonly Envelope[],
  verified: readonly (VerifiedSignature | undefined)[],
  fold: (envelope: Envelope, check: SignatureCheck) => void,
): Promise<void> {
  const checks: Promise<void>[] = [];
  let failed: { readonly error: unknown } | undefined;
  try {
    envelopes.forEach((envelope, index) => {
      atRecord(index, () =>
        fold(envelope, ({ recordId, key, prefix }) => {
          if (isVerified(verified[index], recordId, key, envelope.signature)) return;
          checks.push(checkLater(index, envelope, key, prefix));
        }),
      );
    });
  } catch (error) {
    failed = { error };
  }
  // They are in the order of the records.
  for (const result of await Promise.allSettled(checks))
    if (result.status === 'rejected') throw result.reason;
  if (failed !== undefined) throw failed.error;
}

async function checkLater(
  index: number,
  { contentBytes, signature }: Envelope,
  key: PublicKey,
  prefix: SignaturePrefix,
): Promise<void> {
  try {
    await verifySignatureAsync(key, prefix, contentBytes, signature);
  } catch (cause) {
    atRecord(index, () => {
      throw signatureError(cause);
    });
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
