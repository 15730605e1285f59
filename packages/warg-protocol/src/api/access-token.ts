import { encodeHex, encodeUtf8, sha256, WargError } from '@warg/crypto';

/**
 * A bearer token of a registry of this kind: `wargt_<id>_<secret>_<check>`, all in small hexadecimal letters. The prefix
 * lets programs that search for lost secrets find it; the check, that it was copied whole.
 */
export interface AccessToken {
  /** Names the token, and is no secret: 16 letters. */
  readonly id: string;
  /** What its holder knows: 64 letters. */
  readonly secret: string;
}

/** What every token begins with. */
export const accessTokenPrefix = 'wargt_';

const FORM = /^wargt_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{8})$/;

/** Writes a token. */
export function formatAccessToken({ id, secret }: AccessToken): string {
  const text = `${accessTokenPrefix}${id}_${secret}`;
  return `${text}_${checkOf(text)}`;
}

/**
 * Reads a token. The error does not repeat what was read: it may be a token with one letter missing.
 *
 * @throws WargError `INVALID_ACCESS_TOKEN`
 */
export function parseAccessToken(text: string): AccessToken {
  const [, id, secret, check] = FORM.exec(text) ?? [];
  if (id === undefined || secret === undefined) {
    throw new WargError(
      'INVALID_ACCESS_TOKEN',
      `expected a token, which is written ${accessTokenPrefix}… and has 96 characters: was it copied whole?`,
    );
  }
  if (checkOf(`${accessTokenPrefix}${id}_${secret}`) !== check) {
    throw new WargError(
      'INVALID_ACCESS_TOKEN',
      'expected a token as it was made, found one with a letter changed: copy it again',
    );
  }
  return { id, secret };
}

/** The first four bytes of a hash: nobody forges a token by it, and a slip of the hand passes one time in 2^32. */
function checkOf(text: string): string {
  return encodeHex(sha256(encodeUtf8(text)).subarray(0, 4));
}
