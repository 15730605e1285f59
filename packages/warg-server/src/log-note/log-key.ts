import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  concatBytes,
  decodeBase64,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  sha256,
  WargError,
} from '@warg/crypto';

/** The identifier of Ed25519 in c2sp.org/signed-note. */
const ED25519 = 1;
const SEED_BYTES = 32;
/** What stands before the seed in the PKCS #8 form of an Ed25519 key (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, SEED_BYTES);

/** A text that is no key of a log, or a name that none can have. */
export class LogKeyError extends WargError {
  declare readonly code: 'INVALID_LOG_KEY';

  constructor(message: string, options?: ErrorOptions) {
    super('INVALID_LOG_KEY', message, options);
  }
}

/**
 * The Ed25519 key with which a log signs its checkpoints as notes, in the form of c2sp.org/signed-note. It is another
 * one than the operator's key, which signs Warg's own checkpoints. The secret is not shown when the object is printed.
 */
export class LogKey {
  /** The name of the key and the origin of the log: the first line of every checkpoint. */
  readonly origin: string;
  /** The public key, as verifiers want it: `origin+keyid+base64`. */
  readonly verifierKey: string;
  readonly #seed: Uint8Array;
  readonly #key: KeyObject;
  readonly #id: Uint8Array;

  /** @param seed 32 random bytes */
  constructor(origin: string, seed: Uint8Array) {
    requireOrigin(origin);
    this.origin = origin;
    this.#seed = Uint8Array.from(seed);
    this.#key = createPrivateKey({
      key: Buffer.from(concatBytes(PKCS8_PREFIX, this.#seed)),
      format: 'der',
      type: 'pkcs8',
    });
    // The last 32 bytes of the public key's DER form are the key itself.
    const publicKey = createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32);
    const typed = concatBytes(Uint8Array.of(ED25519), publicKey);
    this.#id = sha256(encodeUtf8(`${origin}\n`), typed).subarray(0, 4);
    this.verifierKey = `${origin}+${encodeHex(this.#id)}+${encodeBase64(typed)}`;
  }

  /** The line that signs a note; the same each time for the same text. */
  signatureLine(text: string): string {
    const signature = sign(null, encodeUtf8(text), this.#key);
    return `\u2014 ${this.origin} ${encodeBase64(concatBytes(this.#id, signature))}\n`;
  }

  /** The secret as text, `PRIVATE+KEY+…`, as Go's `note.GenerateKey` writes it. */
  encode(): string {
    const typed = concatBytes(Uint8Array.of(ED25519), this.#seed);
    return `PRIVATE+KEY+${this.origin}+${encodeHex(this.#id)}+${encodeBase64(typed)}`;
  }
}

/**
 * Makes a new key.
 *
 * @param origin the name of the log for ever, such as `registry.example/log`: without spaces and `+`
 * @throws LogKeyError
 */
export function generateLogKey(origin: string): LogKey {
  return new LogKey(origin, randomBytes(SEED_BYTES));
}

/**
 * Reads a secret key as {@link LogKey.encode} writes it.
 *
 * @throws LogKeyError, which does not say what was read
 */
export function parseLogKey(text: string): LogKey {
  // The name has no `+`, and base64 may have some.
  const [, origin = '', id = '', typed = ''] =
    /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const bytes = decode(typed);
  if (bytes?.length !== 1 + SEED_BYTES || bytes[0] !== ED25519) {
    throw new LogKeyError(
      'expected the secret Ed25519 key of a log, `PRIVATE+KEY+name+id+base64`, as `warg-server key new --log` writes it',
    );
  }
  const key = new LogKey(origin, bytes.subarray(1));
  if (key.verifierKey.split('+')[1] !== id) {
    throw new LogKeyError('the id in the secret key of the log is not that of its name and key');
  }
  return key;
}

function decode(base64: string): Uint8Array | undefined {
  try {
    return decodeBase64(base64);
  } catch {
    return undefined;
  }
}

/** @throws LogKeyError if no log can have this name */
export function requireOrigin(origin: string): void {
  if (/^[^\s\p{C}+]{1,255}$/u.test(origin)) return;
  throw new LogKeyError(
    `expected the name of a log without spaces and \`+\`, such as registry.example/log, found ${JSON.stringify(origin.slice(0, 300))}`,
  );
}
