import { decodeHex, digestOf, encodeHex, isDigest } from '@warg/crypto';
import {
  baseNameOf,
  encodeLeb128,
  encodePrefixedText,
  isNamespace,
  isPackageName,
  mapKeyBytes,
  namespaceOf,
  OPERATOR_LOG_ID,
  operatorLogIdBytes,
  operatorRecordId,
  packageLogId,
  packageLogIdBytes,
  packageNameBytes,
  packageRecordId,
  parseHashText,
  parseLogId,
  parsePackageName,
  parseRecordId,
} from '@warg/protocol';
import { readJsonText } from '../json-text.ts';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  'package-name'(c) {
    same(isPackageName(c.input), c.verdict === 'ok', 'isPackageName');
    expectVerdict(
      c,
      () => parsePackageName(c.input),
      (name) => {
        same(namespaceOf(name), c.namespace, 'namespace');
        same(baseNameOf(name), c.name, 'name');
        same(encodeHex(packageNameBytes(name)), c.encoded, 'encoded');
        same(packageLogId(name), c.logId, 'logId');
      },
    );
  },
  namespace(c) {
    same(isNamespace(c.input), c.valid, 'valid');
  },
  'package-name-json'(c) {
    expectVerdict(
      c,
      () => parsePackageName(readJsonText(c.input)),
      (name) => same(JSON.stringify(name), c.reserialized, 'reserialized'),
    );
  },
  'operator-log-id'(c) {
    same(encodeHex(operatorLogIdBytes()), c.preimage, 'preimage');
    same(OPERATOR_LOG_ID, c.logId, 'logId');
  },
  'package-log-id'(c) {
    const name = parsePackageName(c.name);
    const preimage = packageLogIdBytes(name);
    same(encodeHex(preimage), c.preimage, 'preimage');
    same(digestOf(preimage), c.logId, 'hash of the preimage');
    same(packageLogId(name), c.logId, 'logId');
    same(encodeHex(mapKeyBytes(packageLogId(name))), c.logIdBytes, 'logIdBytes');
  },
  'package-record-id'(c) {
    same(packageRecordId(decodeHex(c.contentBytes)), c.recordId, 'recordId');
  },
  'operator-record-id'(c) {
    same(operatorRecordId(decodeHex(c.contentBytes)), c.recordId, 'recordId');
  },
  leb128(c) {
    same(encodeHex(encodeLeb128(BigInt(c.value))), c.encoded, 'encoded');
    const value = Number(c.value);
    if (Number.isSafeInteger(value)) same(encodeHex(encodeLeb128(value)), c.encoded, 'encoded from a number');
  },
  'prefixed-text'(c) {
    same(encodeHex(encodePrefixedText(c.text)), c.encoded, 'encoded');
  },
  'id-json'(c) {
    // The reference reads a hash of any length as an id. Our ids have 64 digits; where others may turn up we keep
    // them as hash texts, and narrow them before they are used as ids.
    const narrow = { asLogId: parseLogId, asRecordId: parseRecordId };
    for (const reading of ['asLogId', 'asRecordId'] as const) {
      expectVerdict(
        { ...c[reading], accidental: c.accidental },
        () => parseHashText(readJsonText(c.input)),
        (id) => {
          same(JSON.stringify(id), c[reading].reserialized, 'reserialized');
          const narrowed = isDigest(id) ? 'ok' : 'err';
          expectVerdict(
            { verdict: narrowed },
            () => narrow[reading](id),
            (exact) => same(exact, id, reading),
          );
        },
      );
    }
  },
};
