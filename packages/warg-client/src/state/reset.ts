import type { ClientContext } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import type { ResetResult } from '../results.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { evidencePrefix } from './evidence-documents.ts';
import { pinKey, readPin } from './registry-state.ts';

/**
 * Removes all documents of a registry but evidence, and whom to trust where that is wanted, in one commit. Only where the
 * documents cannot be read at all is their folder removed without looking.
 *
 * Called while the storage's lock is held.
 */
export async function resetDocuments(context: ClientContext, keepOperator: boolean): Promise<ResetResult> {
  const { documents, address } = context;
  let snapshot: StorageSnapshot;
  try {
    snapshot = await documents.snapshot();
    // Damaged, it must not be kept, nor be lost without a word.
    if (keepOperator) await readPin(snapshot);
  } catch (error) {
    // A reset is the way out of what is corrupt. But whom to trust must not be lost silently.
    if (!isClientError(error)) throw error;
    if (keepOperator) throw pinLost(address.name, error);
    await documents.reset();
    return { evidenceKept: [], evidenceLost: undefined };
  }
  const changes = new Map<string, undefined>();
  const evidenceKept: string[] = [];
  const evidenceLost: string[] = [];
  for (const key of snapshot.keys()) {
    if (key === pinKey && keepOperator) continue;
    if (key.startsWith(evidencePrefix)) {
      const isThere = await isReadable(snapshot, key);
      (isThere ? evidenceKept : evidenceLost).push(key.slice(evidencePrefix.length));
      if (isThere) continue;
    }
    changes.set(key, undefined);
  }
  if (changes.size > 0) {
    await documents.commit(snapshot, changes);
    // A storage keeps what the commit before last left, for those who still read it: what was forgotten goes with this one.
    await documents.commit(await documents.snapshot(), new Map());
  }
  // Nothing that could be lost is left in it.
  if (changes.size === snapshot.keys().length) await documents.reset();
  return { evidenceKept, evidenceLost };
}

async function isReadable(snapshot: StorageSnapshot, key: string): Promise<boolean> {
  try {
    return (await snapshot.read(key)) !== undefined;
  } catch (error) {
    if (isClientError(error, 'STORAGE_CORRUPT')) return false;
    throw error;
  }
}

function pinLost(registry: string, cause: ClientError): ClientError {
  return new ClientError(
    cause.code,
    `whom to trust as the operator of ${registry} cannot be read, because what is stored is damaged, and so cannot be kept: ` +
      'forget it as well, and compare the operator that is seen next with the one you know',
    cause.details,
    { cause },
  );
}
