/**
 * A text from elsewhere, safe to show: control and format characters, which could move the cursor, turn the direction of
 * writing or hide something, are written as escapes. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, escaped);
}

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
