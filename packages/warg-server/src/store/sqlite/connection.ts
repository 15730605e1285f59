import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';

/** How long is waited for another process that writes to the file, ms. */
export const BUSY_TIMEOUT = 10_000;

/**
 * Pages of the write-ahead log from which on a commit brings them into the file: 32 MiB. What a publish changes lies
 * scattered, and a page that many of them change is then brought there once and not by each; SQLite's own 1,000 pages are
 * hardly more than one commit under load. A reader that opens the file after a crash goes through so much of the log first.
 */
const AUTOCHECKPOINT = 8192;

/** What a connection keeps of the file in memory: KiB, as a negative number. The operating system keeps more of it. */
const CACHE = -16_384;

/**
 * One connection to an SQLite file, with its prepared statements. Each text of SQL is prepared once, and the program has a
 * fixed number of them, so the statements kept are bounded.
 *
 * Rows come as arrays of columns, which is what costs least.
 */
export class Connection {
  /** How messages call the store. */
  readonly name: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #identity: string | undefined;

  private constructor(name: string, database: DatabaseSync) {
    this.name = name;
    this.#database = database;
    this.#identity = identityOf(name);
  }

  /**
   * Opens a file for reading and writing, durable at each commit; makes it if it is not there.
   *
   * @throws StoreError `STORE_UNREADABLE`
   */
  static write(file: string): Connection {
    return Connection.#open(file, false, (database) => {
      // WAL with synchronous=FULL: a commit is on disk when it returns, and readers never wait for it.
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = ${CACHE}`);
      database.exec(`PRAGMA wal_autocheckpoint = ${AUTOCHECKPOINT}`);
    });
  }

  /**
   * Opens a file that a writer has made, for reading alone.
   *
   * @throws StoreError `STORE_UNREADABLE`
   */
  static read(file: string): Connection {
    return Connection.#open(file, true, (database) => database.exec(`PRAGMA cache_size = ${CACHE}`));
  }

  /** A store that lives as long as its connection. */
  static memory(): Connection {
    return Connection.#open(':memory:', false, () => {});
  }

  static #open(file: string, readOnly: boolean, prepare: (database: DatabaseSync) => void): Connection {
    const name = file === ':memory:' ? 'the memory store' : file;
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT });
      prepare(database);
      return new Connection(name, database);
    } catch (cause) {
      database?.close();
      throw new StoreError('STORE_UNREADABLE', `cannot open ${name}: ${(cause as Error).message}`, { cause });
    }
  }

  /** The connection itself, for code that brings its own statements. */
  get database(): DatabaseSync {
    return this.#database;
  }

  /**
   * Makes sure that the file under this name is still the one that was opened: what is written to one that was deleted or
   * replaced is lost when the process ends.
   *
   * @throws StoreError `STORE_REPLACED`
   */
  requireInPlace(): void {
    if (identityOf(this.name) === this.#identity) return;
    throw new StoreError(
      'STORE_REPLACED',
      `${this.name} was moved, deleted or replaced while it was open: put it back, or stop the server before you do that`,
    );
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /**
   * Begins a transaction that may write, if nobody else has one on this file.
   *
   * @returns false if somebody else has one; this does not wait, because that would block the thread
   */
  tryBegin(): boolean {
    try {
      this.#database.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  get<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as unknown as Row | undefined;
  }

  all<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as unknown as Row[];
  }

  /** Rows one by one; a caller that stops early leaves nothing open. */
  iterate<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values) as unknown as Iterable<Row>;
  }

  pragma(name: string): number {
    return this.get<[number]>(`PRAGMA ${name}`)![0];
  }

  /**
   * Brings what lies in the write-ahead log into the file itself, as far as nobody is in the middle of reading it. The
   * last connection to close would do so, but that is often one that only reads, which cannot.
   */
  checkpoint(): void {
    try {
      this.#database.exec('PRAGMA busy_timeout = 1000; PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Nothing is lost: the next one who opens the file reads the log.
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** What tells one file from another; undefined if there is none, as for a store in memory. */
function identityOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}/${found.ino}`;
}

/** Whether an error of SQLite says that there is no room left (SQLITE_FULL). */
export function isFull(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 13;
}

/** SQLITE_TOOBIG, SQLITE_MISMATCH, and of the constraints CHECK, NOT NULL, those of triggers and those on types. */
const REFUSED: readonly unknown[] = [18, 20, 275, 1299, 1811, 3091];

/** Whether an error of SQLite says that these values cannot be written, whenever it is tried. */
export function isRefused(error: unknown): boolean {
  return REFUSED.includes((error as { errcode?: number }).errcode);
}

/** Whether an error of SQLite says that another connection has the file locked (SQLITE_BUSY and its variants). */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode % 256 === 5;
}
