import { WargError } from '@warg/crypto';

/** Why a registry is not moved to another database, or not taken back. */
export type MigrateErrorCode =
  /** There is no registry in the file yet. */
  | 'MIGRATE_NOTHING_THERE'
  /** The database has something in it. */
  | 'MIGRATE_TARGET_NOT_EMPTY'
  /** The registry was moved to another database, or that one has lost it. */
  | 'MIGRATE_MOVED_ELSEWHERE'
  /** What arrived is not what was sent. */
  | 'MIGRATE_MISMATCH'
  /** The database did not say whether it has the registry now. */
  | 'MIGRATE_UNCERTAIN'
  /** The registry was not moved away. */
  | 'MIGRATE_NOT_MOVED'
  /** A server works on the database. */
  | 'MIGRATE_TARGET_IN_USE';

/** A move that was refused or broken off. */
export class MigrateError extends WargError {
  declare readonly code: MigrateErrorCode;
  override readonly name = 'MigrateError';

  constructor(code: MigrateErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
