import { randomUUID } from 'node:crypto';
import type { HeadMemory } from '../sequencer/head-file.ts';
import { hadRoot, markOf, requireMarks } from '../sequencer/high-water.ts';
import { PostgresSession } from '../store/postgres/session.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { sameCheckpoint } from '../store/same-checkpoint.ts';
import { type MoveMark, moved } from '../store/sqlite/moved.ts';
import { copyTables, countRows, type RowCounts } from './copy-tables.ts';
import { MigrateError } from './errors.ts';
import { type MigrationSource, openMigrationSource } from './source.ts';
import { MIGRATE_ACTION, MigrationTarget } from './target.ts';

export interface MigrateOptions {
  /** The SQLite file. No server may have it open. */
  readonly file: string;
  /** The URL of a PostgreSQL database that is empty, or has the tables of a registry and nothing in them. */
  readonly url: string;
  /** Where is noted what was signed last: beside the file, and for those who go on with the database. */
  readonly memories: { readonly file: HeadMemory; readonly database: HeadMemory };
  /** Who does it, for the audit log. */
  readonly actor: string;
  /** ms since the epoch */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: MigrateProgress) => void) | undefined;
}

/** In rows. */
export interface MigrateProgress {
  readonly done: number;
  readonly total: number;
}

export interface MigrateResult {
  /** How messages call the database; without any password. */
  readonly target: string;
  /** The newest checkpoint of both. */
  readonly checkpoint: StoredCheckpoint;
  /** How many rows of each table were moved; undefined if an earlier run had moved them. */
  readonly rows: RowCounts | undefined;
}

/**
 * Moves a registry from an SQLite file into a PostgreSQL database: every row of every table, in one transaction of that
 * database. Contents stay where they are. Afterwards the file is marked, and no server opens it any more.
 *
 * In whichever moment it is broken off, the registry is in one of the two and in no server's reach in the other: before the database
 * commits the file gets a mark that shuts servers out, and the next run finds out by the id in it whether the commit happened.
 *
 * @throws MigrateError | StoreError; the signal's reason, and then nothing has changed
 */
export async function migrateRegistry(options: MigrateOptions): Promise<MigrateResult> {
  const { file, url, signal } = options;
  signal?.throwIfAborted();
  const target = new MigrationTarget(url);
  try {
    const source = openMigrationSource(file);
    try {
      return await migrate(source, target, options);
    } finally {
      source.close();
    }
  } finally {
    await target.close();
  }
}

async function migrate(
  source: MigrationSource,
  target: MigrationTarget,
  options: MigrateOptions,
): Promise<MigrateResult> {
  const checkpoint = await source.session.latestCheckpoint();
  if (checkpoint === undefined) {
    throw new MigrateError(
      'MIGRATE_NOTHING_THERE',
      `expected a registry in ${options.file}, found none that anything was signed of: begin one in the database instead`,
    );
  }
  // Before the database waits for us: a large file takes its time.
  const expected = countRows(source.connection);
  const { signal } = options;
  const abandon = () => target.abandon();
  signal?.addEventListener('abort', abandon);
  try {
    await target.begin({ makeSchema: true });
    const before = source.mark();
    if (before !== undefined && (await isThere(source, target, before))) {
      await target.rollBack();
      complete(source, before, checkpoint, options);
      return { target: target.name, checkpoint, rows: undefined };
    }
    const mark = { id: randomUUID(), target: target.name, beganAt: options.now, isDone: false };
    const rows = await copy(source, target, mark, expected, options);
    signal?.throwIfAborted();
    signal?.removeEventListener('abort', abandon);
    await commit(source, target, mark, checkpoint, options);
    return { target: target.name, checkpoint, rows };
  } catch (error) {
    // What the database says when the connection is given up is not the reason.
    if (!(error instanceof MigrateError)) signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abandon);
  }
}

/**
 * Finds out what became of a move that was begun before.
 *
 * @returns false if it did not happen, so that it can be begun anew
 * @throws StoreError `STORE_MOVED` | MigrateError `MIGRATE_MOVED_ELSEWHERE`
 */
async function isThere(
  { connection }: MigrationSource,
  target: MigrationTarget,
  mark: MoveMark,
): Promise<boolean> {
  if (await target.hasMove(mark.id)) return true;
  if (mark.isDone) throw moved(connection.name, mark);
  if (mark.target === target.name) return false;
  throw new MigrateError(
    'MIGRATE_MOVED_ELSEWHERE',
    `a move of ${connection.name} to ${mark.target} was broken off in the moment in which it was completed, and that database may ` +
      `have the registry; found ${target.name}. Run it again with that database, or, if it is certain that no server will ever be ` +
      'started on it, with --undo first',
  );
}

