/**
 * A text from elsewhere, safe to show: control and format characters, which could move the cursor, turn the direction of
 * writing, hide something or begin a line that looks like one of ours, are written as escapes.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A line of ours, safe to show whatever stands in it: nothing but colours gets to the terminal as it is. */
export function printableStyled(line: string): string {
  return line
    .split(COLOR)
    .map((part, at) => (at % 2 === 0 ? printable(part) : part))
    .join('');
}

/** A JSON document. It says the same as any other spelling of it, but is safe to look at on a terminal. */
export function jsonText(document: unknown): string {
  const text = JSON.stringify(document, undefined, 2);
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a colour begins with
const COLOR = /(\u001b\[[\d;]*m)/;

/** A size as people read it: `1.5 MB`, in powers of 1000. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 'B';
  for (const next of units) {
    if (value < 999.95) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** A time as people and programs read it: `2026-01-31 12:30:05 UTC`. */
export function formatTime(time: Date): string {
  return Number.isNaN(time.getTime())
    ? 'an unreadable time'
    : `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A time for programs: ISO 8601, or null where it is none. */
export function isoTime(time: Date): string | null {
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** A number of things: `1 record`, `2 records`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** Lines of a name and a value each, the values below each other. */
export function table(rows: readonly (readonly [string, string])[], indent = ''): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${`${name}:`.padEnd(width + 2)}${value}`);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
