import type { ContentStore } from '../content/content-store.ts';
import type { LogVerifierKey } from '../log-note/verify-note.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { ContentCheck } from './check-contents.ts';
import { checkLog } from './check-log.ts';
import { MapCheck } from './check-map.ts';
import { checkNote, type NoteCheck } from './check-note.ts';
import { checkStates } from './check-states.ts';
import { messageOf, type Report } from './findings.ts';

export interface CheckStoreOptions {
  readonly store: RegistryStore;
  /** Where contents are; undefined leaves them out. */
  readonly content?: ContentStore | undefined;
  /** The key that signs the log's notes; undefined leaves their signature unchecked. */
  readonly logKey?: LogVerifierKey | undefined;
  /** Told of everything that is wrong, as it is found. */
  readonly report: Report;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** How much has been checked so far. */
export interface CheckProgress {
  readonly records: number;
  readonly logs: number;
  readonly contents: number;
}

/** What was checked. */
export interface CheckSummary extends CheckProgress {
  /** Up to this checkpoint; undefined if there is none. */
  readonly checkpoint:
    | { readonly logLength: number; readonly logRoot: string; readonly mapRoot: string }
    | undefined;
  /** of the contents */
  readonly bytes: number;
  /** What could be said of the newest checkpoint's note. */
  readonly note: NoteCheck;
}

/**
 * Computes again everything that a store says, up to its newest checkpoint, and tells what is different: ids and signatures of
 * records, states, roots of log and map, tiles and pages, signatures of checkpoints, digests of contents. A server may run on the
 * store meanwhile. Nothing is changed.
 */
export async function checkStore(options: CheckStoreOptions): Promise<CheckSummary> {
  const { store, report } = options;
  const progress = { records: 0, logs: 0, contents: 0 };
  const tell = (change: Partial<CheckProgress>) => {
    Object.assign(progress, change);
    options.onProgress?.(progress);
  };
  const contents = options.content && new ContentCheck(store, options.content, report);
  const head = await store.read((reads) => reads.latestCheckpoint());
  if (head === undefined) {
    report({ code: 'RECORD_MISSING', where: 'the store', message: 'expected a checkpoint, found none' });
    return { ...progress, checkpoint: undefined, bytes: 0, note: 'none' };
  }
  await guarded(report, 'the log', () =>
    checkLog({ store, head, report, onRecords: (records) => tell({ records }) }),
  );
  await guarded(report, 'the states of the logs', async () => {
    const map = new MapCheck(store, head, report);
    await checkStates({
      store,
      logLength: head.logLength,
      report,
      onHead: (key, leafHash) => map.add(key, leafHash),
      onContent: async (digest, where) => {
        await contents?.check(digest, where);
        if (contents !== undefined) tell({ contents: contents.contents });
      },
      onLogs: (logs) => tell({ logs }),
    });
    await map.end();
  });
  let note: NoteCheck = 'none';
  await guarded(report, 'the note', async () => {
    note = await checkNote(store, options.logKey, report);
  });
  const { logLength, logRoot, mapRoot } = head;
  return { ...progress, checkpoint: { logLength, logRoot, mapRoot }, bytes: contents?.bytes ?? 0, note };
}

/** What cannot be read at all is a finding as well, and the rest is checked all the same. */
async function guarded(report: Report, where: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    report({ code: 'UNREADABLE', where, message: messageOf(error) });
  }
}
