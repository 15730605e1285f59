import { statSync } from 'node:fs';
import { StoreError } from '../errors.ts';
import type { RegistryStore, StoreReads, StoreTransaction } from '../registry-store.ts';
import { Turns } from '../turns.ts';
import { BUSY_TIMEOUT, Connection, isFull, isRefused } from './connection.ts';
import { type FileLock, lockStore } from './lock.ts';
import { requireNotMoved } from './moved.ts';
import { checkSchema, migrate } from './schema.ts';
import { SqliteSession } from './session.ts';

/**
 * Opens a store file for writing; makes it, or brings it to this program's schema, if need be. The file is locked
 * until the store is closed or the process ends.
 *
 * @param options.lock false leaves the lock out, for a program that knows what it shares
 * @throws StoreError `STORE_LOCKED` | `STORE_TOO_NEW` | `STORE_MOVED` | `STORE_UNREADABLE`
 */
export function openSqliteStore(file: string, options: { readonly lock?: boolean } = {}): RegistryStore {
  const lock = options.lock === false ? undefined : lockStore(file);
  const prepare = (connection: Connection) => {
    migrate(connection);
    requireNotMoved(connection);
  };
  try {
    return new SqliteStore(prepared(Connection.write(file), prepare), lock);
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/**
 * Opens a store file that a writer has open, for questions alone.
 *
 * @throws StoreError `STORE_TOO_NEW` | `STORE_OUTDATED` | `STORE_UNREADABLE`
 */
export function openSqliteReader(file: string): RegistryStore {
  const check = (connection: Connection) => checkSchema(connection, { allowOlder: false });
  return new SqliteReader(prepared(Connection.read(file), check));
}

/**
 * Opens a store file for writing, beside the server that may have it open. It is taken as it is: neither made, nor brought
 * to another schema, nor locked.
 *
 * @throws StoreError `STORE_MISSING` | `STORE_OUTDATED` | `STORE_TOO_NEW` | `STORE_MOVED` | `STORE_UNREADABLE`
 */
export function openSharedSqliteStore(file: string): RegistryStore {
  requireThere(file);
  const check = (connection: Connection) => {
    checkSchema(connection, { allowOlder: false });
    requireNotMoved(connection);
  };
  return new SqliteStore(prepared(Connection.write(file), check), undefined, { isShared: true });
}

/** @throws StoreError `STORE_MISSING` */
export function requireThere(file: string): void {
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) return;
  throw new StoreError('STORE_MISSING', `there is no registry in ${file}: a server makes one when it starts`);
}

/** A store that is gone when it is closed. */
export function openMemoryStore(): RegistryStore {
  return new SqliteStore(prepared(Connection.memory(), migrate));
}

/** Makes a connection ready, or closes it. */
export function prepared(connection: Connection, prepare: (connection: Connection) => void): Connection {
  try {
    prepare(connection);
    return connection;
  } catch (cause) {
    connection.close();
    if (cause instanceof StoreError) throw cause;
    if (isFull(cause))
      throw new StoreError('STORE_FULL', `there is no room left for ${connection.name}`, { cause });
    throw new StoreError('STORE_UNREADABLE', `cannot use ${connection.name}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * A store on one connection. Everything takes its turn, questions too, because a question between the steps of a
 * transaction would see what is not committed.
 */
class SqliteStore implements RegistryStore {
  readonly #connection: Connection;
  readonly #session: SqliteSession;
  readonly #lock: FileLock | undefined;
  readonly #isShared: boolean;
  readonly #turns = new Turns();
  #commits = 0;
  #closed = false;

  constructor(connection: Connection, lock?: FileLock, { isShared = false } = {}) {
    this.#connection = connection;
    this.#isShared = isShared;
    this.#session = new SqliteSession(connection);
    this.#lock = lock;
  }

  read<T>(work: (reads: StoreReads) => Promise<T>): Promise<T> {
    return this.#inTurn(() => work(this.#session));
  }

  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#begin();
      try {
        this.#connection.requireInPlace();
        // Whoever shares the file may have waited until the registry was moved away.
        if (this.#isShared) requireNotMoved(this.#connection);
        const result = await work(this.#session);
        this.#connection.exec('COMMIT');
        return result;
      } catch (cause) {
        const { name } = this.#connection;
        if (isFull(cause)) throw new StoreError('STORE_FULL', `there is no room left for ${name}`, { cause });
        if (!isRefused(cause)) throw cause;
        const { message } = cause as Error;
        throw new StoreError('STORE_DATA_REFUSED', `${name} does not take what it was given: ${message}`, {
          cause,
        });
      } finally {
        this.#commits += 1;
        if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      }
    });
  }

  async revision(): Promise<number> {
    if (this.#closed) throw closed(this.#connection);
    // data_version counts the commits of other connections, #commits our own.
    return this.#commits + this.#connection.pragma('data_version');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turns.take(async () => {});
    // Whoever copies the file of a registry that was stopped has all of it.
    if (!this.#isShared) this.#connection.checkpoint();
    this.#connection.close();
    this.#lock?.release();
  }

  /** Waits for another process that writes now, so that nothing is found out about in the middle. */
  async #begin(): Promise<void> {
    const giveUp = performance.now() + BUSY_TIMEOUT;
    while (!this.#connection.tryBegin()) {
      if (performance.now() > giveUp) {
        throw new StoreError(
          'STORE_LOCKED',
          `another process has been writing to ${this.#connection.name} for too long`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 9));
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed(this.#connection));
    return this.#turns.take(work);
  }
}

/** Questions on a connection of their own: SQLite shows it committed data only, so nobody waits. */
class SqliteReader implements RegistryStore {
  readonly #connection: Connection;
  readonly #session: SqliteSession;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#session = new SqliteSession(connection);
  }

  async read<T>(work: (reads: StoreReads) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed(this.#connection);
    return work(this.#session);
  }

  transaction(): Promise<never> {
    return Promise.reject(
      new StoreError('STORE_UNREADABLE', `${this.#connection.name} is open for reading only`),
    );
  }

  async revision(): Promise<number> {
    if (this.#closed) throw closed(this.#connection);
    return this.#connection.pragma('data_version');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }
}

function closed(connection: Connection): StoreError {
  return new StoreError('STORE_CLOSED', `${connection.name} has been closed`);
}
