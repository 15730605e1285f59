import {
  decodeHex,
  digestFromBytes,
  digestOf,
  digestToBytes,
  encodeHex,
  encodeUtf8,
  formatHash,
  parseDigest,
  parseHash,
  parseHashAlgorithm,
} from '@warg/crypto';
import { readJsonText } from '../json-text.ts';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  parse(c) {
    expectVerdict(
      c,
      () => parseHash(c.input),
      (hash) => {
        same(hash.algorithm, c.algorithm, 'algorithm');
        same(encodeHex(hash.bytes), c.bytes, 'bytes');
        same(formatHash(hash), c.formatted, 'formatted');
        expectVerdict(
          c.asSha256,
          () => parseDigest(c.input),
          (digest) => {
            same(encodeHex(digestToBytes(digest)), c.bytes, 'bytes of the digest');
            same(digestFromBytes(hash.bytes), c.formatted, 'digest from bytes');
          },
        );
      },
    );
  },
  json(c) {
    expectVerdict(
      c,
      () => parseHash(readJsonText(c.input)),
      (hash) => {
        same(JSON.stringify(formatHash(hash)), c.reserialized, 'reserialized');
      },
    );
  },
  algorithm(c) {
    expectVerdict(
      c.text,
      () => parseHashAlgorithm(c.input),
      (value) => same(value, c.text.formatted, 'formatted'),
    );
    expectVerdict(
      c.json,
      () => parseHashAlgorithm(readJsonText(JSON.stringify(c.input))),
      (value) => {
        same(JSON.stringify(value), c.json.reserialized, 'reserialized');
      },
    );
  },
  digest(c) {
    const bytes = decodeHex(c.input);
    same(bytes.length, c.length, 'length');
    same(digestOf(bytes), c.hash, 'hash');
  },
  'digest-repeated'(c) {
    const unit = decodeHex(c.unit);
    const bytes = new Uint8Array(unit.length * c.count);
    for (let i = 0; i < c.count; i++) bytes.set(unit, i * unit.length);
    same(bytes.length, c.length, 'length');
    same(digestOf(bytes), c.hash, 'hash');
  },
  'digest-text'(c) {
    const bytes = encodeUtf8(c.text);
    same(encodeHex(bytes), c.input, 'UTF-8 bytes');
    same(digestOf(bytes), c.hash, 'hash');
  },
};
