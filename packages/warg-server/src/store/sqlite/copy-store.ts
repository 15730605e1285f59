import { backup, DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';

/**
 * Copies a store file that may be in use, as it stands at one moment, with SQLite's own backup.
 *
 * @param to a file that is not there yet
 * @throws StoreError `STORE_UNREADABLE` if what was copied does not hold together
 */
export async function copySqliteStore(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
  try {
    await backup(source, to);
  } finally {
    source.close();
  }
  const copy = new DatabaseSync(to);
  try {
    // A copy is to be one file: no other process shall need its log beside it.
    copy.exec('PRAGMA journal_mode = DELETE');
    const [row] = copy.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
    if (row?.quick_check === 'ok') return;
    throw new StoreError(
      'STORE_UNREADABLE',
      `the copy of ${from} does not hold together: ${row?.quick_check}`,
    );
  } finally {
    copy.close();
  }
}
