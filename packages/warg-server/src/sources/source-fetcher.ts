import { setTimeout as sleep } from 'node:timers/promises';
import { ContentError } from '../content/content-store.ts';
import { reasonOf } from '../content/remote/operation.ts';
import type { PolicedStore } from '../policy/content/policed-content.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import type { RegistryCore } from '../registry/registry.ts';
import type { ClaimedSource } from '../store/rows.ts';
import { guardedFetch, type SourceGuard } from './guarded-fetch.ts';

export interface SourceFetcherOptions {
  readonly core: RegistryCore;
  readonly policed: PolicedStore;
  readonly guard: SourceGuard;
  readonly maxContentBytes: number;
  readonly log: RegistryLog;
  /** Contents that are fetched at once. */
  readonly atOnce?: number;
  /** How often is looked whether another process left something, ms. */
  readonly interval?: number;
}

/** How long what could not be stored waits for its next try, ms. */
const RETRY = 5000;

/**
 * Fetches what publishers want to be fetched. What is to be fetched lies in the store, so that it is after a restart, and
 * whichever process is first claims it for a while. When all sources of a content have failed, its record has; why, only the log
 * says: the answer must not tell what there is in the network of the registry.
 */
export class SourceFetcher {
  readonly #options: SourceFetcherOptions;
  readonly #closing = new AbortController();
  readonly #workers = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SourceFetcherOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.wake(), options.interval ?? 15_000);
    this.#timer.unref();
    this.wake();
  }

  /** Told when there may be something to fetch. */
  wake(): void {
    if (this.#closing.signal.aborted || this.#workers.size >= (this.#options.atOnce ?? 4)) return;
    const worker = this.#work()
      .catch((error) => {
        if (this.#closing.signal.aborted) return;
        this.#options.log.warn({ err: error }, 'cannot look for contents to fetch');
      })
      .finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  /** Breaks off what is fetched; another process, or the next start, fetches it anew. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    const { core } = this.#options;
    while (!this.#closing.signal.aborted) {
      const source = await core.claimSource();
      if (source === undefined) return;
      // There may be more, for the others.
      this.wake();
      await this.#fetch(source);
    }
  }

  async #fetch(source: ClaimedSource): Promise<void> {
    const { core, policed, guard, maxContentBytes, log } = this.#options;
    const { logId, recordId, digest, urls } = source;
    const fields = { record: recordId, digest };
    const limit = AbortSignal.timeout(guard.timeLimit ?? 60_000);
    const signal = AbortSignal.any([limit, this.#closing.signal]);
    for (const url of urls) {
      try {
        const versions = await core.expectContent(source);
        const body = await guardedFetch(url, guard, maxContentBytes, signal);
        const size = await policed.take({ digest, logId, versions }, body, maxContentBytes);
        const { state } = await core.contentStored(source);
        log.info({ ...fields, size, state, host: new URL(url).host }, 'content fetched');
        return;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (await this.#isSettled(source)) return;
        if (error instanceof ContentError && error.code === 'CONTENT_REFUSED') {
          await core.contentRejected(source, error.message);
          log.info({ ...fields, reason: error.message }, 'content refused');
          return;
        }
        log.warn({ ...fields, host: new URL(url).host, error: reasonOf(error) }, 'cannot fetch a content');
        if (error instanceof ContentError && ownFaults.includes(error.code)) {
          // Not the source's fault: the claim ends, and somebody tries again.
          await sleep(RETRY, undefined, { signal: this.#closing.signal }).catch(() => {});
          return;
        }
      }
    }
    await core.sourcesFailed(source);
  }

  /** Whether the record waits no more, such as when it was uploaded meanwhile. */
  async #isSettled(source: ClaimedSource): Promise<boolean> {
    try {
      await this.#options.core.expectContent(source);
      return false;
    } catch {
      return true;
    }
  }
}

const ownFaults: readonly string[] = [
  'CONTENT_STORE_FULL',
  'CONTENT_STORE_UNAVAILABLE',
  'CONTENT_POLICY_BUSY',
];
