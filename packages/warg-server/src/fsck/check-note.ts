import { digestToBytes, equalBytes } from '@warg/crypto';
import { type LogVerifierKey, NoteError, verifyNote } from '../log-note/verify-note.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { Report } from './findings.ts';

/** Whether there is a note, and whether its signature was verified: nobody can without the key. */
export type NoteCheck = 'none' | 'read' | 'verified';

/** The note of the log says what the checkpoint of its length says, and is signed with the log's key. */
export async function checkNote(
  store: RegistryStore,
  key: LogVerifierKey | undefined,
  report: Report,
): Promise<NoteCheck> {
  const { note, checkpoint } = await store.read(async (reads) => {
    const found = await reads.logNote();
    return { note: found, checkpoint: found && (await reads.checkpointAt(found.logLength)) };
  });
  if (note === undefined) return 'none';
  const where = `the note of ${note.logLength} records`;
  try {
    const { logLength, logRoot } = verifyNote(note.text, undefined);
    const isSame = checkpoint !== undefined && equalBytes(logRoot, digestToBytes(checkpoint.logRoot));
    if (!isSame || logLength !== note.logLength) {
      const message = 'expected length and root of the checkpoint of that length, found others';
      report({ code: 'NOTE_MISMATCH', where, message });
    }
    if (key === undefined) return 'read';
    verifyNote(note.text, key);
    return 'verified';
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    const code = error.code === 'NOTE_SIGNATURE' ? 'NOTE_SIGNATURE' : 'NOTE_MISMATCH';
    report({ code, where, message: error.message });
    return 'read';
  }
}
