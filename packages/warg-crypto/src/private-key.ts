import { backend } from '#backend';
import { decodeBase64, encodeBase64 } from './bytes.ts';
import { CryptoError } from './errors.ts';
import { formatPublicKey, type PublicKey } from './keys.ts';
import { isScalar } from './scalar.ts';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

// Functions of this module alone reach into a key: whoever imports the class finds no way to the scalar on it.
let makeKey: (scalar: Uint8Array) => PrivateKey;
let readScalar: (key: PrivateKey) => Uint8Array;
let readPublicKey: (key: PrivateKey) => PublicKey;

/**
 * A P-256 private key, made by {@link parsePrivateKey} or {@link generatePrivateKey}. It shows nothing of itself to
 * `console.log`, `JSON.stringify`, string conversion or structured cloning; {@link encodePrivateKey} is the one way
 * to its text.
 */
export class PrivateKey {
  readonly #scalar: Uint8Array;
  #publicKey: PublicKey | undefined;

  private constructor(scalar: Uint8Array) {
    this.#scalar = scalar;
  }

  static {
    makeKey = (scalar) => new PrivateKey(scalar);
    readScalar = (key) => key.#scalar;
    readPublicKey = (key) => {
      key.#publicKey ??= formatPublicKey(backend.publicPoint(key.#scalar));
      return key.#publicKey;
    };
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
  return makeKey(backend.randomScalar());
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
  if (!isScalar(scalar)) {
    throw new CryptoError(
      'INVALID_PRIVATE_KEY',
      'expected a private key between 1 and the order of the P-256 group, found one outside',
    );
  }
  return makeKey(scalar);
}

/** The secret text of a private key. Whoever has it can sign as its owner: write it nowhere but to a keyring. */
export function encodePrivateKey(key: PrivateKey): string {
  return `ecdsa-p256:${encodeBase64(readScalar(key))}`;
}

/** The public key that belongs to a private key. */
export function publicKeyOf(key: PrivateKey): PublicKey {
  return readPublicKey(key);
}

/** The secret number itself, for signing. */
export function scalarOf(key: PrivateKey): Uint8Array {
  return readScalar(key);
}
