// The one strict module for hex, base64 and UTF-8. Every other spelling of the same bytes (capitals, missing
// padding, bits behind the last byte) is refused, so that equal texts and equal bytes are the same thing.

import { backend } from '#backend';
import { CryptoError, quote } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const HEX_DIGITS = '0123456789abcdef';
const HEX_PAIRS: readonly string[] = Array.from(
  { length: 256 },
  (_, i) => HEX_DIGITS.charAt(i >> 4) + HEX_DIGITS.charAt(i & 15),
);

/** The bytes as lowercase hex digits. */
export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_PAIRS[byte];
  return text;
}

/**
 * Reads lowercase hex digits, two a byte.
 *
 * @throws CryptoError `INVALID_HEX` for an odd number of digits, capitals or any other character
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0) {
    throw new CryptoError('INVALID_HEX', `expected an even number of hex digits, found ${text.length}`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) {
      const at = high < 0 ? 2 * i : 2 * i + 1;
      throw new CryptoError(
        'INVALID_HEX',
        `expected a lowercase hex digit at position ${at}, found ${quote(text.charAt(at))}`,
      );
    }
    bytes[i] = 16 * high + low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

/** The bytes as standard, padded base64 (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return backend.encodeBase64(bytes);
}

/**
 * Reads standard base64 in its canonical form: padded, nothing behind it, unused bits zero (RFC 4648,
 * sections 3.2, 3.3 and 3.5).
 *
 * @throws CryptoError `INVALID_BASE64`
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return backend.decodeBase64(text) ?? refuseBase64(text);
}

/** Says what is wrong with a text that is not canonical base64. */
function refuseBase64(text: string): never {
  if (text.length % 4 !== 0) {
    throw new CryptoError(
      'INVALID_BASE64',
      `expected padded base64, whose length is a multiple of 4, found ${text.length} characters`,
    );
  }
  const at = text.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (at >= 0) {
    throw new CryptoError(
      'INVALID_BASE64',
      `expected a base64 character at position ${at}, found ${quote(text.charAt(at))}`,
    );
  }
  throw new CryptoError('INVALID_BASE64', 'expected canonical base64, found bits behind the last byte');
}

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * Reads UTF-8; a byte order mark is kept as a character.
 *
 * @throws CryptoError `INVALID_UTF8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CryptoError('INVALID_UTF8', 'expected UTF-8 text, found bytes that are none', { cause });
  }
}

/** All parts, one behind the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether both have the same bytes. For public data: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
