import { concatBytes } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { leafNumber } from '../../test/naive.ts';
import { decodeLogBundle, encodeLogBundle } from '../log/bundle.ts';
import { decodeMapBundle, encodeMapBundle } from '../map/bundle.ts';
import { MAX_BUNDLE_BYTES, MAX_BUNDLE_ELEMENTS } from './decode.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const code = (name: string) => expect.objectContaining({ name: 'ProofError', code: name });
const invalid = code('INVALID_BUNDLE');

/** `count` groups of field 15 in each other. */
const groups = (count: number) => bytes(...new Array(count).fill(0x7b), ...new Array(count).fill(0x7c));

describe('decodeLogBundle', () => {
  const bundle = {
    logLength: 300,
    consistentLengths: [1, 200],
    includedNodes: [0, 598],
    hashes: [0, 5, 4_294_967_295].map((node) => ({ node, hash: leafNumber(node) })),
  };

  it('reads what was written', () => {
    expect(decodeLogBundle(encodeLogBundle(bundle))).toEqual(bundle);
  });

  it('reads no bytes as a bundle of nothing', () => {
    expect(decodeLogBundle(bytes())).toEqual({
      logLength: 0,
      consistentLengths: [],
      includedNodes: [],
      hashes: [],
    });
  });

  it.each([
    ['a list that is not packed', [0x10, 1, 0x10, 2], { consistentLengths: [1, 2] }],
    ['a list packed in pieces', [0x12, 1, 1, 0x10, 2, 0x12, 2, 3, 4], { consistentLengths: [1, 2, 3, 4] }],
    ['the last of several values', [0x08, 1, 0x08, 2], { logLength: 2 }],
    [
      'a number with needless bytes',
      [0x08, 0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
      { logLength: 3 },
    ],
    ['a number of 33 bits, wrapped', [0x08, 0x85, 0x80, 0x80, 0x80, 0x10], { logLength: 5 }],
    [
      'the greatest number, wrapped',
      [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      { logLength: 2 ** 32 - 1 },
    ],
    ['a tag with needless bytes', [0x88, 0x80, 0x00, 7], { logLength: 7 }],
    [
      'a tag with as many needless bytes as there can be',
      [0x88, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 7],
      { logLength: 7 },
    ],
    [
      'unknown fields of every wire type',
      [0x78, 9, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 1, 0, 0x7b, 0x08, 1, 0x7c, 0x7d, 1, 2, 3, 4],
      {},
    ],
    ['a hundred groups in each other', [...groups(100)], {}],
  ])('takes %s, as the reference does', (_, input, expected) => {
    expect(decodeLogBundle(bytes(...input))).toMatchObject(expected);
  });

  it.each([
    ['a field number of 0', [0x00]],
    ['a field number beyond 29 bits', [0x88, 0x80, 0x80, 0x80, 0x10, 1]],
    ['wire types that do not exist', [0x0e, 1]],
    ['a length as bytes', [0x0a, 1, 1]],
    ['a length of fixed width', [0x0d, 1, 0, 0, 0]],
    ['a list of fixed width', [0x15, 1, 0, 0, 0]],
    ['a hash as a number', [0x20, 1]],
    ['a number that ends too early', [0x08, 0x80]],
    ['a number of 65 bits', [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]],
    ['a number of eleven bytes', [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['an unknown number of 65 bits', [0x78, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]],
    ['a field longer than the bundle', [0x22, 0x05, 0x08, 1]],
    ['an unknown field longer than the bundle', [0x7a, 0x05, 1]],
    ['a length of 2^63', [0x7a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a packed list that cuts a number', [0x12, 1, 0x80, 0x01]],
    ['a hash that reaches beyond its entry', [0x22, 2, 0x12, 2, 0, 0]],
    ['fixed fields that end too early', [0x79, 1, 2, 3, 4, 5, 6, 7]],
    ['the end of a group that has not begun', [0x7c]],
    ['the end of another group', [0x7b, 0x74]],
    ['a group without end', [0x7b, 0x08, 1]],
    ['a group that ends outside its message', [0x22, 1, 0x7b, 0x7c]],
    ['a hundred and one groups in each other', [...groups(101)]],
  ])('refuses %s, as the reference does', (_, input) => {
    expect(() => decodeLogBundle(bytes(...input))).toThrow(invalid);
  });

  it('refuses hashes of other lengths than 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      const wrong = encodeLogBundle({ ...bundle, hashes: [{ node: 1, hash: new Uint8Array(length) }] });
      expect(() => decodeLogBundle(wrong)).toThrow(code('INVALID_HASH_LENGTH'));
    }
  });

  it('refuses hashes out of order and twice', () => {
    const [a, b] = bundle.hashes as [(typeof bundle.hashes)[0], (typeof bundle.hashes)[0]];
    expect(() => decodeLogBundle(encodeLogBundle({ ...bundle, hashes: [b, a] }))).toThrow(
      code('UNSORTED_HASHES'),
    );
    expect(() => decodeLogBundle(encodeLogBundle({ ...bundle, hashes: [a, b, b] }))).toThrow(
      code('DUPLICATE_HASH'),
    );
  });
});

describe('decodeMapBundle', () => {
  it('reads what was written', () => {
    const proofs = [
      [],
      [undefined],
      [leafNumber(1), undefined, leafNumber(2)],
      new Array(256).fill(leafNumber(3)),
    ];
    expect(decodeMapBundle(encodeMapBundle(proofs))).toEqual(proofs);
  });

  it('takes the last of several values of a hash', () => {
    const twice = concatBytes(
      bytes(0x0a, 70, 0x0a, 68, 0x0a, 32),
      leafNumber(1),
      bytes(0x0a, 32),
      leafNumber(2),
    );
    expect(decodeMapBundle(twice)).toEqual([[leafNumber(2)]]);
  });

  it('counts the levels of messages with the groups', () => {
    const wrap = (inner: Uint8Array) => {
      const length = bytes(0x80 | (inner.length & 127), inner.length >> 7);
      return concatBytes(bytes(0x0a), length, inner);
    };
    expect(decodeMapBundle(wrap(wrap(groups(98))))).toEqual([[undefined]]);
    expect(() => decodeMapBundle(wrap(wrap(groups(99))))).toThrow(invalid);
  });

  it('refuses more than 256 siblings and hashes that are none', () => {
    expect(() => decodeMapBundle(encodeMapBundle([new Array(257).fill(undefined)]))).toThrow(
      code('TOO_MANY_PEERS'),
    );
    for (const length of [0, 31, 33]) {
      expect(() => decodeMapBundle(encodeMapBundle([[new Uint8Array(length)]]))).toThrow(
        code('INVALID_HASH_LENGTH'),
      );
    }
  });
});

describe('the caps', () => {
  it('refuse too many bytes before they are read', () => {
    expect(() => decodeMapBundle(new Uint8Array(MAX_BUNDLE_BYTES + 1))).toThrow(code('BUNDLE_TOO_LARGE'));
  });

  it('refuse too many elements before there is an object for each', () => {
    const empties = new Uint8Array(2 * (MAX_BUNDLE_ELEMENTS + 1)).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
    expect(() => decodeMapBundle(empties)).toThrow(code('BUNDLE_TOO_LARGE'));
    expect(decodeMapBundle(empties.subarray(2)).length).toBe(MAX_BUNDLE_ELEMENTS);
    const packed = new Uint8Array(MAX_BUNDLE_ELEMENTS + 1 + 4);
    packed.set([0x12, 0x81, 0x80, 0x20]);
    expect(() => decodeLogBundle(packed)).toThrow(code('BUNDLE_TOO_LARGE'));
  });
});
