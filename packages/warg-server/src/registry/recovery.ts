import { setTimeout as sleep } from 'node:timers/promises';
import type { PublicKey } from '@warg/crypto';
import { ImportError } from '../import/errors.ts';
import { importRegistry } from '../import/import-registry.ts';
import { openSource } from '../import/source.ts';
import { type HighWaterMark, marksAhead } from '../sequencer/high-water.ts';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { RegistryLog } from './core-options.ts';

/** How long is waited before another registry is asked again, ms: doubled up to the most. */
const PAUSE = { first: 250, most: 10_000 };

export interface RecoveryOptions {
  readonly store: RegistryStore;
  readonly marks: readonly HighWaterMark[];
  /**
   * Where a registry is that has what this one lacks: a mirror, another process, the one before. Without it another process
   * may bring the store back, if that is one of several.
   */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly operatorKey: PublicKey;
  /** A folder for temporary files. */
  readonly spoolDir: string;
  readonly signal: AbortSignal;
  readonly log: RegistryLog;
}

/**
 * Fetches back what a store lacks of what was signed, and waits until it has it. When this resolves the store has
 * reached every mark, and perhaps more.
 *
 * @throws ImportError | StoreError if that can never be: another operator, another history; or the signal's reason
 */
export async function recover(options: RecoveryOptions): Promise<void> {
  const { store, marks, url, signal, log } = options;
  for (let pause = PAUSE.first; ; pause = Math.min(pause * 2, PAUSE.most)) {
    signal.throwIfAborted();
    try {
      if (url !== undefined) await importOnce(options, url);
      const [ahead] = await marksAhead(store, marks);
      if (ahead === undefined) return;
      if (url !== undefined)
        log.warn({ source: url, wanted: ahead.logLength }, 'it does not have everything either');
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      log.warn(
        { source: url, error: String((error as Error).message ?? error) },
        'cannot fetch records back yet',
      );
    }
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

async function importOnce(
  { store, marks, token, operatorKey, spoolDir, signal, log }: RecoveryOptions,
  url: string,
): Promise<void> {
  const { from, to } = await importRegistry({
    store,
    source: openSource(url, { signal, token }),
    operatorKey,
    spoolDir,
    marks,
    log,
    onProgress: () => signal.throwIfAborted(),
    beforeCommit: (transaction, { from, to }) =>
      transaction.appendAudit({
        actor: 'server',
        action: 'registry.recover',
        details: { source: url, from, to },
      }),
  });
  if (to > from) log.info({ source: url, from, to }, 'fetched records back');
}

/** What another try would not change. */
function isFinal(error: unknown): boolean {
  if (error instanceof ImportError) {
    return error.code === 'IMPORT_OTHER_HISTORY' || error.code === 'IMPORT_OPERATOR_MISMATCH';
  }
  return error instanceof StoreError && error.code !== 'STORE_UNAVAILABLE';
}
