import { WargError } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from './error.ts';
import { parseJson } from './parse.ts';
import { isArray, type JsonValue } from './value.ts';

const limits = { maxLength: 1_000_000 };
const parse = (text: string | Uint8Array) => parseJson(text, limits);

/** What JSON.parse would have made of it. */
function plain(value: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(plain);
  if (value.type === 'float') return Number(value.text);
  if (value.type === 'illFormed') throw new Error(value.reason);
  return Object.fromEntries(value.names.map((name, i) => [name, plain(value.values[i] as JsonValue)]));
}

function failure(run: () => unknown): DecodeError {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(parse(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('reads indented text and bytes alike', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value, null, '\t');
        expect(parse(new TextEncoder().encode(text))).toEqual(parse(text));
      }),
    );
  });

  it('accepts and refuses as JSON.parse does after any small change', () => {
    const change = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 3 }),
      insert: fc.constantFrom(
        '',
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '0',
        '1',
        '-',
        '.',
        'e',
        ' ',
        '\n',
        '\u0001',
        'tru',
        '\ufeff',
        'é',
      ),
    });
    fc.assert(
      fc.property(fc.json(), change, (text, { at, remove, insert }) => {
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + insert + text.slice(place + remove);
        if (/\p{Surrogate}/u.test(changed)) return;
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          expect(failure(() => parse(changed)).code).toBe('INVALID_JSON');
          return;
        }
        if (/\\u[dD][89a-fA-F]/.test(changed)) return;
        expect(plain(parse(changed))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps integers of 64 bits exact', () => {
    expect(parse('9007199254740991')).toBe(9007199254740991);
    expect(parse('9007199254740992')).toBe(9007199254740992n);
    expect(parse('18446744073709551615')).toBe(2n ** 64n - 1n);
    expect(parse('-9223372036854775808')).toBe(-(2n ** 63n));
    expect(parse('-1')).toBe(-1);
  });

  it.each([
    '1.0',
    '1e2',
    '1E+2',
    '-0',
    '-0.0',
    '18446744073709551616',
    '-9223372036854775809',
    '1e999',
    `1${'0'.repeat(400)}`,
  ])('takes %s for a float', (text) => {
    expect(parse(text)).toEqual({ type: 'float', text });
  });

  it.each(['01', '-', '+1', '.5', '1.', '1e', '1e+', '0x1', 'NaN', 'Infinity', '1_000', '--1', '00'])(
    'refuses the number %s',
    (text) => {
      expect(failure(() => parse(text)).code).toBe('INVALID_JSON');
    },
  );

  it('keeps members in order, also those that come twice', () => {
    expect(parse('{"b":1,"a":2,"b":3,"__proto__":4,"1":5}')).toEqual({
      type: 'object',
      names: ['b', 'a', 'b', '__proto__', '1'],
      values: [1, 2, 3, 4, 5],
    });
  });

  it('reads escapes', () => {
    expect(parse('"\\u0041\\n\\/\\"\\\\\\ud83e\\udd80é🦀"')).toBe('A\n/"\\🦀é🦀');
    expect(parse('["\\"",1,"a\\\\",{"\\u006b":"v"}]')).toEqual([
      '"',
      1,
      'a\\',
      { type: 'object', names: ['k'], values: ['v'] },
    ]);
  });

  it.each(['"\\x"', '"\\u12"', '"\\u12g4"', '"a', '"a\\"', '"\\', '"a\tb"', '"a\nb"', '"\u0000"', "'a'"])(
    'refuses the text %j',
    (text) => {
      expect(failure(() => parse(text)).code).toBe('INVALID_JSON');
    },
  );

  it.each(['"\\ud800"', '"\\udc00x"', '{"\\ud800":1}', '["\\ud83e\\u0041"]'])(
    'marks half a surrogate pair in %s',
    (text) => {
      expect(JSON.stringify(parse(text))).toContain('illFormed');
    },
  );

  it('refuses half a surrogate pair that is not escaped, and bytes that are not UTF-8', () => {
    expect(failure(() => parse('"\ud800"'))).toMatchObject({ code: 'INVALID_JSON', position: 1 });
    expect(failure(() => parse(new Uint8Array([0x22, 0xff, 0x22]))).code).toBe('INVALID_JSON');
    expect(failure(() => parse(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]))).code).toBe('INVALID_JSON');
  });

  it.each([
    '',
    ' ',
    '1 2',
    '[1,]',
    '{"a":1,}',
    '[1',
    '{',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '[,]',
    'tru',
    'nul',
    'truex',
    ']',
    '\f1',
    '\u00a01',
    '\ufeff1',
    '//x\n1',
  ])('refuses %j', (text) => {
    expect(failure(() => parse(text)).code).toBe('INVALID_JSON');
  });

  it('says where the text stops to be JSON', () => {
    expect(failure(() => parse('{"a":[1,x]}'))).toMatchObject({
      position: 8,
      message: 'expected a value at position 8 of the JSON text, found "x"',
    });
    expect(failure(() => parse('[1'))).toMatchObject({ position: 2 });
  });

  it('refuses a text beyond the cap unread', () => {
    expect(failure(() => parseJson('[1,2]', { maxLength: 4 })).code).toBe('BODY_TOO_LARGE');
    expect(failure(() => parseJson(new Uint8Array(5), { maxLength: 4 })).code).toBe('BODY_TOO_LARGE');
    expect(parseJson('[1,2]', { maxLength: 5 })).toEqual([1, 2]);
  });

  it('refuses more values than any message has', () => {
    const text = `[${'0,'.repeat(2_000_000)}0]`;
    expect(failure(() => parseJson(text, { maxLength: text.length })).code).toBe('BODY_TOO_LARGE');
    const deep = '['.repeat(3_000_000);
    expect(failure(() => parseJson(deep, { maxLength: deep.length })).code).toBe('BODY_TOO_LARGE');
  });

  it('keeps 127 levels and passes over what lies deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(JSON.stringify(parse(nested(127)))).toBe(nested(127));
    expect(JSON.stringify(parse(nested(128)))).toContain('illFormed');
    expect(JSON.stringify(parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`))).toContain('illFormed');
    expect(failure(() => parse('['.repeat(100_000))).code).toBe('INVALID_JSON');
  });

  it('checks the grammar of what it passes over', () => {
    const deep = (inner: string) => parseJson(`[[${inner}],7]`, { ...limits, maxDepth: 1 });
    for (const good of [
      '',
      '1',
      '{}',
      '[]',
      '{"a":[{"b":null},"x"]}',
      '[[],[{}]],{"\\ud800":1}',
      ' [ 1 , 2 ] ',
    ]) {
      expect(deep(good)).toMatchObject([{ type: 'illFormed' }, 7]);
    }
    for (const bad of [
      '1,',
      '{]',
      '{"a":1',
      '{"a" 1}',
      '{1:1}',
      '[1 2]',
      '{"a":1,}',
      '{"a":1]',
      '01',
      '[}',
    ]) {
      expect(failure(() => deep(bad)).code).toBe('INVALID_JSON');
    }
  });

  it('throws nothing but typed errors', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), (input) => {
        try {
          parse(input);
        } catch (error) {
          expect(error).toBeInstanceOf(WargError);
        }
      }),
    );
  });
});
