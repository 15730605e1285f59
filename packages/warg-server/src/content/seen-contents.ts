import type { Digest } from '@warg/crypto';

/** How long a content counts as there once it was seen, ms: far less than its removal is remembered in the store. */
const REMEMBERED = 60_000;
const MOST = 4096;

/**
 * Remembers for a while which contents were seen in their store, because many records name the same few and each question
 * takes a system call or a request. Only what is there is remembered; a removal that is under way or over is found out by
 * the transaction that accepts a record, whatever is said here.
 *
 * @param isThere asks the store
 * @param now ms, of any clock that only goes on
 */
export function seenContents(
  isThere: (digest: Digest) => Promise<boolean>,
  now: () => number = () => performance.now(),
): (digest: Digest) => Promise<boolean> {
  const seen = new Map<Digest, number>();
  return async (digest) => {
    const since = seen.get(digest);
    if (since !== undefined && now() - since < REMEMBERED) return true;
    seen.delete(digest);
    if (!(await isThere(digest))) return false;
    if (seen.size >= MOST) seen.delete(seen.keys().next().value!);
    seen.set(digest, now());
    return true;
  };
}
