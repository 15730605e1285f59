import { parseDigest } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import {
  arrayOf,
  DecodeError,
  EncodeError,
  type JsonReader,
  mapOf,
  nullable,
  oneOf,
  parseJson,
  readBoolean,
  readDefaulted,
  readMember,
  readObject,
  readOptional,
  readTag,
  readText,
  readU16,
  readU64,
  refuseIllFormed,
  refuseUnknownMembers,
  STRICT_ROOT,
  textAs,
  WIRE_ROOT,
  writeArray,
  writeMap,
  writeText,
  writeU16,
  writeU64,
} from './index.ts';

function read<T>(reader: JsonReader<T>, text: string, root = STRICT_ROOT): T {
  return reader(parseJson(text, { maxLength: 10_000 }), root);
}

function refusal(run: () => unknown): { code: string; path: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('readers', () => {
  it('name the place where something else was expected', () => {
    const reader: JsonReader<unknown> = (value, at) =>
      readMember(
        readObject(value, at),
        'packages',
        at,
        mapOf(
          readText,
          arrayOf((v, p) => readMember(readObject(v, p), 'keyId', p, readText)),
        ),
      );
    expect(
      refusal(() => read(reader, '{"packages":{"sha256:ab":[{"keyId":"x"},{"keyId":5}]}}')),
    ).toMatchObject({
      code: 'INVALID_BODY',
      path: 'packages["sha256:ab"][1].keyId',
      message: 'expected a text at packages["sha256:ab"][1].keyId, found the integer 5',
    });
    expect(refusal(() => read(reader, '{}'))).toMatchObject({
      path: 'packages',
      message: 'expected a member packages, found none',
    });
    expect(refusal(() => read(reader, '[]')).path).toBe('');
  });

  it('do not repeat a long name whole', () => {
    const numbers = mapOf(readText, readText);
    for (const name of ['a'.repeat(1000), '-'.repeat(1000)]) {
      const { path, message } = refusal(() => read(numbers, `{"${name}":5}`));
      expect(path).toBe(`["${name.slice(0, 100)}…"]`);
      expect(message.length).toBeLessThan(200);
    }
  });

  it('refuse a member that comes twice, and take the last of a name that is data', () => {
    const member: JsonReader<string> = (value, at) => readMember(readObject(value, at), 'a', at, readText);
    expect(refusal(() => read(member, '{"a":"1","b":2,"a":"3"}')).message).toBe(
      'expected a once, found it twice',
    );
    expect(read(member, '{"b":1,"a":"1","b":2}')).toBe('1');
    expect([...read(mapOf(readText, readU64), '{"x":1,"y":2,"x":3}')]).toEqual([
      ['x', 3],
      ['y', 2],
    ]);
  });

  it('tell absent from null', () => {
    const optional: JsonReader<unknown> = (value, at) =>
      readOptional(readObject(value, at), 'a', at, readText);
    const defaulted: JsonReader<unknown> = (value, at) =>
      readDefaulted(readObject(value, at), 'a', at, readText, 'none');
    expect(read(optional, '{}')).toBeUndefined();
    expect(read(optional, '{"a":null}')).toBeUndefined();
    expect(read(defaulted, '{}')).toBe('none');
    expect(refusal(() => read(defaulted, '{"a":null}')).path).toBe('a');
    expect(read(arrayOf(nullable(readText)), '["x",null]')).toEqual(['x', null]);
  });

  it('read integers as the root demands', () => {
    expect(read(readU64, '9007199254740991')).toBe(9007199254740991);
    expect(refusal(() => read(readU64, '9007199254740992'))).toMatchObject({
      code: 'INTEGER_TOO_LARGE',
      value: 2n ** 53n,
    });
    expect(read(readU64, '18446744073709551615', WIRE_ROOT)).toBe(2n ** 64n - 1n);
    for (const text of ['-1', '1.0', '-0', '"1"', 'null', '18446744073709551616', '-9223372036854775808']) {
      expect(refusal(() => read(readU64, text, WIRE_ROOT)).code).toBe('INVALID_BODY');
    }
    expect(read(readU16, '65535')).toBe(65535);
    expect(refusal(() => read(readU16, '65536')).code).toBe('INVALID_BODY');
    expect(refusal(() => read(readBoolean, '1')).code).toBe('INVALID_BODY');
  });

  it('report what a parser refuses at its place', () => {
    const error = refusal(() => read(arrayOf(textAs('a digest', parseDigest)), '["sha256:ab"]'));
    expect(error).toMatchObject({ code: 'INVALID_BODY', path: '[0]' });
    expect(error.message).toMatch(/^expected a digest at \[0\]: /);
  });

  it('refuse unknown members where asked to', () => {
    const reader: JsonReader<void> = (value, at) =>
      refuseUnknownMembers(readObject(value, at), ['a', 'b'], at);
    expect(read(reader, '{"b":1}')).toBeUndefined();
    expect(refusal(() => read(reader, '{"b":1,"c":2}'))).toMatchObject({ path: 'c' });
  });

  it('refuse ill-formed values where asked to', () => {
    expect(read(refuseIllFormed, '[1e3,"\\ud83e\\udd80",{"a":[null]}]')).toBeUndefined();
    expect(refusal(() => read(refuseIllFormed, '{"a":["\\ud800"]}')).path).toBe('a[0]');
    expect(refusal(() => read(refuseIllFormed, '{"a":{"b":-1e999}}')).path).toBe('a.b');
  });

  it('read words as serde writes and reads them', () => {
    const word = oneOf('verified', 'invalid');
    expect(read(word, '"verified"')).toBe('verified');
    expect(read(word, '{"invalid":null}')).toBe('invalid');
    for (const text of [
      '"Verified"',
      '{"verified":1}',
      '{}',
      '{"verified":null,"invalid":null}',
      '0',
      'null',
      '["verified"]',
    ]) {
      expect(refusal(() => read(word, text)).code).toBe('INVALID_BODY');
    }
  });

  it('read tags, by position only where the wire does and nobody is strict', () => {
    const tag: JsonReader<string> = (value, at) =>
      readTag(readObject(value, at), 'type', ['a', 'b'], at, true);
    expect(read(tag, '{"type":"b"}')).toBe('b');
    expect(read(tag, '{"type":1}', WIRE_ROOT)).toBe('b');
    expect(refusal(() => read(tag, '{"type":1}')).path).toBe('type');
    for (const text of [
      '{"type":2}',
      '{"type":-1}',
      '{"type":1.0}',
      '{"type":{"a":null}}',
      '{}',
      '{"type":"a","type":"a"}',
    ]) {
      expect(refusal(() => read(tag, text, WIRE_ROOT)).code).toBe('INVALID_BODY');
    }
  });
});

describe('writers', () => {
  it('escape as serde_json does', () => {
    expect(writeText('"\\/\b\f\n\r\t\u0001\u001f\u007f\u2028é🦀')).toBe(
      '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u007f\u2028é🦀"',
    );
  });

  it('never write half a surrogate pair', () => {
    expect(writeText('a\ud800b\udc00')).toBe('"a\ufffdb\ufffd"');
    expect(writeText('\\ud800')).toBe('"\\\\ud800"');
  });

  it('write integers and refuse what is none', () => {
    expect(writeU64(0)).toBe('0');
    expect(writeU64(2n ** 64n - 1n)).toBe('18446744073709551615');
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n])
      expect(() => writeU64(value)).toThrow(EncodeError);
    expect(writeU16(65535)).toBe('65535');
    for (const value of [-1, 65536, 0.5]) expect(() => writeU16(value)).toThrow(EncodeError);
  });

  it('write arrays and maps in order', () => {
    expect(writeArray([3, 1], writeU64)).toBe('[3,1]');
    expect(
      writeMap(
        new Map([
          ['b"', 1],
          ['1', 2],
        ]),
        writeU64,
      ),
    ).toBe('{"b\\"":1,"1":2}');
  });
});
