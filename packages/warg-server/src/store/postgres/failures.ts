import { StoreError } from '../errors.ts';

/**
 * What says that the database is away or has no time, as opposed to that something is wrong: connections that fail (class 08),
 * too many of them, a server that stops or starts, time limits.
 */
const UNAVAILABLE =
  /^(08...|53300|57P0[1-5]|57014|55P03|25P0[34]|CONNECT_TIMEOUT|CONNECTION_(CLOSED|DESTROYED)|E[A-Z_]+)$/;

/**
 * What says that these values cannot be written, now or later: values out of bounds or not to be read (class 22), too large for
 * a row or an index (class 54), forbidden by a constraint. A key that is there twice is none of it: that says something of the
 * rows that are there.
 */
const REFUSED = /^(22...|54...|23502|23514)$/;

/** Turns what the driver throws into an error of ours where the caller can do something about it: try again later. */
export function toStoreError(error: unknown, name: string): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code !== 'string') return error;
  if (code === 'CONNECTION_ENDED') {
    return new StoreError('STORE_CLOSED', `${name} has been closed`, { cause: error });
  }
  if (code === '53100') {
    return new StoreError('STORE_FULL', `the disk of ${name} is full`, { cause: error });
  }
  if (REFUSED.test(code)) {
    return new StoreError('STORE_DATA_REFUSED', `${name} does not take what it was given: ${message}`, {
      cause: error,
    });
  }
  if (!UNAVAILABLE.test(code)) return error;
  return new StoreError('STORE_UNAVAILABLE', `cannot reach ${name}: ${message || code}`, { cause: error });
}
