import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { encodeHex } from '@warg/crypto';
import { type AccessToken, formatAccessToken } from '@warg/protocol/api';
import type { AccessScope, AccessTokenRow } from '../../store/rows.ts';

/** What a token is to be good for. */
export interface NewToken {
  readonly scope: AccessScope;
  /** undefined for all */
  readonly namespaces: readonly string[] | undefined;
  readonly name: string;
  /** ms since the epoch */
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

/**
 * Makes a token.
 *
 * @returns `text`, which nobody can have again, and the row that is kept of it
 */
export function makeToken(token: NewToken): { readonly text: string; readonly row: AccessTokenRow } {
  const id = encodeHex(randomBytes(8));
  const secret = encodeHex(randomBytes(32));
  const row = { ...token, id, hash: hashOf(secret), revokedAt: undefined, lastUsedAt: undefined };
  return { text: formatAccessToken({ id, secret }), row };
}

/**
 * Whether a token is the one that a row is kept of, and is good now. Compared in constant time, also where there is no row.
 */
export function isGood(
  token: AccessToken,
  row: AccessTokenRow | undefined,
  now: number,
): row is AccessTokenRow {
  const isSame = timingSafeEqual(hashOf(token.secret), row?.hash ?? NO_HASH);
  return isSame && isActive(row, now);
}

/** Whether there is such a token and it has neither expired nor been revoked. */
export function isActive(row: AccessTokenRow | undefined, now: number): row is AccessTokenRow {
  return row !== undefined && row.revokedAt === undefined && (row.expiresAt ?? Infinity) > now;
}

/** The hash of nothing that is known. */
const NO_HASH = new Uint8Array(32);

/**
 * SHA-256 suffices: the secret is 256 random bits, so there is nothing to guess that a slow hash would have to slow down.
 */
function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
