// What the registry's log and map hash. The trees take bytes; which bytes, is said here.

import { concatBytes, encodeUtf8 } from '@warg/crypto';
import { encodePrefixedText } from './bytes/leb128.ts';
import type { HashText, LogId, RecordId } from './ids.ts';

const LOG_LEAF_PREFIX = 'WARG-LOG-LEAF-V0';
const MAP_LEAF_PREFIX = 'WARG-MAP-LEAF-V0';

/** One leaf of the registry's log: this record was appended to this log. */
export interface LogLeaf {
  readonly logId: LogId;
  readonly recordId: RecordId;
}

/** The bytes of a leaf of the registry's log; `hashLeaf` of `@warg/transparency` hashes them. */
export function logLeafBytes({
  logId,
  recordId,
}: {
  readonly logId: HashText;
  readonly recordId: HashText;
}): Uint8Array {
  return isShort(logId) && isShort(recordId)
    ? encodeUtf8(`${LOG_LEAF_PREFIX}${prefixed(logId)}${prefixed(recordId)}`)
    : concatBytes(encodeUtf8(LOG_LEAF_PREFIX), encodePrefixedText(logId), encodePrefixedText(recordId));
}

/** The bytes of a leaf of the registry's map: the head of a log. `hashLeaf` of `@warg/transparency` hashes them. */
export function mapLeafBytes(recordId: HashText): Uint8Array {
  return isShort(recordId)
    ? encodeUtf8(`${MAP_LEAF_PREFIX}${prefixed(recordId)}`)
    : concatBytes(encodeUtf8(MAP_LEAF_PREFIX), encodePrefixedText(recordId));
}

/** Whether the length of a hash, which is ASCII, takes one byte below 128 in the prefix encoding. Those of 64 digits are. */
function isShort(hash: HashText): boolean {
  return hash.length < 0x80;
}

/** What `encodePrefixedText` encodes, as text: all of a leaf is encoded at once then. */
function prefixed(hash: HashText): string {
  return String.fromCharCode(hash.length) + hash;
}
