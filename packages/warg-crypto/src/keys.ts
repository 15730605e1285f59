import { backend } from '#backend';
import { concatBytes, decodeBase64, encodeBase64, encodeUtf8 } from './bytes.ts';
import { CryptoError, quote } from './errors.ts';
import { digestOf, isDigest } from './hash.ts';

/** The names of signature algorithms, as key and signature texts write them. */
export type SignatureAlgorithm = 'ecdsa-p256';

declare const publicKeyBrand: unique symbol;
declare const keyIdBrand: unique symbol;

/** `ecdsa-p256:` and base64 of the 33-byte compressed SEC1 point: the only spelling of a key. */
export type PublicKey = string & { readonly [publicKeyBrand]: true };

/** The digest text of a public key's text. A key id that was read from a record may be any text. */
export type KeyId = string & { readonly [keyIdBrand]: true };

/** The order of the P-256 group, big-endian (SEC 2, section 2.4.2). */
const GROUP_ORDER = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
  0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
]);

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * A P-256 private key. It shows nothing of itself to `console.log`, `JSON.stringify`, string conversion or
 * structured cloning; {@link encodePrivateKey} is the one way to its text.
 */
export class PrivateKey {
  readonly #scalar: Uint8Array;
  #publicKey: PublicKey | undefined;

  /** @internal Use {@link parsePrivateKey} or {@link generatePrivateKey}. */
  constructor(scalar: Uint8Array) {
    this.#scalar = scalar;
  }

  /** @internal */
  static scalarOf(key: PrivateKey): Uint8Array {
    return key.#scalar;
  }

  /** @internal */
  static publicKeyOf(key: PrivateKey): PublicKey {
    key.#publicKey ??= formatPublicKey(backend.publicPoint(key.#scalar));
    return key.#publicKey;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [INSPECT](): string {
    return 'PrivateKey [redacted]';
  }
}

/** Makes a new private key from the system's randomness. */
export function generatePrivateKey(): PrivateKey {
  return new PrivateKey(backend.randomScalar());
}

/**
 * Reads the text of a private key: `ecdsa-p256:` and base64 of the 32-byte scalar. The error never holds the text.
 *
 * @throws CryptoError `INVALID_PRIVATE_KEY` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function parsePrivateKey(text: string): PrivateKey {
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw new CryptoError(
      'INVALID_PRIVATE_KEY',
      'expected a private key, `ecdsa-p256:` and base64 of 32 bytes, found a text without a colon',
    );
  }
  // What stands before the colon may be a part of a secret that was pasted badly, so it is not quoted.
  if (text.slice(0, colon) !== 'ecdsa-p256') {
    throw new CryptoError(
      'UNKNOWN_SIGNATURE_ALGORITHM',
      'expected a private key that starts with `ecdsa-p256:`, found another beginning',
    );
  }
  let scalar: Uint8Array;
  try {
    scalar = decodeBase64(text.slice(colon + 1));
  } catch {
    throw new CryptoError(
      'INVALID_PRIVATE_KEY',
      'expected padded base64 after `ecdsa-p256:`, found something else',
    );
  }
  if (scalar.length !== 32) {
    throw new CryptoError(
      'INVALID_PRIVATE_KEY',
      `expected a private key of 32 bytes, found ${scalar.length} bytes`,
    );
  }
  if (scalar.every((byte) => byte === 0) || !isBelowOrder(scalar)) {
    throw new CryptoError(
      'INVALID_PRIVATE_KEY',
      'expected a private key between 1 and the order of the P-256 group, found one outside',
    );
  }
  return new PrivateKey(scalar);
}

/** The secret text of a private key. Whoever has it can sign as its owner: write it nowhere but to a keyring. */
export function encodePrivateKey(key: PrivateKey): string {
  return `ecdsa-p256:${encodeBase64(PrivateKey.scalarOf(key))}`;
}

/** The public key that belongs to a private key. */
export function publicKeyOf(key: PrivateKey): PublicKey {
  return PrivateKey.publicKeyOf(key);
}

/**
 * Reads the text of a public key. An uncompressed point is accepted and comes back compressed; compact points,
 * the point at infinity and points off the curve are refused.
 *
 * @throws CryptoError `INVALID_PUBLIC_KEY` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function parsePublicKey(text: string): PublicKey {
  const sec1 = decodeKeyText(text, 'INVALID_PUBLIC_KEY', 'public key');
  const tag = sec1[0];
  const compressed = sec1.length === 33 && (tag === 2 || tag === 3);
  const uncompressed = sec1.length === 65 && tag === 4;
  if (!compressed && !uncompressed) {
    throw new CryptoError(
      'INVALID_PUBLIC_KEY',
      `expected a compressed SEC1 point of 33 bytes, found ${sec1.length} bytes in ${quote(text)}`,
    );
  }
  const point = backend.decodePoint(sec1);
  if (!point) {
    throw new CryptoError('INVALID_PUBLIC_KEY', `expected a point on the curve P-256, found ${quote(text)}`);
  }
  return formatPublicKey(point);
}

/** The 33-byte compressed SEC1 point of a public key. */
export function publicKeyToBytes(key: PublicKey): Uint8Array<ArrayBuffer> {
  return decodeBase64(key.slice('ecdsa-p256:'.length));
}

function formatPublicKey(point: Uint8Array): PublicKey {
  return `ecdsa-p256:${encodeBase64(point)}` as PublicKey;
}

/** The id of a public key: the digest of its text. */
export function keyIdOf(key: PublicKey): KeyId {
  return digestOf(encodeUtf8(key)) as string as KeyId;
}

/**
 * Reads a key id that a user gives. (Those in records are opaque: they are compared, not read.)
 *
 * @throws CryptoError `INVALID_KEY_ID`
 */
export function parseKeyId(text: string): KeyId {
  if (!isDigest(text)) {
    throw new CryptoError(
      'INVALID_KEY_ID',
      `expected \`sha256:\` and 64 lowercase hex digits, found ${quote(text)}`,
    );
  }
  return text as string as KeyId;
}

/**
 * Reads the name of a signature algorithm.
 *
 * @throws CryptoError `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function parseSignatureAlgorithm(text: string): SignatureAlgorithm {
  if (text === 'ecdsa-p256') return text;
  throw new CryptoError(
    'UNKNOWN_SIGNATURE_ALGORITHM',
    `expected the signature algorithm \`ecdsa-p256\`, found ${quote(text)}`,
  );
}

/** Reads `algorithm:base64`, the form that public keys and signatures share. */
export function decodeKeyText(
  text: string,
  code: 'INVALID_PUBLIC_KEY' | 'INVALID_SIGNATURE',
  what: string,
): Uint8Array {
  const parts = text.split(':', 3);
  if (parts.length !== 2) {
    throw new CryptoError(code, `expected a ${what}, \`ecdsa-p256:\` and base64, found ${quote(text)}`);
  }
  parseSignatureAlgorithm(parts[0] as string);
  try {
    return decodeBase64(parts[1] as string);
  } catch (cause) {
    throw new CryptoError(code, `expected padded base64 after \`ecdsa-p256:\`, found ${quote(text)}`, {
      cause,
    });
  }
}

/** Whether a 32-byte big-endian number is below the order of the group. */
export function isBelowOrder(scalar: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const byte = scalar[i] as number;
    const limit = GROUP_ORDER[i] as number;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

/** What is signed: the domain's prefix, a colon, the bytes. */
export function prefixed(prefix: string, bytes: Uint8Array): Uint8Array {
  return concatBytes(encodeUtf8(`${prefix}:`), bytes);
}
