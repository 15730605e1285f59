import { backend } from '#backend';
import type { VerifyItem } from './backend/backend.ts';
import { concatBytes, encodeBase64, encodeUtf8 } from './bytes.ts';
import { encodeDerSignature, isDerSignature } from './der.ts';
import { CryptoError, quote, SignatureError } from './errors.ts';
import { decodeKeyText, type PublicKey, pointOf } from './keys.ts';
import { type PrivateKey, scalarOf } from './private-key.ts';

declare const signatureBrand: unique symbol;

/**
 * `ecdsa-p256:` and base64 of the DER form of an ECDSA signature. Signatures are malleable (a high s verifies
 * as well as the low one), so one is never the identity of what it signs.
 */
export type Signature = string & { readonly [signatureBrand]: true };

/** The domains that keep a signature over one kind of thing from being one over another. */
export const SignaturePrefix = {
  packageRecord: 'WARG-PACKAGE-RECORD-SIGNATURE-V0',
  operatorRecord: 'WARG-OPERATOR-RECORD-SIGNATURE-V0',
  checkpoint: 'WARG-CHECKPOINT-SIGNATURE-V0',
} as const;
export type SignaturePrefix = (typeof SignaturePrefix)[keyof typeof SignaturePrefix];

/**
 * Reads the text of a signature: strict DER (shortest lengths, no negative numbers, nothing behind it), both
 * numbers between 1 and the group's order.
 *
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function parseSignature(text: string): Signature {
  decodeSignature(text);
  return text as Signature;
}

/**
 * Signs bytes in a domain: ECDSA over `prefix ‖ ":" ‖ bytes` with P-256, SHA-256 and the deterministic nonce
 * of RFC 6979; s is not normalised.
 *
 * @example
 * const signature = sign(key, SignaturePrefix.packageRecord, recordBytes);
 */
export function sign(key: PrivateKey, prefix: SignaturePrefix, bytes: Uint8Array): Signature {
  return signMessage(key, prefixed(prefix, bytes));
}

/**
 * Checks that `signature` was made by the owner of `publicKey` over `bytes` in the domain `prefix`.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH` when it was not
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM` when it is no signature at all
 */
export function verifySignature(
  publicKey: PublicKey,
  prefix: SignaturePrefix,
  bytes: Uint8Array,
  signature: string,
): void {
  verifyMessage(publicKey, prefixed(prefix, bytes), signature);
}

/**
 * As {@link verifySignature}, with the same errors, off the calling thread where there is another one: on Node, many
 * calls at once are spread over libuv's threads. Elsewhere it is done before the call returns. The bytes are read (or
 * copied) before it returns, so they may be changed afterwards.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH` when it was not made by the key's owner
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM` when it is no signature at all
 * @example
 * await Promise.all(records.map((each) => verifySignatureAsync(key, prefix, each.bytes, each.signature)));
 */
export async function verifySignatureAsync(
  publicKey: PublicKey,
  prefix: SignaturePrefix,
  bytes: Uint8Array,
  signature: string,
): Promise<void> {
  const der = decodeSignature(signature);
  if (await backend.verifyAsync(pointOf(publicKey), prefixed(prefix, bytes), der)) return;
  throw mismatch(publicKey);
}

/** One signature of several: what {@link verifySignature} takes. */
export interface SignatureToVerify {
  readonly publicKey: PublicKey;
  readonly prefix: SignaturePrefix;
  readonly bytes: Uint8Array;
  readonly signature: string;
}

/**
 * As {@link verifySignature} for one after the other, on the calling thread and others together: on Node the calling thread
 * keeps libuv's threads busy and verifies itself what they have no time for, so it is not free meanwhile. The bytes are
 * read before it returns.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH` for the first that was not made by its key's owner
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM` for the first that is no signature at all
 */
export async function verifySignatures(signatures: readonly SignatureToVerify[]): Promise<void> {
  const items: VerifyItem[] = [];
  let failed: { readonly error: unknown } | undefined;
  for (const { publicKey, prefix, bytes, signature } of signatures) {
    try {
      const der = decodeSignature(signature);
      items.push({ point: pointOf(publicKey), prefix: prefixBytes(prefix), bytes, der });
    } catch (error) {
      // Those before it may be wrong, too, and come first.
      failed = { error };
      break;
    }
  }
  const results = await backend.verifyMany(items);
  const wrong = signatures[results.indexOf(false)];
  if (wrong !== undefined) throw mismatch(wrong.publicKey);
  if (failed !== undefined) throw failed.error;
}

/** Signs a message without a domain. For records and checkpoints, {@link sign} is the one to call. */
export function signMessage(key: PrivateKey, message: Uint8Array): Signature {
  const der = encodeDerSignature(backend.sign(scalarOf(key), message));
  return `ecdsa-p256:${encodeBase64(der)}` as Signature;
}

/**
 * Checks a signature over a message without a domain.
 *
 * @throws SignatureError `SIGNATURE_MISMATCH`
 * @throws CryptoError `INVALID_SIGNATURE` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function verifyMessage(publicKey: PublicKey, message: Uint8Array, signature: string): void {
  const der = decodeSignature(signature);
  if (backend.verify(pointOf(publicKey), message, der)) return;
  throw mismatch(publicKey);
}

function mismatch(publicKey: PublicKey): SignatureError {
  return new SignatureError(`the signature was not made by ${publicKey} over these bytes`);
}

/** The strict DER form in a signature's text. */
function decodeSignature(text: string): Uint8Array {
  const der = decodeKeyText(text, 'INVALID_SIGNATURE', 'signature');
  if (!isDerSignature(der)) {
    throw new CryptoError(
      'INVALID_SIGNATURE',
      `expected a P-256 signature in DER form, found ${quote(text)}`,
    );
  }
  return der;
}

/** What is signed: the domain's prefix, a colon, the bytes. */
function prefixed(prefix: SignaturePrefix, bytes: Uint8Array): Uint8Array {
  return concatBytes(prefixBytes(prefix), bytes);
}

const encodedPrefixes = /* @__PURE__ */ new Map<string, Uint8Array>();

function prefixBytes(prefix: SignaturePrefix): Uint8Array {
  let bytes = encodedPrefixes.get(prefix);
  if (bytes === undefined) {
    bytes = encodeUtf8(`${prefix}:`);
    encodedPrefixes.set(prefix, bytes);
  }
  return bytes;
}
