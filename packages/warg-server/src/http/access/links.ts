import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * URLs that are themselves the permission to use them, for a short time: clients send no `Authorization` where they upload
 * and download contents.
 *
 * A link names the token that it was made for, when it ends, and a signature of both and of the path. It is of no use for
 * another path, and ends with its token.
 */
export interface Link {
  readonly tokenId: string;
  /** seconds since the epoch */
  readonly expires: number;
}

/** What follows the `?` of a link. */
export function signLink(key: Uint8Array, path: string, { tokenId, expires }: Link): string {
  return `token-id=${tokenId}&expires=${expires}&signature=${signatureOf(key, path, tokenId, expires)}`;
}

const FORM = /^\?token-id=([0-9a-f]{16})&expires=([1-9]\d{0,10})&signature=([\w-]{43})$/;

/** Whether a request brings what looks like a link. */
export function hasLink(search: string): boolean {
  return FORM.test(search);
}

/**
 * Reads a link that this registry made for exactly this path.
 *
 * @param path as it was signed, never as it was sent
 * @param search the query of the URL, with its `?`
 * @returns undefined if it is none, or has expired
 */
export function readLink(key: Uint8Array, path: string, search: string, now: number): Link | undefined {
  const [, tokenId, expires, signature] = FORM.exec(search) ?? [];
  if (tokenId === undefined || signature === undefined) return undefined;
  const link = { tokenId, expires: Number(expires) };
  const expected = Buffer.from(signatureOf(key, path, tokenId, link.expires));
  // As texts of one length: base64 has several spellings of the same bytes.
  if (!timingSafeEqual(expected, Buffer.from(signature))) return undefined;
  return link.expires * 1000 > now ? link : undefined;
}

function signatureOf(key: Uint8Array, path: string, tokenId: string, expires: number): string {
  return createHmac('sha256', key)
    .update(`warg link v1\n${tokenId}\n${expires}\n${path}`)
    .digest('base64url');
}
