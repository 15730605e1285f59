import { describe, expect, it } from 'vitest';
import { namesEtag, parseRange } from './byte-range.ts';

describe('parseRange', () => {
  it.each([
    ['bytes=0-0', 10, { start: 0, end: 0 }],
    ['bytes=2-5', 10, { start: 2, end: 5 }],
    ['Bytes=2-5', 10, { start: 2, end: 5 }],
    ['bytes=7-', 10, { start: 7, end: 9 }],
    ['bytes=7-99', 10, { start: 7, end: 9 }],
    ['bytes=-3', 10, { start: 7, end: 9 }],
    ['bytes=-30', 10, { start: 0, end: 9 }],
  ])('reads %s of %i bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });

  it.each([
    ['bytes=10-', 10],
    ['bytes=10-20', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-1', 0],
  ])('says that %s of %i bytes is not there', (header, size) => {
    expect(parseRange(header, size)).toBe('unsatisfiable');
  });

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'bytes=0-1,3-4',
    'lines=0-1',
    'bytes=0x1-2',
    'bytes= 0-1',
    'bytes=1e3-',
    `bytes=${'9'.repeat(30)}-`,
  ])('takes %s as no range', (header) => {
    expect(parseRange(header, 10)).toBeUndefined();
  });
});

describe('namesEtag', () => {
  it.each(['"a"', 'W/"a"', '"b", "a"', '"b" ,W/"a"', '*'])('finds it in %s', (header) => {
    expect(namesEtag(header, '"a"')).toBe(true);
  });

  it.each([undefined, '', '"b"', 'a', '"a', 'w/"a"'])('does not find it in %s', (header) => {
    expect(namesEtag(header, '"a"')).toBe(false);
  });
});
