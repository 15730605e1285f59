import { concatBytes, encodeUtf8, isDigest } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestNamed, hashTexts, packageNames } from '../test/arbitraries.ts';
import { encodePrefixedText } from './bytes/leb128.ts';
import {
  mapKeyBytes,
  OPERATOR_LOG_ID,
  operatorRecordId,
  packageLogId,
  packageRecordId,
  parseHashText,
  parseLogId,
  parseRecordId,
} from './ids.ts';
import { decodeLogLeaf, decodeWireLogLeaf, encodeLogLeaf } from './ids-json.ts';
import { logLeafBytes, mapLeafBytes } from './leaves.ts';
import { parsePackageName } from './names/package-name.ts';

describe('ids', () => {
  it('are those of the reference', () => {
    expect(OPERATOR_LOG_ID).toBe('sha256:0db9178aabc877b42f03a038bf453ee53f08e3c8c55fab916043428078596bfb');
    expect(packageLogId(parsePackageName('a-b-c:d-e-f'))).toBe(
      'sha256:8e6db6038d95e5ff25f2ea1d3d3e2a3bd3908dd18354051d6a7646befd66ffd4',
    );
  });

  it('differ for the same bytes in another kind of record', () => {
    const bytes = encodeUtf8('the same bytes');
    expect(packageRecordId(bytes)).not.toBe(operatorRecordId(bytes));
  });

  it('differ for different names', () => {
    fc.assert(
      fc.property(packageNames, packageNames, (a, b) => {
        expect(packageLogId(a) === packageLogId(b)).toBe(a === b);
      }),
    );
  });

  it('have 64 digits, while hash texts have any even number', () => {
    fc.assert(
      fc.property(hashTexts, (text) => {
        expect(parseHashText(text)).toBe(text);
        if (isDigest(text)) {
          expect(parseLogId(text)).toBe(text);
          expect(parseRecordId(text)).toBe(text);
        } else {
          expect(() => parseLogId(text)).toThrow(expect.objectContaining({ code: 'INVALID_LOG_ID' }));
          expect(() => parseRecordId(text)).toThrow(expect.objectContaining({ code: 'INVALID_RECORD_ID' }));
        }
        expect(mapKeyBytes(text)).toHaveLength((text.length - 'sha256:'.length) / 2);
      }),
    );
  });

  it.each([
    '',
    'sha256',
    'sha256:abc',
    'sha256:AB',
    'sha512:ab',
    'sha256:ab:cd',
    ' sha256:ab',
    'sha256:ab\n',
  ])('are not read from %j', (text) => {
    expect(() => parseHashText(text)).toThrow();
    expect(() => parseLogId(text)).toThrow(expect.objectContaining({ code: 'INVALID_LOG_ID' }));
  });
});

describe('leaves', () => {
  const leaf = {
    logId: packageLogId(parsePackageName('a:b')),
    recordId: parseRecordId(digestNamed('record')),
  };

  it('name both ids, each with its length', () => {
    const other = { logId: leaf.logId, recordId: parseRecordId(digestNamed('another')) };
    expect(logLeafBytes(leaf)).not.toEqual(logLeafBytes(other));
    expect(logLeafBytes(leaf)).toHaveLength('WARG-LOG-LEAF-V0'.length + 2 * 72);
    expect(mapLeafBytes(leaf.recordId)).toHaveLength('WARG-MAP-LEAF-V0'.length + 72);
  });

  it('are their parts in the prefix encoding, however long their hashes are', () => {
    const hashes = [
      'sha256:',
      'sha256:ab',
      leaf.logId,
      `sha256:${'0'.repeat(120)}`,
      `sha256:${'0'.repeat(300)}`,
    ];
    for (const logId of hashes.map(parseHashText)) {
      for (const recordId of hashes.map(parseHashText)) {
        expect(logLeafBytes({ logId, recordId })).toEqual(
          concatBytes(
            encodeUtf8('WARG-LOG-LEAF-V0'),
            encodePrefixedText(logId),
            encodePrefixedText(recordId),
          ),
        );
        expect(mapLeafBytes(recordId)).toEqual(
          concatBytes(encodeUtf8('WARG-MAP-LEAF-V0'), encodePrefixedText(recordId)),
        );
      }
    }
  });

  it('are the same after writing and reading their JSON', () => {
    const text = encodeLogLeaf(leaf);
    expect(decodeLogLeaf(text)).toEqual(leaf);
    expect(decodeLogLeaf(encodeUtf8(text))).toEqual(leaf);
    const short = `{"logId":"${leaf.logId}","recordId":"sha256:ab"}`;
    expect(() => decodeLogLeaf(short)).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY', path: 'recordId' }),
    );
    expect(encodeLogLeaf(decodeWireLogLeaf(short))).toBe(short);
  });
});
