import { parseDigest } from '@warg/crypto';
import { type HashText, parseHashText, parseLogId, parseRecordId } from './ids.ts';
import {
  type JsonReader,
  parseJson,
  readMember,
  readObject,
  STRICT_ROOT,
  textAs,
  WIRE_ROOT,
  writeText,
} from './json/index.ts';
import type { LogLeaf } from './leaves.ts';

/** A {@link LogLeaf} as the wire can carry it: hashes of any length. */
export interface WireLogLeaf {
  readonly logId: HashText;
  readonly recordId: HashText;
}

const strictLogId = textAs('a log id', parseLogId);
const strictRecordId = textAs('a record id', parseRecordId);
const strictDigest = textAs('a digest', parseDigest);
const wireHash = textAs('a hash', parseHashText);

/** Reads a log id: of 64 digits, if strict. */
export const readLogId: JsonReader<HashText> = (value, at) => (at.strict ? strictLogId : wireHash)(value, at);

/** Reads a record id: of 64 digits, if strict. */
export const readRecordId: JsonReader<HashText> = (value, at) =>
  (at.strict ? strictRecordId : wireHash)(value, at);

/** Reads a digest: of 64 digits, if strict. */
export const readDigest: JsonReader<HashText> = (value, at) =>
  (at.strict ? strictDigest : wireHash)(value, at);

const MAX_LEAF_LENGTH = 4096;

const readLogLeaf: JsonReader<WireLogLeaf> = (value, at) => {
  const object = readObject(value, at);
  return {
    logId: readMember(object, 'logId', at, readLogId),
    recordId: readMember(object, 'recordId', at, readRecordId),
  };
};

/**
 * Reads the JSON text of a leaf of the registry's log.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE`
 */
export function decodeLogLeaf(text: string | Uint8Array): LogLeaf {
  return readLogLeaf(parseJson(text, { maxLength: MAX_LEAF_LENGTH }), STRICT_ROOT) as LogLeaf;
}

/** As {@link decodeLogLeaf}, with hashes of any length, as the reference reads them. */
export function decodeWireLogLeaf(text: string | Uint8Array): WireLogLeaf {
  return readLogLeaf(parseJson(text, { maxLength: MAX_LEAF_LENGTH }), WIRE_ROOT);
}

/** The exact JSON text of a leaf. */
export function encodeLogLeaf({ logId, recordId }: WireLogLeaf): string {
  return `{"logId":${writeText(logId)},"recordId":${writeText(recordId)}}`;
}
