import type { SignedCheckpoint } from '@warg/protocol';
import type { StoredCheckpoint } from './rows.ts';

/** What clients see of a checkpoint. */
export function signedCheckpoint(stored: StoredCheckpoint): SignedCheckpoint {
  const { logRoot, logLength, mapRoot, timestamp, keyId, signature } = stored;
  return { contents: { logRoot, logLength, mapRoot, timestamp }, keyId, signature };
}
