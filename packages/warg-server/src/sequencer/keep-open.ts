import type { StoreReads } from '../store/registry-store.ts';

/** How often something is asked, ms: several times in what PostgreSQL lets a transaction do nothing. */
const INTERVAL = 500;

/**
 * Waits for something slow, such as a signer, inside of a transaction. A database ends one in which nothing is asked, as of a
 * process that hangs; so something is asked meanwhile. A process that really hangs asks nothing.
 */
export async function keepOpen<T>(transaction: StoreReads, work: () => Promise<T>): Promise<T> {
  // If that fails, whatever comes next in the transaction does.
  const asking = setInterval(() => void transaction.latestCheckpoint().catch(() => {}), INTERVAL);
  try {
    return await work();
  } finally {
    clearInterval(asking);
  }
}
