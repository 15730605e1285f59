import { WargError } from '@warg/crypto';

/** What can be wrong with a registry's store, as opposed to with what is asked of it. */
export type StoreErrorCode =
  | 'STORE_LOCKED'
  /** There is none where one was expected. */
  | 'STORE_MISSING'
  /** There is nothing in it yet, and this process may not begin it. */
  | 'STORE_EMPTY'
  | 'STORE_TOO_NEW'
  /** Its schema is older than this program's, and nobody said that it may be changed. */
  | 'STORE_OUTDATED'
  | 'STORE_UNREADABLE'
  | 'STORE_CORRUPT'
  /** It no longer has what was signed last. */
  | 'STORE_ROLLED_BACK'
  /** It takes nothing until it has got back what was signed last. */
  | 'STORE_READ_ONLY'
  | 'STORE_FULL'
  /** It cannot hold what it was given to write, whenever it is asked; other things it can. */
  | 'STORE_DATA_REFUSED'
  /** The registry is in another store now. */
  | 'STORE_MOVED'
  /** Another file lies where it was opened, or none. */
  | 'STORE_REPLACED'
  | 'STORE_CLOSED'
  /** The database does not answer now. What was being committed may have been or not: ask again. */
  | 'STORE_UNAVAILABLE'
  | 'STORE_WRITER_FAILED';

/** A store that cannot be opened, read or written. */
export class StoreError extends WargError {
  declare readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Whether the store cannot hold what it was given to write, whenever it is asked. */
export function isRefusedData(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'STORE_DATA_REFUSED';
}
