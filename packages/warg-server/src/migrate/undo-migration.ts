import type { HeadMemory, SignedHead } from '../sequencer/head-file.ts';
import { PostgresSession } from '../store/postgres/session.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import type { MoveMark } from '../store/sqlite/moved.ts';
import { MigrateError } from './errors.ts';
import { openMigrationSource } from './source.ts';
import { MigrationTarget } from './target.ts';

export interface UndoOptions {
  /** The SQLite file that the registry was moved from. */
  readonly file: string;
  /** The URL of the database that it was moved to; undefined if that is gone for good. */
  readonly url: string | undefined;
  readonly memories: { readonly file: HeadMemory; readonly database: HeadMemory };
  readonly actor: string;
  /** ms since the epoch */
  readonly now: number;
}

export interface UndoResult {
  /** How messages call the database that is not to be used any more. */
  readonly target: string;
  /** The newest checkpoint of the file. */
  readonly checkpoint: StoredCheckpoint;
  /** What is known to have been signed after the move; undefined if nothing is. */
  readonly signed: SignedHead | undefined;
}

/**
 * Takes the mark from a file whose registry was moved away, so that a server opens it again. What the database has signed since is
 * noted beside the file: then a server on it takes nothing before it has got that back.
 *
 * @throws MigrateError | StoreError
 */
export async function undoMigration(options: UndoOptions): Promise<UndoResult> {
  const { file, url, memories, actor, now } = options;
  const source = openMigrationSource(file);
  try {
    const mark = source.mark();
    if (mark === undefined) {
      throw new MigrateError('MIGRATE_NOT_MOVED', `expected that ${file} was moved, found that it was not`);
    }
    const checkpoint = (await source.session.latestCheckpoint())!;
    const heads = [
      url === undefined ? undefined : await headOf(url, mark),
      memories.database.read(),
      checkpoint,
    ].filter((head) => head !== undefined);
    const longest = heads.reduce((a, b) => (b.logLength > a.logLength ? b : a));
    const signed = longest.logLength > checkpoint.logLength ? longest : undefined;
    if (signed !== undefined && signed.logLength > (memories.file.read()?.logLength ?? 0)) {
      memories.file.write(signed);
    }
    const details = { move: mark.id, from: mark.target };
    await source.session.appendAudit({ actor, action: 'registry.migrate.undo', details, time: now });
    source.setMark(undefined);
    return { target: mark.target, checkpoint, signed };
  } finally {
    source.close();
  }
}

/** What was signed last in the database; undefined if the registry is not in it. */
async function headOf(url: string, mark: MoveMark): Promise<SignedHead | undefined> {
  const target = new MigrationTarget(url);
  try {
    const isThere = (await target.begin({ makeSchema: false })) && (await target.hasMove(mark.id));
    if (!isThere) {
      if (target.name === mark.target) return undefined;
      throw new MigrateError(
        'MIGRATE_MOVED_ELSEWHERE',
        `expected the database that the registry was moved to, ${mark.target}, found another one: ${target.name}`,
      );
    }
    const holder = await target.get<[string]>(
      'SELECT holder FROM sequencer_lease WHERE ends_at > clock_timestamp()',
    );
    if (holder !== undefined) {
      throw new MigrateError(
        'MIGRATE_TARGET_IN_USE',
        `expected that no server works on ${target.name} any more, found one (${holder[0]}): stop all of them first`,
      );
    }
    return await new PostgresSession(target).latestCheckpoint();
  } finally {
    await target.close();
  }
}
