import { describe, expect, it } from 'vitest';
import { count, formatSize, formatTime, isoTime, printable, table } from './text.ts';

describe('printable', () => {
  it('leaves ordinary text and line ends alone', () => {
    expect(printable('Zoë’s package — 1.0\nnext')).toBe('Zoë’s package — 1.0\nnext');
  });

  it('shows what would act on a terminal', () => {
    expect(printable('\u001b[2Jgone')).toBe('\\u{1b}[2Jgone');
    expect(printable('a\rb\u0007\u009b1m')).toBe('a\\u{d}b\\u{7}\\u{9b}1m');
    expect(printable('\u202egnp.exe')).toBe('\\u{202e}gnp.exe');
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1_634_500, '1.6 MB'],
  [999_999, '1.0 MB'],
  [2_000_000_000, '2.0 GB'],
  [5e15, '5000.0 TB'],
])('formatSize writes %d bytes as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

it('times are in UTC, and do not fail where there is none', () => {
  const time = new Date(Date.UTC(2026, 0, 31, 12, 30, 5, 250));
  expect(formatTime(time)).toBe('2026-01-31 12:30:05 UTC');
  expect(isoTime(time)).toBe('2026-01-31T12:30:05.250Z');
  expect(formatTime(new Date(Number.NaN))).toBe('an unreadable time');
  expect(isoTime(new Date(Number.NaN))).toBeNull();
});

it('counts things, and puts values below each other', () => {
  expect([0, 1, 2].map((number) => count(number, 'record'))).toEqual(['0 records', '1 record', '2 records']);
  expect(
    table(
      [
        ['a', '1'],
        ['long', '2'],
      ],
      '  ',
    ),
  ).toEqual(['  a:    1', '  long: 2']);
});
