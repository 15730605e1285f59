import { digestOf, encodeUtf8 } from '@warg/crypto';

/** The longest text that is its own key, bytes: any key fits into an index then. The schema's steps have the same number. */
export const LONGEST_KEY = 255;

/**
 * What stands for a text in a column that has an index: the text itself, or a space, which is in no version or namespace, and
 * the hash of a long one.
 */
export function keyOfText(text: string): string {
  // No text has more bytes than three for each of its units.
  if (text.length * 3 <= LONGEST_KEY || Buffer.byteLength(text) <= LONGEST_KEY) return text;
  return ` ${digestOf(encodeUtf8(text))}`;
}

/** What stands beside the key; null where the key is the text. */
export function longText(text: string): string | null {
  return keyOfText(text) === text ? null : text;
}

/** The same for SQL that is given the text itself in a column. */
export function sqlKeyOf(column: string): string {
  const hash = `' sha256:' || encode(sha256(convert_to(${column}, 'UTF8')), 'hex')`;
  return `CASE WHEN octet_length(${column}) <= ${LONGEST_KEY} THEN ${column} ELSE ${hash} END`;
}
