import { keyIdOf, type PublicKey } from '@warg/crypto';
import type { ContentStore } from '../content/content-store.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import type { SignedHead } from '../sequencer/head-file.ts';
import { hadRoot } from '../sequencer/high-water.ts';
import type { RegistryStore, StoreTransaction } from '../store/registry-store.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { ImportError } from './errors.ts';
import { fetchRecords } from './fetch-records.ts';
import { type ContentsResult, contentsNamed, importContents } from './import-contents.ts';
import { fetchLedger, firstDifference, Ledger, leadsTo } from './ledger.ts';
import { type ForeignOperator, requireMeant } from './operator-log.ts';
import { RecordSpool } from './record-spool.ts';
import type { RegistrySource } from './source.ts';
import { fetchHead, type SourceHead } from './source-head.ts';
import { writeRecords, writeSignature } from './write-records.ts';

export interface ImportOptions {
  /** Empty, or with a log that the other one begins with. */
  readonly store: RegistryStore;
  readonly source: RegistrySource;
  /** The key under which the registry is taken over: it must have the permission `commit` in the other one's operator log. */
  readonly operatorKey: PublicKey;
  /**
   * The id of the first record of the other one's operator log, or of the key that signed it. Into an empty store nothing is
   * imported without it, unless `operatorKey` signed that record or a mark says which log it is.
   */
  readonly operatorLog?: string | undefined;
  /** A folder on a disk with room for all records. */
  readonly spoolDir: string;
  /** Where contents go, and how large they may be; undefined leaves them out. */
  readonly contents?: { readonly store: ContentStore; readonly maxBytes: number } | undefined;
  /** What this registry is known to have signed once. */
  readonly marks?: readonly SignedHead[];
  readonly clock?: { now(): number };
  readonly log: RegistryLog;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Called in the transaction that writes the records, with what it brings. */
  readonly beforeCommit?: (transaction: StoreTransaction, result: ImportedRecords) => Promise<void>;
}

export interface ImportProgress {
  readonly phase: 'ledger' | 'records' | 'contents' | 'writing';
  readonly done: number;
  /** Undefined if nobody knows. */
  readonly total?: number;
}

export interface ImportedRecords {
  /** How many records the store had. */
  readonly from: number;
  /** How many it has. */
  readonly to: number;
}

export interface ImportResult extends ImportedRecords {
  /** As the operator log of the other registry says. */
  readonly operator: ForeignOperator;
  /** The newest checkpoint of the store. */
  readonly checkpoint: StoredCheckpoint;
  /** Undefined if contents were left out. */
  readonly contents: ContentsResult | undefined;
}

/**
 * Takes another registry over: its log up to the newest checkpoint, with that checkpoint as it signed it. Whatever it says is
 * proved before anything is written, and the records are written in one transaction: an import that is broken off leaves the
 * log as it was, and the contents that have come.
 *
 * @throws ImportError; StoreError; ContentError
 */
export async function importRegistry(options: ImportOptions): Promise<ImportResult> {
  const { store, source, operatorKey, marks = [], onProgress = () => {} } = options;
  const previous = await store.read((reads) => reads.latestCheckpoint());
  const head = await fetchHead(source, operatorKey);
  const from = previous?.logLength ?? 0;
  requireMeant(source.url, head.operator, {
    operatorKeyId: keyIdOf(operatorKey),
    operatorLog: options.operatorLog,
    // Every mark within the log is held against it before anything is written.
    isKnown:
      previous !== undefined ||
      marks.some(({ logLength }) => logLength <= head.checkpoint.contents.logLength),
  });
  const ledger = await provedLedger(options, from, head);
  const spool = await RecordSpool.open(options.spoolDir);
  try {
    const total = ledger.end - ledger.start;
    let fetched = 0;
    for await (const records of fetchRecords(source, store, head, ledger)) {
      await spool.append(records);
      fetched += records.length;
      onProgress({ phase: 'records', done: fetched, total });
    }
    // Before the records: a registry that has them shall have what they name.
    const contents =
      options.contents &&
      (await importContents(source, options.contents.store, contentsNamed(store, ledger, spool), {
        maxBytes: options.contents.maxBytes,
        onProgress: (done) => onProgress({ phase: 'contents', done }),
      }));
    const checkpoint = await write(options, previous, head, ledger, spool);
    return { from, to: checkpoint.logLength, checkpoint, contents, operator: head.operator };
  } finally {
    await spool.close();
  }
}

async function write(
  { store, operatorKey, marks = [], clock = Date, log, beforeCommit, onProgress = () => {} }: ImportOptions,
  previous: StoredCheckpoint | undefined,
  { checkpoint, operator }: SourceHead,
  ledger: Ledger,
  records: RecordSpool,
): Promise<StoredCheckpoint> {
  const total = ledger.end - ledger.start;
  if (total > 0 || previous === undefined) {
    return await writeRecords(store, {
      previous,
      ledger,
      records,
      checkpoint,
      operatorKeyId: keyIdOf(operatorKey),
      firstRecord: operator.firstRecord,
      marks,
      now: clock.now(),
      log,
      beforeCommit: (transaction) =>
        beforeCommit?.(transaction, { from: ledger.start, to: ledger.end }) ?? Promise.resolve(),
      onProgress: (done) => onProgress({ phase: 'writing', done, total }),
    });
  }
  const { logLength, timestamp, mapRoot } = checkpoint.contents;
  // It may be behind the store, or have signed the same once more.
  if (logLength < previous.logLength || timestamp <= previous.timestamp) return previous;
  if (mapRoot !== previous.mapRoot) {
    throw new ImportError(
      'IMPORT_MAP_MISMATCH',
      `expected the other registry to have signed the map root ${previous.mapRoot} for ${logLength} records, found ${mapRoot}`,
    );
  }
  return writeSignature(store, previous, checkpoint);
}

/** The records behind those of the store, which lead to the root that was signed. */
async function provedLedger(
  { store, source, onProgress = () => {} }: ImportOptions,
  from: number,
  { checkpoint }: SourceHead,
): Promise<Ledger> {
  const { logLength, logRoot } = checkpoint.contents;
  if (logLength <= from) {
    const isSame = await store.read(({ logStore }) => hadRoot(logStore, { logLength, logRoot }));
    if (isSame !== true) throw await otherHistory(store, source, logLength, checkpoint.contents);
    return new Ledger(from, new Uint8Array());
  }
  const total = logLength - from;
  const ledger = await fetchLedger(source, from, logLength, (done) =>
    onProgress({ phase: 'ledger', done, total }),
  );
  if (!(await leadsTo(store, ledger, logRoot))) {
    throw await otherHistory(store, source, from, checkpoint.contents);
  }
  return ledger;
}

/** Says why two logs do not fit together. */
async function otherHistory(
  store: RegistryStore,
  source: RegistrySource,
  end: number,
  { logLength, logRoot }: { readonly logLength: number; readonly logRoot: string },
): Promise<ImportError> {
  const difference = await firstDifference(store, source, end);
  if (difference === undefined) {
    return new ImportError(
      'IMPORT_LEDGER_MISMATCH',
      `expected the ledger of ${source.url} to lead to the log root ${logRoot} of ${logLength} records that it signed, found that it ` +
        'does not: the ledger is not that of its log',
    );
  }
  const { index, here, there } = difference;
  return new ImportError(
    'IMPORT_OTHER_HISTORY',
    `the store holds another history: expected it to be empty or to begin as the registry at ${source.url}, which has the ` +
      `record ${there.recordId} with the number ${index}; found ${here.recordId}. Import into an empty store`,
  );
}
