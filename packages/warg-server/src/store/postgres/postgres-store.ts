import { randomUUID } from 'node:crypto';
import { StoreError } from '../errors.ts';
import type { Leases, RegistryStore, StoreReads, StoreTransaction } from '../registry-store.ts';
import { SharedLook } from '../shared-look.ts';
import { Turns } from '../turns.ts';
import { CommitListener, type StoreLog } from './commit-listener.ts';
import { type Connector, connectorOf } from './connector.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { postgresLeases } from './leases.ts';
import { Pool } from './pool.ts';
import { checkSchema, migrate } from './schema.ts';
import { PostgresSession } from './session.ts';
import { Transactions } from './transaction.ts';

/** How many connections answer questions; one more writes, one renews the lease, and one listens. */
const READERS = 10;
/** How long is waited for an answer about the lease, ms: less than it lasts. */
const CONTROL_TIMEOUT = 2_000;

export interface PostgresStoreOptions {
  /** Whether an empty or older database is brought to this program's schema. */
  readonly runMigrations?: boolean;
  readonly log?: StoreLog | undefined;
}

/**
 * Opens a store in a PostgreSQL database. Any number of processes may have the same one open.
 *
 * @param text such as `postgres://user:password@host:5432/database?sslmode=verify-full`
 * @throws StoreError `STORE_UNREADABLE` | `STORE_TOO_NEW` | `STORE_OUTDATED` | `STORE_UNAVAILABLE`; none of them has the password in it
 */
export async function openPostgresStore(
  text: string,
  { runMigrations = false, log }: PostgresStoreOptions = {},
): Promise<RegistryStore> {
  const url = parseDatabaseUrl(text);
  if (url === undefined) {
    throw new StoreError(
      'STORE_UNREADABLE',
      'expected a database URL such as postgres://user:password@host:5432/database',
    );
  }
  const connector = connectorOf(url);
  await prepare(connector, runMigrations);
  return new PostgresStore(connector, log);
}

async function prepare(connector: Connector, runMigrations: boolean): Promise<void> {
  const pool = new Pool(connector, { connections: 1, ...(runMigrations ? { answerTimeout: 0 } : {}) });
  try {
    if (runMigrations) await migrate(pool);
    await checkSchema(pool);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('STORE_UNREADABLE', `cannot use ${connector.name}: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await pool.close();
  }
}

class PostgresStore implements RegistryStore {
  readonly #readers: Pool;
  readonly #reads: StoreReads;
  readonly #writer: Pool;
  readonly #transactions: Transactions;
  readonly #session: StoreTransaction;
  readonly #control: Pool;
  readonly #listener: CommitListener;
  readonly leases: Leases;
  /** Each request that reads wants to know it. */
  readonly #revision = new SharedLook(() => this.#readRevision());
  /** What has not ended yet. */
  readonly #running = new Set<Promise<unknown>>();
  readonly #turns = new Turns();
  #closing: Promise<void> | undefined;

  constructor(connector: Connector, log: StoreLog | undefined) {
    this.#readers = new Pool(connector, { connections: READERS });
    this.#reads = new PostgresSession(this.#readers);
    this.#writer = new Pool(connector, { connections: 1 });
    const sender = randomUUID();
    this.#transactions = new Transactions(this.#writer, sender);
    this.#listener = new CommitListener(connector, sender, log);
    this.#control = new Pool(connector, { connections: 1, answerTimeout: CONTROL_TIMEOUT });
    this.leases = postgresLeases(this.#control);
    this.#session = new PostgresSession(this.#transactions);
  }

  read<T>(work: (reads: StoreReads) => Promise<T>): Promise<T> {
    return this.#run(() => work(this.#reads));
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#run(() => this.#turns.take(() => this.#transactions.transact(() => work(this.#session))));
  }

  revision(): Promise<number> {
    return this.#run(() => this.#revision.look());
  }

  onCommit(listener: () => void): () => void {
    return this.#listener.add(listener);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(async () => {
      await Promise.all([
        this.#readers.close(),
        this.#writer.close(),
        this.#control.close(),
        this.#listener.close(),
      ]);
    });
    return this.#closing;
  }

  async #readRevision(): Promise<number> {
    const row = await this.#readers.get<[number]>('SELECT revision FROM warg_store WHERE id = 1');
    if (row !== undefined) return row[0];
    throw new StoreError('STORE_CORRUPT', `the table warg_store of ${this.#readers.name} has lost its row`);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new StoreError('STORE_CLOSED', `${this.#readers.name} has been closed`);
    }
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
