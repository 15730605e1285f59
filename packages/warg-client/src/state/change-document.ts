import { equalBytes } from '@warg/crypto';
import type { ClientContext } from '../context.ts';
import { isClientError } from '../errors.ts';
import type { StorageSnapshot } from '../storage/storage.ts';

const attempts = 3;

/**
 * Changes one document by what it holds now: nobody else's change comes between the reading and the writing, in this
 * process or another. What was read before this call may be outdated, so decide by the snapshot that `change` gets.
 *
 * @param change what the document shall hold; undefined to remove it. Called again where somebody took the lock over and
 *   wrote first. What it throws is thrown, and nothing is written.
 * @throws ClientError `STORAGE_LOCKED` | `STORAGE_CONFLICT`, and what reading and writing may throw
 */
export async function changeDocument(
  { documents }: Pick<ClientContext, 'documents'>,
  key: string,
  change: (now: StorageSnapshot) => Promise<Uint8Array | undefined>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const changeOnce = async () => {
    const now = await documents.snapshot();
    const after = await change(now);
    const before = await now.read(key);
    const isSame = before === undefined || after === undefined ? before === after : equalBytes(before, after);
    if (!isSame) await documents.commit(now, new Map([[key, after]]));
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await documents.exclusive(changeOnce, { signal });
      return;
    } catch (error) {
      if (!isClientError(error, 'STORAGE_CONFLICT') || attempt === attempts) throw error;
    }
  }
}
