import type postgres from 'postgres';
import type { Connector } from './connector.ts';
import { toStoreError } from './failures.ts';
import type { Queries, SqlValue } from './queries.ts';

/** How long is waited for a connection, s. */
const CONNECT_TIMEOUT = 10;
/** How long is waited for an answer before the connections are given up, ms: longer than the server lets a statement run. */
const ANSWER_TIMEOUT = 45_000;

/** What the server is told about each of our connections. The URL may say otherwise. */
const SESSION = {
  application_name: 'warg-server',
  statement_timeout: 30_000,
  lock_timeout: 15_000,
  // A process that hangs in the middle of a transaction keeps others from writing no longer than this.
  idle_in_transaction_session_timeout: 4_000,
  // Every statement finds its rows by an index. Plans that rest on statistics from when a table was small would not.
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

/** How values come: bytes as plain arrays of bytes, and numbers as numbers (ours stay far below 2^53). */
const TYPES = {
  bytea: {
    to: 17,
    from: [17],
    serialize: (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString('hex')}`,
    parse: (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
  },
  bigint: { to: 20, from: [20], serialize: String, parse: Number },
};

export interface PoolOptions {
  /** How many connections there are at most. */
  readonly connections: number;
  /** ms; 0 waits for ever. */
  readonly answerTimeout?: number;
}

/** A set of connections, as the driver has them. */
interface Generation {
  readonly sql: postgres.Sql;
}

/**
 * Connections to the database, made as they are needed and again after they were lost. With more than one, no statement
 * knows which one it gets.
 *
 * Where one is lost the driver starts anew: it would take what it remembers of the lost connection, an error that said so
 * for one, for news of the next one. What still waits on the others has a while to get its answers.
 */
export class Pool implements Queries {
  /** How messages call the database. */
  readonly name: string;
  readonly #connector: Connector;
  readonly #options: Required<PoolOptions>;
  #current: Generation;
  #losses = 0;
  #closed = false;

  /** @throws StoreError `STORE_UNREADABLE` if the URL cannot be used */
  constructor(connector: Connector, options: PoolOptions) {
    this.name = connector.name;
    this.#connector = connector;
    this.#options = { answerTimeout: ANSWER_TIMEOUT, ...options };
    this.#current = this.#connect();
  }

  /** Another number after each loss of a connection: as long as it stays, a pool of one speaks on the same one. */
  get losses(): number {
    return this.#losses;
  }

  async all<Row extends readonly unknown[]>(sql: string, ...values: readonly SqlValue[]): Promise<Row[]> {
    return (await this.#send(sql, values)) as unknown as Row[];
  }

  async get<Row extends readonly unknown[]>(
    sql: string,
    ...values: readonly SqlValue[]
  ): Promise<Row | undefined> {
    return (await this.all<Row>(sql, ...values))[0];
  }

  async run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return (await this.#send(sql, values)).count;
  }

  /** Runs one or more statements without values. @returns for each its rows, and what the server says it did, such as `COMMIT` */
  async exec(sql: string): Promise<readonly { readonly command: string; readonly rows: unknown[] }[]> {
    const results = (await this.#send(sql, [])) as unknown as Results | Results[];
    const each = 'command' in results ? [results] : results;
    return each.map((result) => ({ command: result.command, rows: [...result] }));
  }

  /** Gives up all connections; what waits for an answer fails, and the next statement gets a new one. */
  reset(): void {
    this.#renew(this.#current, 0);
  }

  /** Waits for what runs and closes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current.sql.end({ timeout: 5 });
  }

  async #send(sql: string, values: readonly SqlValue[]): Promise<postgres.RowList<postgres.Row[]>> {
    const { answerTimeout } = this.#options;
    const given = this.#current;
    const giveUp = () => {
      if (this.#current === given) this.reset();
    };
    const timer = answerTimeout === 0 ? undefined : setTimeout(giveUp, answerTimeout);
    try {
      const query = given.sql.unsafe(sql, values.map(toParameter), { prepare: true });
      return (await query.values()) as unknown as postgres.RowList<postgres.Row[]>;
    } catch (error) {
      throw toStoreError(error, this.name);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param patience how long what waits for an answer of the given connections may go on waiting, s */
  #renew(given: Generation, patience: number): void {
    if (this.#closed || this.#current !== given) return;
    this.#losses += 1;
    this.#current = this.#connect();
    void given.sql.end({ timeout: patience }).catch(() => {});
  }

  #connect(): Generation {
    const sql = this.#connector.open({
      max: this.#options.connections,
      connect_timeout: CONNECT_TIMEOUT,
      keep_alive: 15,
      connection: SESSION,
      types: TYPES,
      // Where there was one connection nothing will be answered any more.
      onclose: () => this.#renew(generation, this.#options.connections === 1 ? 0 : CONNECT_TIMEOUT),
    });
    const generation: Generation = { sql };
    return generation;
  }
}

type Results = unknown[] & { readonly command: string };

/** PostgreSQL's texts hold any character but this one. It is in no id, name or reason of ours; foreign ones are compared with those. */
function toParameter(value: SqlValue): SqlValue {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}
