import type postgres from 'postgres';
import type { Connector } from './connector.ts';

/** What is notified at each commit. */
export const COMMIT_CHANNEL = 'warg_commit';

/** How long is waited before the connection is tried again, ms: doubled up to the maximum. */
const RETRY = { first: 100, most: 5_000 };
/** How long it may take until it listens, s. The driver has a limit for a connection, and tries again without end where one is closed. */
const TIMEOUT = 5;

/** Where is said what hinders a store without keeping it from its work. */
export interface StoreLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

/**
 * Hears of the commits of other processes, on a connection that does nothing else. While it is lost nothing is heard; it is
 * made again for as long as need be, and then something may have been committed, so that is told as well.
 *
 * The driver's own `listen` does not try again where the first attempt fails.
 */
export class CommitListener {
  readonly #connector: Connector;
  /** What our own notifications say. */
  readonly #sender: string;
  readonly #log: StoreLog | undefined;
  readonly #listeners = new Set<() => void>();
  #sql: postgres.Sql | undefined;
  #running: Promise<void> | undefined;
  #stop: () => void = () => {};
  #stopped = false;
  /** Whether it was said that nothing is heard. */
  #saidFailure = false;

  constructor(connector: Connector, sender: string, log?: StoreLog) {
    this.#connector = connector;
    this.#sender = sender;
    this.#log = log;
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
    let sql: postgres.Sql | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      sql = this.#connector.open({
        max: 1,
        connect_timeout: TIMEOUT,
        keep_alive: 5,
        connection: { application_name: 'warg-server' },
        onnotify: (_channel, sender) => {
          if (sender !== this.#sender) this.#tell();
        },
        onclose: () => lost(),
      });
      this.#sql = sql;
      timer = setTimeout(() => void sql?.end({ timeout: 0 }).catch(() => {}), 1000 * TIMEOUT);
      await sql.unsafe(`LISTEN ${COMMIT_CHANNEL}`);
      clearTimeout(timer);
      this.#say(undefined);
      this.#tell();
      await end;
      return true;
    } catch (error) {
      if (!this.#stopped) this.#say(error);
      return false;
    } finally {
      clearTimeout(timer);
      this.#sql = undefined;
      await sql?.end({ timeout: 0 }).catch(() => {});
    }
  }

  /** Says once that nothing can be heard, and once that it can again. */
  #say(failure: unknown): void {
    if (this.#saidFailure === (failure !== undefined)) return;
    this.#saidFailure = failure !== undefined;
    const store = this.#connector.name;
    if (failure === undefined) {
      this.#log?.info({ store }, 'the commits of other processes are heard of again');
      return;
    }
    const reason = String((failure as Error).message || (failure as { code?: unknown }).code);
    this.#log?.warn(
      { store, error: reason },
      'the commits of other processes cannot be heard of; it is tried again, and the store looked at all the time',
    );
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