async function copy(
  source: MigrationSource,
  target: MigrationTarget,
  { id }: MoveMark,
  expected: RowCounts,
  { file, memories, actor, now, signal, onProgress }: MigrateOptions,
): Promise<RowCounts> {
  // A store that lacks what was signed is to be brought back first: with the database nobody might know.
  await requireMarks({ read: (work) => work(source.session) }, [
    markOf(memories.file),
    markOf(memories.database),
  ]);
  const filled = await target.firstFilled();
  if (filled !== undefined) {
    throw new MigrateError(
      'MIGRATE_TARGET_NOT_EMPTY',
      `expected ${target.name} to be empty, found rows in its table ${filled}: name an empty database. Nothing was changed`,
    );
  }
  const total = Object.values(expected).reduce((sum, count) => sum + count, 0);
  let done = 0;
  const found = await copyTables(source.connection, target, (rows) => {
    signal?.throwIfAborted();
    done += rows;
    onProgress?.({ done, total });
  });
  await requireSame(source, target, expected, found);
  const session = new PostgresSession(target);
  const details = { move: id, from: file, rows: total };
  await session.appendAudit({ actor, action: MIGRATE_ACTION, details, time: now });
  return found;
}

/** What was sent has arrived: so many rows, the same newest checkpoint and note, and hashes that lead to it. */
async function requireSame(
  source: MigrationSource,
  target: MigrationTarget,
  expected: RowCounts,
  found: RowCounts,
): Promise<void> {
  const there = new PostgresSession(target);
  const here = source.session;
  for (const [table, count] of Object.entries(expected)) {
    if (found[table] === count) continue;
    throw mismatch(`${count} rows in the table ${table}, found ${found[table]}`);
  }
  const checkpoint = (await here.latestCheckpoint())!;
  if (!sameCheckpoint(checkpoint, await there.latestCheckpoint()))
    throw mismatch('the same newest checkpoint');
  const [note, theirs] = [await here.logNote(), await there.logNote()];
  if (note?.text !== theirs?.text) throw mismatch('the same note of the log');
  if ((await hadRoot(there.logStore, checkpoint)) === true) return;
  throw mismatch(
    `the tiles of the log to lead to ${checkpoint.logRoot}: \`warg-server fsck\` says what is wrong with the file`,
  );
}

function mismatch(expected: string): MigrateError {
  return new MigrateError('MIGRATE_MISMATCH', `expected ${expected} in the database. Nothing was changed`);
}

async function commit(
  source: MigrationSource,
  target: MigrationTarget,
  mark: MoveMark,
  checkpoint: StoredCheckpoint,
  options: MigrateOptions,
): Promise<void> {
  noteHead(options, checkpoint);
  // From here on no server opens the file, whatever happens.
  source.setMark(mark);
  try {
    await target.commit();
  } catch (cause) {
    await settle(source, target, mark, cause);
  }
  complete(source, mark, checkpoint, options);
}

/**
 * Asks the database again after a commit with an unknown outcome. Returns if it happened; if not, the file is what it was.
 *
 * @throws the cause | MigrateError `MIGRATE_UNCERTAIN`
 */
async function settle(
  source: MigrationSource,
  target: MigrationTarget,
  mark: MoveMark,
  cause: unknown,
): Promise<void> {
  let isThere: boolean;
  try {
    target.abandon();
    isThere = (await target.begin({ makeSchema: false })) && (await target.hasMove(mark.id));
    await target.rollBack();
  } catch {
    throw new MigrateError(
      'MIGRATE_UNCERTAIN',
      `${target.name} did not say whether it has the registry now, and cannot be asked: ${(cause as Error).message}. No server ` +
        'opens the file until that is known: run `warg-server migrate` again when the database is back',
      { cause },
    );
  }
  if (isThere) return;
  source.setMark(undefined);
  throw cause;
}

/** The registry is in the database. */
function complete(
  source: MigrationSource,
  mark: MoveMark,
  checkpoint: StoredCheckpoint,
  options: MigrateOptions,
): void {
  noteHead(options, checkpoint);
  if (!mark.isDone) source.setMark({ ...mark, isDone: true });
}

/** Who goes on with the database shall know what was signed; and that an empty one is not where to begin. */
function noteHead({ memories: { database } }: MigrateOptions, checkpoint: StoredCheckpoint): void {
  if ((database.read()?.logLength ?? 0) < checkpoint.logLength) database.write(checkpoint);
}
