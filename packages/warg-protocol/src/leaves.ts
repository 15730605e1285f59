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
export function logLeafBytes(leaf: { readonly logId: HashText; readonly recordId: HashText }): Uint8Array {
  return concatBytes(
    encodeUtf8(LOG_LEAF_PREFIX),
    encodePrefixedText(leaf.logId),
    encodePrefixedText(leaf.recordId),
  );
}

/** The bytes of a leaf of the registry's map: the head of a log. `hashLeaf` of `@warg/transparency` hashes them. */
export function mapLeafBytes(recordId: HashText): Uint8Array {
  return concatBytes(encodeUtf8(MAP_LEAF_PREFIX), encodePrefixedText(recordId));
}
