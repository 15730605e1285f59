import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  concatBytes,
  decodeBase64,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
  sha256,
  WargError,
} from '@warg/crypto';
import { LogKeyError, requireOrigin } from './log-key.ts';

/** The identifier of Ed25519 in c2sp.org/signed-note. */
const ED25519 = 1;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** What stands before the key in its SubjectPublicKeyInfo form (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.of(0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0);

/** The public half of a log's key. */
export interface LogVerifierKey {
  /** The name of the key and the origin of the log. */
  readonly origin: string;
  /** The first four bytes of the hash of name and key. */
  readonly id: Uint8Array;
  readonly publicKey: KeyObject;
}

/** A note that is not one, or is not signed by the log's key. */
export class NoteError extends WargError {
  declare readonly code: 'NOTE_MALFORMED' | 'NOTE_SIGNATURE';
  override readonly name = 'NoteError';

  constructor(code: NoteError['code'], message: string) {
    super(code, message);
  }
}

/** What a checkpoint says in the form of a note. */
export interface NotedCheckpoint {
  readonly origin: string;
  readonly logLength: number;
  /** 32 bytes */
  readonly logRoot: Uint8Array;
}

/**
 * Reads a public key, `name+id+base64`, as `warg-server key new --log` prints it and verifiers of notes take it.
 *
 * @throws LogKeyError
 */
export function parseLogVerifierKey(text: string): LogVerifierKey {
  // The name has no `+`, and base64 may have some.
  const [, origin = '', id = '', base64 = ''] =
    /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const typed = decode(base64);
  if (typed?.length !== 1 + PUBLIC_KEY_BYTES || typed[0] !== ED25519) {
    throw new LogKeyError(
      'expected the public Ed25519 key of a log, `name+id+base64`, as `warg-server key new --log` prints it',
    );
  }
  requireOrigin(origin);
  const expected = sha256(encodeUtf8(`${origin}\n`), typed).subarray(0, 4);
  if (encodeHex(expected) !== id) {
    throw new LogKeyError('the id in the public key of the log is not that of its name and key');
  }
  const der = concatBytes(SPKI_PREFIX, typed.subarray(1));
  const publicKey = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  return { origin, id: expected, publicKey };
}

/**
 * Reads a checkpoint in the form that this registry stores: three lines and one signature of its log's key
 * (c2sp.org/tlog-checkpoint). With the key it is verified.
 *
 * @param key undefined reads the note alone, and proves nothing
 * @throws NoteError
 */
export function verifyNote(text: string, key: LogVerifierKey | undefined): NotedCheckpoint {
  const match =
    /^(([^\s+]{1,255})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n)\n\u2014 (\S+) ([A-Za-z0-9+/]+=*)\n$/u.exec(
      text,
    );
  if (match === null) {
    throw new NoteError(
      'NOTE_MALFORMED',
      'expected origin, length, root and one signature, found something else',
    );
  }
  const [, body = '', origin = '', length, root = '', name, base64 = ''] = match;
  const [logRoot, signature] = [decode(root), decode(base64)];
  if (logRoot?.length !== 32 || signature?.length !== 4 + SIGNATURE_BYTES || name !== origin) {
    throw new NoteError(
      'NOTE_MALFORMED',
      `expected a root of 32 bytes and an Ed25519 signature by the key ${origin}, found something else`,
    );
  }
  if (key !== undefined) {
    if (name !== key.origin || !equalBytes(signature.subarray(0, 4), key.id)) {
      const found = `${name}+${encodeHex(signature.subarray(0, 4))}`;
      throw new NoteError(
        'NOTE_SIGNATURE',
        `expected a signature by the key ${key.origin}+${encodeHex(key.id)}, found one by ${found}`,
      );
    }
    if (!verify(null, encodeUtf8(body), key.publicKey, signature.subarray(4))) {
      throw new NoteError(
        'NOTE_SIGNATURE',
        `expected a signature of this text by the key ${key.origin}, found another one`,
      );
    }
  }
  return { origin, logLength: Number(length), logRoot };
}

/** Strictly: the text is the one that encoding gives again. */
function decode(base64: string): Uint8Array | undefined {
  try {
    const bytes = decodeBase64(base64);
    return encodeBase64(bytes) === base64 ? bytes : undefined;
  } catch {
    return undefined;
  }
}
