import { describe, expect, it } from 'vitest';
import type { LogId } from '../ids.ts';
import { parseFeatures } from './headers.ts';
import { formatProvedLogRequest, type ProvedLogRequest, parseProvedLogRequest } from './proved.ts';

const logId = `sha256:${'ab'.repeat(32)}` as LogId;

describe('formatProvedLogRequest', () => {
  it.each<[string, ProvedLogRequest]>([
    [`v1/proved/${logId}@7`, { logId, logLength: 7 }],
    [
      `v1/proved/${logId}@7?after=a%26b&operator=%40%2F`,
      { logId, logLength: 7, operator: '@/', after: 'a&b' },
    ],
    [`v1/proved/${logId}@0?operator=`, { logId, logLength: 0, operator: '' }],
  ])('writes %s, and parseProvedLogRequest reads it', (text, request) => {
    expect(formatProvedLogRequest(request)).toBe(text);
    const { pathname, searchParams } = new URL(text, 'https://registry.test');
    const place = decodeURIComponent(pathname.slice('/v1/proved/'.length));
    expect(parseProvedLogRequest(place, searchParams)).toEqual(request);
  });
});

describe('parseProvedLogRequest', () => {
  it('reads lengths up to 2^64−1', () => {
    expect(parseProvedLogRequest(`${logId}@18446744073709551615`, []).logLength).toBe(2n ** 64n - 1n);
    expect(parseProvedLogRequest(`${logId}@9007199254740991`, []).logLength).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['', []],
    ['@', []],
    [logId, []],
    [`${logId}@`, []],
    [`${logId}@01`, []],
    [`${logId}@-1`, []],
    [`${logId}@1.0`, []],
    [`${logId}@1 `, []],
    [`${logId}@18446744073709551616`, []],
    [`${logId}@${'9'.repeat(100_000)}`, []],
    [`${logId}@1@1`, []],
    [`${logId.toUpperCase()}@1`, []],
    [`sha512:${'ab'.repeat(64)}@1`, []],
    ['sha256:ab@1', []],
    [`${logId}@1`, [['limit', '1']]],
    [`${logId}@1`, [['__proto__', '1']]],
    [`${logId}@1`, [['after', 'x'.repeat(1025)]]],
    [
      `${logId}@1`,
      [
        ['after', ''],
        ['after', ''],
      ],
    ],
  ] as [string, [string, string][]][])('refuses %s %j', (place, query) => {
    expect(() => parseProvedLogRequest(place, query)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^INVALID_(BODY|LOG_ID)$/) }),
    );
  });
});

describe('parseFeatures', () => {
  it.each([
    ['proved', ['proved']],
    [' proved ,Other,, ', ['proved', 'other']],
    ['', []],
    [null, []],
    [undefined, []],
    ['x'.repeat(600), []],
  ])('reads %j', (value, words) => {
    expect([...parseFeatures(value)]).toEqual(words);
  });
});
