import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { isDigest } from '@warg/crypto';
import { StoreError } from '../store/errors.ts';
import type { StoredCheckpoint } from '../store/rows.ts';

/** What must never be contradicted of a signed checkpoint. */
export type SignedHead = Pick<StoredCheckpoint, 'logLength' | 'logRoot' | 'mapRoot'>;

/**
 * Remembers, outside the store, up to where checkpoints were signed: a store that was taken back to an earlier state
 * knows nothing of what it signed after that, and would sign something else in its place.
 */
export interface HeadMemory {
  /** Where a person finds it. */
  readonly name: string;
  /** What was noted last; undefined if nothing was, or if it cannot be read. */
  read(): SignedHead | undefined;
  /** Notes a checkpoint that has been committed. */
  write(head: SignedHead): void;
}

/** Every note has this length, so that a new one covers the old one and takes no more room on a full disk. */
const NOTE_BYTES = 256;

/**
 * Keeps the head in a small file beside the store.
 *
 * It is written behind each commit and not flushed to the disk: after a power cut it may be behind the store, or empty,
 * which hides a loss but never makes one up.
 */
export function headFile(file: string): HeadMemory {
  return {
    name: file,
    read() {
      try {
        return parseNote(readFileSync(file, 'utf8'));
      } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
          return undefined;
        throw new StoreError('STORE_UNREADABLE', `cannot read ${file}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    write({ logLength, logRoot, mapRoot }) {
      const note = JSON.stringify({ logLength, logRoot, mapRoot }).padEnd(NOTE_BYTES - 1);
      const descriptor = openSync(file, constants.O_CREAT | constants.O_WRONLY, 0o600);
      try {
        writeSync(descriptor, `${note}\n`, 0);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

function parseNote(text: string): SignedHead | undefined {
  const note = JSON.parse(text) as Partial<Record<keyof SignedHead, unknown>> | null;
  const { logLength, logRoot, mapRoot } = note ?? {};
  if (!Number.isSafeInteger(logLength) || typeof logRoot !== 'string' || typeof mapRoot !== 'string') {
    return undefined;
  }
  if (!isDigest(logRoot) || !isDigest(mapRoot)) return undefined;
  return { logLength: logLength as number, logRoot, mapRoot };
}
