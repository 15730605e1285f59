import { backend } from '#backend';
import { decodeHex, encodeHex } from './bytes.ts';
import { CryptoError, quote } from './errors.ts';

/** The names of hash algorithms, as texts write them. There is one today; texts carry it so that there can be more. */
export type HashAlgorithm = 'sha256';

declare const digestBrand: unique symbol;

/** `sha256:` and exactly 64 lowercase hex digits. Texts of this type are equal when the hashes are. */
export type Digest = string & { readonly [digestBrand]: true };

/** A hash as a text may name it. The text form does not fix the length: `sha256:ab` is one byte. */
export interface AnyHash {
  readonly algorithm: HashAlgorithm;
  readonly bytes: Uint8Array;
}

/** A SHA-256 that is fed piece by piece. */
export interface Sha256 {
  /** Adds bytes; returns the same object. */
  update(bytes: Uint8Array): Sha256;
  /** The 32 bytes of the hash. Call it once, last. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** SHA-256 (FIPS 180-4) of all parts, one behind the other: 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return backend.sha256(parts);
}

/** Starts a SHA-256 over bytes that do not come all at once. */
export function createSha256(): Sha256 {
  const streaming = backend.createSha256();
  const hash: Sha256 = {
    update(bytes) {
      streaming.update(bytes);
      return hash;
    },
    digest: () => streaming.digest(),
  };
  return hash;
}

/** The digest text of all parts, one behind the other. */
export function digestOf(...parts: readonly Uint8Array[]): Digest {
  return `sha256:${backend.sha256Hex(parts)}` as Digest;
}

/**
 * The text of a 32-byte hash.
 *
 * @throws CryptoError `INVALID_HASH_LENGTH`
 */
export function digestFromBytes(bytes: Uint8Array): Digest {
  if (bytes.length !== 32) {
    throw new CryptoError('INVALID_HASH_LENGTH', `expected a hash of 32 bytes, found ${bytes.length}`);
  }
  return `sha256:${encodeHex(bytes)}` as Digest;
}

/** The 32 bytes of a digest. */
export function digestToBytes(digest: Digest): Uint8Array<ArrayBuffer> {
  return decodeHex(digest.slice('sha256:'.length));
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether the text is a digest in its only spelling. */
export function isDigest(text: string): text is Digest {
  // `$` without the m flag matches at the very end alone, so a trailing newline does not pass.
  return DIGEST.test(text);
}

/**
 * Reads a SHA-256 digest.
 *
 * @throws CryptoError `INVALID_HASH` | `UNKNOWN_HASH_ALGORITHM` | `INVALID_HASH_LENGTH`
 * @example parseDigest('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const { bytes } = parseHash(text);
  throw new CryptoError(
    'INVALID_HASH_LENGTH',
    `expected 64 hex digits after \`sha256:\`, found ${2 * bytes.length} in ${quote(text)}`,
  );
}

/**
 * Reads the name of a hash algorithm.
 *
 * @throws CryptoError `UNKNOWN_HASH_ALGORITHM`
 */
export function parseHashAlgorithm(text: string): HashAlgorithm {
  if (text === 'sha256') return text;
  throw new CryptoError(
    'UNKNOWN_HASH_ALGORITHM',
    `expected the hash algorithm \`sha256\`, found ${quote(text)}`,
  );
}

/**
 * Reads a hash of any length, as old records may hold it. Where a SHA-256 is meant, {@link parseDigest} is the
 * one to call.
 *
 * @throws CryptoError `INVALID_HASH` | `UNKNOWN_HASH_ALGORITHM`
 */
export function parseHash(text: string): AnyHash {
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw new CryptoError('INVALID_HASH', `expected \`sha256:\` and hex digits, found ${quote(text)}`);
  }
  const algorithm = parseHashAlgorithm(text.slice(0, colon));
  try {
    return { algorithm, bytes: decodeHex(text.slice(colon + 1)) };
  } catch (cause) {
    throw new CryptoError(
      'INVALID_HASH',
      `expected lowercase hex digits, two a byte, after \`sha256:\`, found ${quote(text)}`,
      { cause },
    );
  }
}

/** The text of a hash of any length. */
export function formatHash(hash: AnyHash): string {
  return `${hash.algorithm}:${encodeHex(hash.bytes)}`;
}
