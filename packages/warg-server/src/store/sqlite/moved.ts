import { StoreError } from '../errors.ts';
import type { Connection } from './connection.ts';

/** Where a registry was moved to from an SQLite file. */
export interface MoveMark {
  /** Unique. The other store has it, too, in its audit log. */
  readonly id: string;
  /** How messages call the other store; without any password. */
  readonly target: string;
  /** ms since the epoch */
  readonly beganAt: number;
  /** False while it is not known whether the other store has the registry. */
  readonly isDone: boolean;
}

/** The mark in a store file; undefined if the registry is in it. */
export function readMoveMark(db: Connection): MoveMark | undefined {
  const row = db.get<[string, string, number, number]>('SELECT move, target, began_at, is_done FROM moved');
  if (row === undefined) return undefined;
  const [id, target, beganAt, isDone] = row;
  return { id, target, beganAt, isDone: isDone === 1 };
}

/** Marks a store file, or takes the mark away. */
export function writeMoveMark(db: Connection, mark: MoveMark | undefined): void {
  if (mark === undefined) {
    db.run('DELETE FROM moved');
    return;
  }
  db.run(
    'INSERT OR REPLACE INTO moved (id, move, target, began_at, is_done) VALUES (1, ?, ?, ?, ?)',
    mark.id,
    mark.target,
    mark.beganAt,
    mark.isDone ? 1 : 0,
  );
}

/**
 * Refuses a file whose registry is elsewhere: two stores of one log would sign what contradicts each other.
 *
 * @throws StoreError `STORE_MOVED`
 */
export function requireNotMoved(db: Connection): void {
  const mark = readMoveMark(db);
  if (mark !== undefined) throw moved(db.name, mark);
}

/** Says where the registry went, and how to get it back. */
export function moved(file: string, { target, beganAt, isDone }: MoveMark): StoreError {
  const time = new Date(beganAt).toISOString();
  return new StoreError(
    'STORE_MOVED',
    isDone
      ? `the registry of ${file} was moved to ${target} (${time}) and goes on there: use that with --data-store postgres. ` +
          'To go on with the file all the same, `warg-server migrate --undo` takes the mark away'
      : `the registry of ${file} was being moved to ${target} (${time}), and the move was broken off in the moment in which ` +
          'it was completed: run `warg-server migrate` again with that database, which finds out; or go on with the file, ' +
          'once `warg-server migrate --undo` has taken the mark away',
  );
}
