import { StoreError } from '../errors.ts';
import { COMMIT_CHANNEL } from './commit-listener.ts';
import type { Pool } from './pool.ts';
import type { Queries, SqlValue } from './queries.ts';
import { requireSchema } from './schema.ts';

/**
 * Transactions on one connection, one after the other, and the questions and writes that belong to the one that runs.
 *
 * The driver would go on with a new connection when it has lost the old one, outside of any transaction: so each
 * statement is sent only if no connection was lost since the transaction began.
 */
export class Transactions implements Queries {
  readonly #pool: Pool;
  readonly #sender: string;
  /** The losses of the pool when the transaction began that runs. */
  #since: number | undefined;

  /**
   * @param pool of one connection, that nothing else uses
   * @param sender what others are told at each commit: a word without quotes
   */
  constructor(pool: Pool, sender: string) {
    this.#pool = pool;
    this.#sender = sender;
  }

  all<Row extends readonly unknown[]>(sql: string, ...values: readonly SqlValue[]): Promise<Row[]> {
    return this.#inside(() => this.#pool.all<Row>(sql, ...values));
  }
  get<Row extends readonly unknown[]>(sql: string, ...values: readonly SqlValue[]): Promise<Row | undefined> {
    return this.#inside(() => this.#pool.get<Row>(sql, ...values));
  }
  run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return this.#inside(() => this.#pool.run(sql, ...values));
  }

  /**
   * Runs `work` and commits. If it throws, everything is rolled back.
   *
   * @throws StoreError `STORE_UNAVAILABLE`, and then it is unknown whether the commit happened | `STORE_TOO_NEW` | `STORE_OUTDATED`
   */
  async transact<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin();
    try {
      const result = await work();
      const results = await this.#inside(() =>
        this.#pool.exec(`NOTIFY ${COMMIT_CHANNEL}, '${this.#sender}'; COMMIT`),
      );
      // The server's way to say that a statement had failed and somebody went on all the same.
      const committed = results.at(-1);
      if (committed?.command !== 'COMMIT') throw new Error(`a commit ended in ${committed?.command}`);
      return result;
    } catch (error) {
      await this.#rollback(error);
      throw error;
    } finally {
      this.#since = undefined;
    }
  }

  /** Waits for transactions of other processes, and leaves them no way in until this one ends. */
  async #begin(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.#since = this.#pool.losses;
      try {
        const [, updated] = await this.#pool.exec(
          `BEGIN ISOLATION LEVEL READ COMMITTED;
           UPDATE warg_store SET revision = revision + 1 WHERE id = 1 RETURNING schema_version`,
        );
        const row = updated?.rows[0] as [number] | undefined;
        if (row === undefined) {
          throw new StoreError(
            'STORE_CORRUPT',
            `the table warg_store of ${this.#pool.name} has lost its row`,
          );
        }
        // Another process may have brought the database to a newer schema since this one looked.
        requireSchema(row[0], this.#pool.name);
        return;
      } catch (error) {
        await this.#rollback(error);
        const wasLost = this.#pool.losses !== this.#since;
        this.#since = undefined;
        // The connection was one that had ended, unnoticed, before anything was done on it.
        if (wasLost && attempt === 1) continue;
        throw error;
      }
    }
  }

  async #rollback(reason: unknown): Promise<void> {
    if (this.#pool.losses !== this.#since) return;
    // The end of the connection may be on its way: what is sent on it now may never be answered.
    if (reason instanceof StoreError && reason.code === 'STORE_UNAVAILABLE') {
      this.#pool.reset();
      return;
    }
    try {
      await this.#pool.exec('ROLLBACK');
    } catch {
      // Nobody knows in what state this connection is.
      this.#pool.reset();
    }
  }

  async #inside<T>(send: () => Promise<T>): Promise<T> {
    if (this.#since === undefined) throw new Error('this belongs to a transaction, and none runs');
    if (this.#pool.losses !== this.#since) {
      throw new StoreError(
        'STORE_UNAVAILABLE',
        `the connection to ${this.#pool.name} was lost in the middle of a transaction`,
      );
    }
    return send();
  }
}
