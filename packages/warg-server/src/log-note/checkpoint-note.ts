import { digestToBytes, encodeBase64 } from '@warg/crypto';
import type { LogNote, StoredCheckpoint } from '../store/rows.ts';
import type { LogKey } from './log-key.ts';

/**
 * The checkpoint as a note that every reader of transparency logs understands (c2sp.org/tlog-checkpoint): origin, size
 * and root of the log, and the signature of the log's key. The map is not in it.
 */
export function checkpointNote(
  { logLength, logRoot }: Pick<StoredCheckpoint, 'logLength' | 'logRoot'>,
  key: LogKey,
): LogNote {
  const text = `${key.origin}\n${logLength}\n${encodeBase64(digestToBytes(logRoot))}\n`;
  return { logLength, text: `${text}\n${key.signatureLine(text)}` };
}
