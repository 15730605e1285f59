import { StoreError } from '../store/errors.ts';
import { COMMIT_CHANNEL } from '../store/postgres/commit-listener.ts';
import { connectorOf } from '../store/postgres/connector.ts';
import { parseDatabaseUrl } from '../store/postgres/database-url.ts';
import { Pool } from '../store/postgres/pool.ts';
import type { Queries, SqlValue } from '../store/postgres/queries.ts';
import { beginMigration, readVersion, requireSchema, takeSteps } from '../store/postgres/schema.ts';
import { MOVED_TABLES } from './tables.ts';

/** How long the database waits for the next statement, ms: a disk may be slow to read. */
const IDLE_TIMEOUT = 60_000;

/** The audit log's word for a move. */
export const MIGRATE_ACTION = 'registry.migrate';

/**
 * The database that a registry is moved to, in one transaction from `begin` to `commit`: nobody sees any of it before, and all of
 * it, the schema of an empty database included, is gone again if the connection ends.
 */
export class MigrationTarget implements Queries {
  /** How messages call it; without any password. */
  readonly name: string;
  readonly #pool: Pool;
  /** The losses of the pool when the transaction began that runs. */
  #since: number | undefined;

  /** @throws StoreError `STORE_UNREADABLE` if the URL cannot be used */
  constructor(text: string) {
    const url = parseDatabaseUrl(text);
    if (url === undefined) {
      throw new StoreError(
        'STORE_UNREADABLE',
        'expected a database URL such as postgres://user:password@host:5432/database',
      );
    }
    this.name = url.name;
    this.#pool = new Pool(connectorOf(url), { connections: 1, answerTimeout: 0 });
  }

  /**
   * Begins. Waits for whoever changes the schema or writes, and lets nobody else do so until this ends.
   *
   * @param options.makeSchema whether an empty database gets the tables
   * @returns false if the database is empty, and is left so
   * @throws StoreError `STORE_UNREADABLE` | `STORE_TOO_NEW` | `STORE_OUTDATED` | `STORE_UNAVAILABLE`
   */
  async begin({ makeSchema }: { readonly makeSchema: boolean }): Promise<boolean> {
    // The connection is made here: what is lost before it was there is no loss.
    await this.#guarded(() => this.#pool.exec('SELECT 1'));
    this.#since = this.#pool.losses;
    return this.#guarded(async () => {
      await beginMigration(this.#pool);
      await this.run(`SET LOCAL idle_in_transaction_session_timeout = ${IDLE_TIMEOUT}`);
      let version = await readVersion(this.#pool);
      if (version === 0 && !makeSchema) return false;
      if (version === 0) {
        await takeSteps(this.#pool, version);
        version = await readVersion(this.#pool);
      }
      requireSchema(version, this.name);
      // Every transaction of a store begins so: from here on they wait.
      const changed = await this.run('UPDATE warg_store SET revision = revision + 1 WHERE id = 1');
      if (changed === 1) return true;
      throw new StoreError('STORE_CORRUPT', `the table warg_store of ${this.name} has lost its row`);
    });
  }

  /** @returns the first table that has a row; undefined if none has one */
  async firstFilled(): Promise<string | undefined> {
    for (const { name } of MOVED_TABLES) {
      const [row] = await this.all(`SELECT 1 FROM ${name} LIMIT 1`);
      if (row !== undefined) return name;
    }
    return undefined;
  }

  /** Whether the registry came here with this move. */
  async hasMove(id: string): Promise<boolean> {
    const rows = await this.all<[string]>('SELECT details FROM audit WHERE action = $1', MIGRATE_ACTION);
    return rows.some(([details]) => (JSON.parse(details) as { move?: unknown }).move === id);
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

  /** Commits. If it fails, nobody knows whether it happened: {@link begin} and {@link hasMove} find out. */
  async commit(): Promise<void> {
    const results = await this.#inside(() => this.#pool.exec(`NOTIFY ${COMMIT_CHANNEL}, 'migrate'; COMMIT`));
    this.#since = undefined;
    const command = results.at(-1)?.command;
    if (command !== 'COMMIT')
      throw new Error(`expected the database to commit, found that it did ${command}`);
  }

  /** Takes back what was done since {@link begin}. */
  async rollBack(): Promise<void> {
    const isLost = this.#since === undefined || this.#pool.losses !== this.#since;
    this.#since = undefined;
    if (isLost) return;
    await this.#pool.exec('ROLLBACK').catch(() => this.#pool.reset());
  }

  /** Gives up the connection, whatever is under way on it: the database takes everything back. */
  abandon(): void {
    this.#pool.reset();
  }

  async close(): Promise<void> {
    await this.rollBack();
    await this.#pool.close();
  }

  async #inside<T>(send: () => Promise<T>): Promise<T> {
    if (this.#since === undefined) throw new Error('this belongs to a transaction, and none runs');
    if (this.#pool.losses !== this.#since) {
      throw new StoreError('STORE_UNAVAILABLE', `the connection to ${this.name} was lost`);
    }
    return this.#guarded(send);
  }

  /** Whatever the database complains about is an error of ours, without a stack of the driver's. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      throw new StoreError('STORE_UNREADABLE', `cannot use ${this.name}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}
