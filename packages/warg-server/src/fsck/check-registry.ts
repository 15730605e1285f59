import type { ContentStore } from '../content/content-store.ts';
import { parseLogVerifierKey } from '../log-note/verify-note.ts';
import type { StoreLocation } from '../registry/core-options.ts';
import { StoreError } from '../store/errors.ts';
import { openPostgresStore } from '../store/postgres/postgres-store.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openSqliteReader, requireThere } from '../store/sqlite/sqlite-store.ts';
import { type CheckProgress, type CheckSummary, checkStore } from './check-store.ts';
import type { Finding } from './findings.ts';

/** What {@link checkRegistry} reads, and whom it tells. */
export interface CheckRegistryOptions {
  /** `sqliteStore(file)` or `postgresStore(url)`. A registry may run on it. */
  readonly store: StoreLocation;
  /** Where contents are, to be read once each; it is not closed. Undefined leaves them out. */
  readonly content?: ContentStore;
  /** The public key of the log, `name+id+base64`, to verify the stored note with; without it the note is read alone. */
  readonly logVerifierKey?: string;
  /** Told of everything that is wrong, as it is found. */
  readonly report: (finding: Finding) => void;
  /** Told now and then how far it is. What it throws ends the check. */
  readonly onProgress?: (progress: CheckProgress) => void;
}

/**
 * Computes again everything that a registry has stored, up to its newest checkpoint: ids and signatures of records, the states of all
 * logs, roots of log and map, the tiles and pages from which proofs are made, the signature of every checkpoint by a key that
 * could sign it then, the note, digests of contents. It goes on behind what is wrong or missing. Nothing is changed.
 *
 * @returns what was checked; what is wrong was reported
 * @throws StoreError `STORE_MISSING` | `STORE_OUTDATED` | `STORE_TOO_NEW` | `STORE_UNREADABLE` | `STORE_UNAVAILABLE`
 * @throws LogKeyError if `logVerifierKey` is none
 * @example
 * const findings = [];
 * const { records } = await checkRegistry({
 *   store: sqliteStore('registry.db'),
 *   report: (finding) => findings.push(finding),
 * });
 * console.log(records, 'records', findings);
 */
export async function checkRegistry(options: CheckRegistryOptions): Promise<CheckSummary> {
  const { content, logVerifierKey, report, onProgress } = options;
  const logKey = logVerifierKey === undefined ? undefined : parseLogVerifierKey(logVerifierKey);
  const store = await openToRead(options.store);
  try {
    return await checkStore({ store, content, logKey, report, ...(onProgress && { onProgress }) });
  } finally {
    await store.close();
  }
}

async function openToRead(location: StoreLocation): Promise<RegistryStore> {
  switch (location.type) {
    case 'postgres':
      return openPostgresStore(location.url);
    case 'sqlite':
      requireThere(location.file);
      return openSqliteReader(location.file);
    case 'memory':
      throw new StoreError(
        'STORE_MISSING',
        'expected a store that can be opened a second time, found one in memory',
      );
  }
}
