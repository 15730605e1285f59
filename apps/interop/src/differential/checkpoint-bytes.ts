// The bytes of a checkpoint that are signed, written without the packages under test.

import { concatBytes, encodeUtf8 } from '@warg/crypto';
import { varint } from './record-bytes.ts';
import type { SignedCheckpoint } from './world.ts';

const text = (value: string): Uint8Array => concatBytes(varint(encodeUtf8(value).length), encodeUtf8(value));

export function checkpointText({
  logRoot,
  logLength,
  mapRoot,
  timestamp,
}: SignedCheckpoint['contents']): Uint8Array {
  return concatBytes(
    encodeUtf8('WARG-TIMESTAMPED-CHECKPOINT-V0'),
    varint(logLength),
    text(logRoot),
    text(mapRoot),
    varint(timestamp),
  );
}
