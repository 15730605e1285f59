import { StoreError } from '../store/errors.ts';
import { Connection, isFull } from '../store/sqlite/connection.ts';
import { lockStore } from '../store/sqlite/lock.ts';
import { type MoveMark, readMoveMark, writeMoveMark } from '../store/sqlite/moved.ts';
import { migrate } from '../store/sqlite/schema.ts';
import { SqliteSession } from '../store/sqlite/session.ts';
import { prepared, requireThere } from '../store/sqlite/sqlite-store.ts';

/** The file of a registry that is moved. Nobody else has it open for writing meanwhile. */
export interface MigrationSource {
  readonly connection: Connection;
  /** Questions about what is in it. */
  readonly session: SqliteSession;
  /** Where the registry is, if it is not here; undefined if it is. */
  mark(): MoveMark | undefined;
  /** Puts a mark on the file, or takes it away, and commits. On disk when this returns. */
  setMark(mark: MoveMark | undefined): void;
  close(): void;
}

/**
 * Opens the file for as long as the move takes: no server can have it open, and what commands of administration write waits,
 * and fails when it has waited for too long.
 *
 * @throws StoreError `STORE_MISSING` | `STORE_LOCKED` | `STORE_TOO_NEW` | `STORE_UNREADABLE`
 */
export function openMigrationSource(file: string): MigrationSource {
  requireThere(file);
  const lock = lockStore(file);
  try {
    const connection = prepared(Connection.write(file), (opened) => {
      migrate(opened);
      opened.exec('BEGIN IMMEDIATE');
    });
    return {
      connection,
      session: new SqliteSession(connection),
      mark: () => readMoveMark(connection),
      setMark(mark) {
        try {
          writeMoveMark(connection, mark);
          connection.requireInPlace();
          connection.exec('COMMIT; BEGIN IMMEDIATE');
        } catch (cause) {
          if (!isFull(cause)) throw cause;
          throw new StoreError('STORE_FULL', `there is no room left for ${file}`, { cause });
        }
      },
      close() {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        connection.checkpoint();
        connection.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
