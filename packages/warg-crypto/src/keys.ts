import { backend } from '#backend';
import { decodeBase64, encodeBase64, encodeUtf8 } from './bytes.ts';
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

/**
 * Reads the text of a public key. An uncompressed point is accepted and comes back compressed; compact points,
 * the point at infinity and points off the curve are refused.
 *
 * @throws CryptoError `INVALID_PUBLIC_KEY` | `UNKNOWN_SIGNATURE_ALGORITHM`
 */
export function parsePublicKey(text: string): PublicKey {
  return parsed.of(text, readPublicKey);
}

/** What texts of keys lead to, for as many as came last. Keys and their texts are short. */
class KeyMemory<V> {
  readonly #most = 4096;
  readonly #known = new Map<string, V>();

  /** @param find what it leads to; if it throws, nothing is kept */
  of<T extends string>(text: T, find: (text: T) => V): V {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const found = find(text);
    // Seldom, and what is needed comes back at once.
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(text, found);
    return found;
  }
}

// Whether a point lies on the curve takes a square root to find out, about half as long as verifying a signature, and most
// texts come again and again: a record is read by whoever accepts it, sequences it and checks it.
const parsed = /* @__PURE__ */ new KeyMemory<PublicKey>();
const ids = /* @__PURE__ */ new KeyMemory<KeyId>();

function readPublicKey(text: string): PublicKey {
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

/**
 * The 33-byte compressed SEC1 point of a public key.
 *
 * @throws CryptoError `INVALID_PUBLIC_KEY` for a text that did not come from {@link parsePublicKey}
 */
export function publicKeyToBytes(key: PublicKey): Uint8Array<ArrayBuffer> {
  return new Uint8Array(pointOf(key));
}

// Records that come one behind the other are mostly signed by the same key.
let last: { readonly key: string; readonly point: Uint8Array } | undefined;

/** As {@link publicKeyToBytes}, for bytes that nobody else gets to see. */
export function pointOf(key: PublicKey): Uint8Array {
  if (last?.key === key) return last.point;
  const point = decodeKeyText(key, 'INVALID_PUBLIC_KEY', 'public key');
  if (point.length !== 33) {
    throw new CryptoError('INVALID_PUBLIC_KEY', `expected a compressed public key, found ${quote(key)}`);
  }
  last = { key, point };
  return point;
}

/** The text of a compressed point. */
export function formatPublicKey(point: Uint8Array): PublicKey {
  return `ecdsa-p256:${encodeBase64(point)}` as PublicKey;
}

/** The id of a public key: the digest of its text. */
export function keyIdOf(key: PublicKey): KeyId {
  return ids.of(key, (text) => digestOf(encodeUtf8(text)) as string as KeyId);
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

/** Reads `algorithm:base64`, the form that public keys and signatures share. For bytes that nobody else gets to see. */
export function decodeKeyText(
  text: string,
  code: 'INVALID_PUBLIC_KEY' | 'INVALID_SIGNATURE',
  what: string,
): Uint8Array {
  const colon = text.indexOf(':');
  if (colon < 0 || text.includes(':', colon + 1)) {
    throw new CryptoError(code, `expected a ${what}, \`ecdsa-p256:\` and base64, found ${quote(text)}`);
  }
  parseSignatureAlgorithm(text.slice(0, colon));
  const base64 = text.slice(colon + 1);
  const bytes = backend.peekBase64(base64);
  if (bytes !== undefined) return bytes;
  try {
    // Says what is wrong.
    return decodeBase64(base64);
  } catch (cause) {
    throw new CryptoError(code, `expected padded base64 after \`ecdsa-p256:\`, found ${quote(text)}`, {
      cause,
    });
  }
}
