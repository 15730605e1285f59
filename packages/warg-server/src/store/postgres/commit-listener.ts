import postgres from 'postgres';
import type { DatabaseUrl } from './database-url.ts';

/** What is notified at each commit. */
export const COMMIT_CHANNEL = 'warg_commit';

/** How long is waited before the connection is tried again, ms: doubled up to the maximum. */
const RETRY = { first: 100, most: 5_000 };

/**
 * Hears of the commits of other processes, on a connection that does nothing else. While it is lost nothing is heard; it is
 * made again for as long as need be, and then something may have been committed, so that is told as well.
 *
 * The driver's own `listen` does not try again where the first attempt fails.
 */
export class CommitListener {
  readonly #url: DatabaseUrl;
  /** What our own notifications say. */
  readonly #sender: string;
  readonly #listeners = new Set<() => void>();
  #sql: postgres.Sql | undefined;
  #running: Promise<void> | undefined;
  #stop: () => void = () => {};
  #stopped = false;

  constructor(url: DatabaseUrl, sender: string) {
    this.#url = url;
    this.#sender = sender;
  }

  /** @returns takes the listener away */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#running ??= this.#run();
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#stop();
    await this.#sql?.end({ timeout: 1 }).catch(() => {});
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let delay = RETRY.first; !this.#stopped; delay = Math.min(2 * delay, RETRY.most)) {
      const heard = await this.#listenOnce();
      if (this.#stopped) return;
      if (heard) delay = RETRY.first;
      await new Promise<void>((resolve) => {
        this.#stop = resolve;
        setTimeout(resolve, delay).unref();
      });
    }
  }

  /** Until the connection is lost. @returns whether there was one */
  async #listenOnce(): Promise<boolean> {
    let lost: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const sql = postgres(this.#url.secret, {
      max: 1,
      connect_timeout: 5,
      idle_timeout: 0,
      max_lifetime: 0,
      keep_alive: 5,
      backoff: 0,
      connection: { application_name: 'warg-server' },
      fetch_types: false,
      onnotice: () => {},
      onnotify: (_channel: string, sender: string) => {
        if (sender !== this.#sender) this.#tell();
      },
      onclose: () => lost(),
    } as unknown as postgres.Options<Record<string, never>>) as unknown as postgres.Sql;
    this.#sql = sql;
    try {
      await sql.unsafe(`LISTEN ${COMMIT_CHANNEL}`);
      this.#tell();
      await end;
      return true;
    } catch {
      return false;
    } finally {
      this.#sql = undefined;
      await sql.end({ timeout: 0 }).catch(() => {});
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
