/**
 * The base of every error that Warg for JavaScript throws on purpose.
 *
 * `code` never changes its meaning, so callers switch on it; `message` is for people and may change.
 * Subclasses add readonly data fields.
 */
export class WargError extends Error {
  /** A stable name of what went wrong, in capitals: `SIGNATURE_MISMATCH`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What can be wrong with a text or with bytes that should be a hash, a key or a signature. */
export type CryptoErrorCode =
  | 'INVALID_HEX'
  | 'INVALID_BASE64'
  | 'INVALID_UTF8'
  | 'INVALID_HASH'
  | 'INVALID_HASH_LENGTH'
  | 'UNKNOWN_HASH_ALGORITHM'
  | 'INVALID_PRIVATE_KEY'
  | 'INVALID_PUBLIC_KEY'
  | 'INVALID_KEY_ID'
  | 'INVALID_SIGNATURE'
  | 'UNKNOWN_SIGNATURE_ALGORITHM'
  | 'SIGNATURE_MISMATCH';

/** A hash, key or signature that cannot be read. */
export class CryptoError extends WargError {
  declare readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A well-formed signature that was not made by this key over these bytes. Its code is `SIGNATURE_MISMATCH`. */
export class SignatureError extends CryptoError {
  constructor(message: string, options?: ErrorOptions) {
    super('SIGNATURE_MISMATCH', message, options);
  }
}

/**
 * A text as it may stand in an error message: quoted, control characters escaped, cut to a bearable length. What
 * follows `ecdsa-p256:` is left out, because a user may have put a private key where something else belongs.
 */
export function quote(text: string): string {
  const safe = text.replace(/(ecdsa-p256:)\S+/gi, '$1…');
  return JSON.stringify(safe.length > 100 ? `${safe.slice(0, 100)}…` : safe);
}
