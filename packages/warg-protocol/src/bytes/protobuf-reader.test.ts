import { decodeHex } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordError } from '../errors.ts';
import { encodeLeb128 } from './leb128.ts';
import {
  readEnums,
  readerOf,
  readFields,
  readInt32,
  readInt64,
  readMessage,
  readText,
  readUint32,
} from './protobuf-reader.ts';
import { enumsField, integerField, joinBytes, textField } from './protobuf-writer.ts';

/** Reads field 1 with `read`; everything else is unknown. */
function field1<T>(hex: string, read: (reader: ReturnType<typeof readerOf>, wireType: number) => T): T[] {
  const reader = readerOf(decodeHex(hex));
  const found: T[] = [];
  readFields(reader, (field, wireType) => {
    if (field !== 1) return false;
    found.push(read(reader, wireType));
    return true;
  });
  return found;
}

describe('integers', () => {
  it('wrap to the width of their field', () => {
    const bits = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(bits, (value) => {
        const bytes = joinBytes([Uint8Array.of(0x08), encodeLeb128(value)]);
        const read = <T>(
          one: (reader: ReturnType<typeof readerOf>, wireType: number) => T,
        ): T | undefined => {
          const reader = readerOf(bytes);
          let result: T | undefined;
          readFields(reader, (_, wireType) => {
            result = one(reader, wireType);
            return true;
          });
          return result;
        };
        expect(read(readUint32)).toBe(Number(BigInt.asUintN(32, value)));
        expect(read(readInt32)).toBe(Number(BigInt.asIntN(32, value)));
        expect(read(readInt64)).toBe(BigInt.asIntN(64, value));
      }),
    );
  });

  it('may have superfluous bytes, but no more than ten, and no bits above 64', () => {
    expect(field1('0885808080808080808000', readUint32)).toEqual([5]);
    expect(field1('08ffffffffffffffffff01', readInt64)).toEqual([-1n]);
    for (const hex of ['08ffffffffffffffffff02', '088580808080808080808000', '0880', '08']) {
      expect(() => field1(hex, readUint32), hex).toThrow(RecordError);
    }
  });
});

describe('enums', () => {
  it('may be packed, single, or both', () => {
    const values: number[] = [];
    field1('0a02010208010a0bffffffffffffffffff0103', (reader, wireType) =>
      readEnums(reader, wireType, values),
    );
    expect(values).toEqual([1, 2, 1, -1, 3]);
  });

  it('end where their list ends', () => {
    expect(() => field1('0a02808001', (r, w) => readEnums(r, w, []))).toThrow(RecordError);
    expect(() => field1('0a0181', (r, w) => readEnums(r, w, []))).toThrow(RecordError);
  });
});

describe('unknown fields', () => {
  it.each([
    ['a varint', '10ffffffffffffffffff01'],
    ['eight bytes', '110102030405060708'],
    ['four bytes', '1501020304'],
    ['some bytes', '1203010203'],
    ['a group', '1308051b08051c14'],
    ['the largest field number', 'f8ffffff0f05'],
  ])('are passed over: %s', (_, hex) => {
    expect(field1(`${hex}0807`, readUint32)).toEqual([7]);
  });

  it.each([
    ['cut short', '11010203'],
    ['a group without end', '130805'],
    ['the end of a group that did not begin', '14'],
    ['the end of another group', '131c'],
    ['wire type 6', '16'],
    ['wire type 7', '17'],
    ['field number 0', '0001'],
    ['a key of more than 32 bits', '808080801000'],
    ['a length beyond the end', '1205ff'],
    ['a length of 2^63', '128080808080808080800100'],
  ])('are refused: %s', (_, hex) => {
    expect(() => field1(hex, readUint32)).toThrow(RecordError);
  });

  it('may be nested a hundred deep', () => {
    const groups = (depth: number) => '13'.repeat(depth) + '14'.repeat(depth);
    expect(field1(`${groups(100)}0807`, readUint32)).toEqual([7]);
    expect(() => field1(groups(101), readUint32)).toThrow('at most 100');
    expect(() => field1('13'.repeat(100_000), readUint32)).toThrow('at most 100');
  });
});

describe('messages and texts', () => {
  it('end where their length says', () => {
    const inner: string[] = [];
    const read = (hex: string) =>
      field1(hex, (reader, wireType) =>
        readMessage(reader, wireType, (_, innerType) => {
          inner.push(readText(reader, innerType));
          return true;
        }),
      );
    expect(read('0a030a01610a00')).toHaveLength(2);
    expect(inner).toEqual(['a']);
    // The text has its byte outside of the message.
    expect(() => read('0a020a0162')).toThrow('expected a value of 1 bytes, found 0 bytes');
  });

  it.each(['0a02c3', '0a02c328', '0a02c0ba', '0a03eda080', '0a01ff'])('must be UTF-8: %s', (hex) => {
    expect(() => field1(hex, readText)).toThrow(RecordError);
  });

  it('keep a byte order mark', () => {
    expect(field1('0a04efbbbf61', readText)).toEqual(['\ufeffa']);
  });

  it('must have their wire type', () => {
    expect(() => field1('0805', readText)).toThrow('expected wire type 2, found 0');
    expect(() => field1('0a0161', readUint32)).toThrow('expected wire type 0, found 2');
    expect(() => field1('0801', (reader, wireType) => readMessage(reader, wireType, () => false))).toThrow(
      RecordError,
    );
  });
});

it('reads what the writer wrote', () => {
  const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      int64,
      fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
      (text, integer, enums) => {
        const reader = readerOf(
          joinBytes([textField(1, text), integerField(2, integer), enumsField(3, enums)]),
        );
        let gotText = '';
        let gotInteger = 0n;
        const gotEnums: number[] = [];
        readFields(reader, (field, wireType) => {
          if (field === 1) gotText = readText(reader, wireType);
          if (field === 2) gotInteger = readInt64(reader, wireType);
          if (field === 3) readEnums(reader, wireType, gotEnums);
          return true;
        });
        expect([gotText, gotInteger, gotEnums]).toEqual([text, integer, enums]);
      },
    ),
  );
});
