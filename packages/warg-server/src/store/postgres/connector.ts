import postgres from 'postgres';
import { StoreError } from '../errors.ts';
import type { DatabaseUrl } from './database-url.ts';
import { splitTls } from './tls.ts';

/** What a set of connections is like, in the driver's words. The URL may say otherwise about `connection`. */
export interface ConnectionOptions {
  /** How many there are at most. */
  readonly max: number;
  /** s */
  readonly connect_timeout: number;
  /** s */
  readonly keep_alive: number;
  /** What the server is told about the session. */
  readonly connection: Readonly<Record<string, string | number>>;
  readonly types?: unknown;
  readonly onnotify?: (channel: string, payload: string) => void;
  readonly onclose: () => void;
}

/**
 * The one place in which connections to a database are made: what the URL says of TLS holds for each of them.
 */
export interface Connector {
  /** How messages call the database. */
  readonly name: string;
  /**
   * Prepares connections; each is made when it is needed first.
   *
   * @throws StoreError `STORE_UNREADABLE` if the URL cannot be used
   */
  open(options: ConnectionOptions): postgres.Sql;
}

/**
 * Reads the URL, and the file of certificate authorities that it may name: once, since what a later connection is made with must
 * not depend on a file that may be gone by then.
 *
 * @throws StoreError `STORE_UNREADABLE` if the URL cannot be used
 */
export function connectorOf({ secret, name }: DatabaseUrl): Connector {
  const { url, tls } = splitTls(secret);
  return {
    name,
    open(options) {
      const all = {
        ...options,
        ssl: tls,
        // A connection may be in the middle of a transaction, or listen, which the driver does not know: it ends none by itself.
        idle_timeout: 0,
        max_lifetime: 0,
        backoff: 0,
        fetch_types: false,
        onnotice: () => {},
      } as unknown as postgres.Options<Record<string, never>>;
      try {
        return postgres(url, all) as unknown as postgres.Sql;
      } catch {
        // What the driver says about it repeats the URL, and with it the password.
        throw new StoreError(
          'STORE_UNREADABLE',
          'the database URL cannot be used: expected postgres://user:password@host:port/database, where special characters ' +
            'of user and password are written as %XX',
        );
      }
    },
  };
}
