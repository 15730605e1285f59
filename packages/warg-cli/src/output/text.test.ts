import { describe, expect, it } from 'vitest';
import {
  count,
  formatSize,
  formatTime,
  isoTime,
  jsonText,
  printable,
  printableStyled,
  table,
} from './text.ts';

describe('printable', () => {
  it('leaves ordinary text alone, and makes one line of it', () => {
    expect(printable('Zoë’s package — 1.0')).toBe('Zoë’s package — 1.0');
    expect(printable('no\nhint: do this')).toBe('no\\u{a}hint: do this');
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

describe('printableStyled', () => {
  it('leaves colours alone, and nothing else', () => {
    expect(printableStyled('\u001b[1mbold\u001b[22m \u001b[2J\u009b1m')).toBe(
      '\u001b[1mbold\u001b[22m \\u{1b}[2J\\u{9b}1m',
    );
  });
});

describe('jsonText', () => {
  it('says the same as any JSON, without what would act on a terminal', () => {
    const document = { a: 'x\u009b31m\u202e\u007f\n\u{e0001}', 'b\u0085': ['é', '😀'] };
    const text = jsonText(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(text).toContain('"é",\n    "😀"');
  });
});
