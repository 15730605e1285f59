/** Control characters, those that turn or hide text, and white space: what must not get into a terminal as it is. */
const unprintable = /[\p{Cc}\p{Cf}\p{Z}]+/gu;

/**
 * A registry's words as messages may repeat them: one line, no control characters, not long. So they cannot be taken
 * for words of ours, nor move a cursor.
 */
export function forPeople(text: string): string {
  const clean = text.slice(0, 4000).replace(unprintable, ' ').trim();
  return clean.length > 500 ? `${clean.slice(0, 500).replace(/[\ud800-\udbff]$/, '')}…` : clean;
}
