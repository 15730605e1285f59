import {
  type Envelope,
  type LogId,
  OPERATOR_LOG_ID,
  operatorRecordId,
  type PackageName,
  packageLogId,
  packageRecordId,
  type RecordId,
} from '@warg/protocol';
import { limits, type PublishedRecord } from '@warg/protocol/api';
import type { RegistryStore } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';
import { ImportError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { FetchedRecord } from './record-spool.ts';
import type { RegistrySource } from './source.ts';
import type { SourceHead } from './source-head.ts';
import { SourceAnswerTooLarge } from './source-http.ts';

/** How many records are fetched in one go, and so most logs of one request. */
const GROUP = 1000;

/** What is still to come of one log, in its order. */
interface Wanted {
  readonly logId: LogId;
  /** The record before; its id is its fetch token. */
  after: RecordId | undefined;
  readonly indices: readonly number[];
  /** How many of them have come. */
  done: number;
}

/**
 * Fetches the records that the ledger names, in its order. Each is the one that is named: its bytes have that id. Whether it
 * fits into its log, and who signed it, is to be seen when it is folded.
 *
 * @throws ImportError `IMPORT_RECORD_MISMATCH` and those of the source
 */
export async function* fetchRecords(
  source: RegistrySource,
  store: RegistryStore,
  head: SourceHead,
  ledger: Ledger,
): AsyncGenerator<readonly FetchedRecord[]> {
  // The number of each log's last record that has come so far.
  const last = new Map<LogId, number>();
  for (const { first, keys } of ledger.groups(GROUP)) {
    const wanted = await wantedOf(store, ledger, last, first, keys);
    const names = await fetchNames(source, wanted);
    const envelopes = new Array<Envelope>(keys.length);
    await fetchGroup(source, head, ledger, wanted, (index, envelope) => {
      envelopes[index - first] = envelope;
    });
    const firstOf = new Map(wanted.map(({ logId, indices }) => [logId, indices[0]!]));
    yield envelopes.map((envelope, i) => {
      const { logId } = keys[i]!;
      return { envelope, packageName: firstOf.get(logId) === first + i ? names.get(logId) : undefined };
    });
    for (const { logId, indices } of wanted) last.set(logId, indices.at(-1)!);
  }
}

/** Sorts a part of the ledger by logs. */
async function wantedOf(
  store: RegistryStore,
  ledger: Ledger,
  last: ReadonlyMap<LogId, number>,
  first: number,
  keys: readonly RecordKey[],
): Promise<readonly Wanted[]> {
  const indices = new Map<LogId, number[]>();
  keys.forEach(({ logId }, i) => {
    const those = indices.get(logId);
    if (those === undefined) indices.set(logId, [first + i]);
    else those.push(first + i);
  });
  const heads = await headsIn(
    store,
    ledger,
    [...indices.keys()].filter((logId) => !last.has(logId)),
  );
  return [...indices].map(([logId, those]) => {
    const before = last.get(logId);
    const after = before === undefined ? heads.get(logId) : ledger.at(before).recordId;
    return { logId, after, indices: those, done: 0 };
  });
}

/** The heads of logs that the store has. */
async function headsIn(
  store: RegistryStore,
  ledger: Ledger,
  logIds: readonly LogId[],
): Promise<ReadonlyMap<LogId, RecordId>> {
  if (ledger.start === 0 || logIds.length === 0) return new Map();
  const parts = await store.read((reads) =>
    reads.logParts(logIds.map((logId) => ({ logId, keyIds: [], versions: [], namespaces: [] }))),
  );
  return new Map(parts.flatMap(({ logId, head }) => (head === undefined ? [] : [[logId, head.recordId]])));
}

/** The names of the packages that are new. */
async function fetchNames(
  source: RegistrySource,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<LogId, PackageName>> {
  const logIds = wanted
    .filter(({ logId, after }) => after === undefined && logId !== OPERATOR_LOG_ID)
    .map(({ logId }) => logId);
  const names = new Map<LogId, PackageName>();
  if (logIds.length === 0) return names;
  const answer = await source.names(logIds);
  for (const logId of logIds) {
    const name = answer.get(logId);
    if (name == null || packageLogId(name) !== logId) {
      throw new ImportError(
        'IMPORT_RECORD_MISMATCH',
        `expected the name of the package whose log is ${logId}, found ${name == null ? 'none' : `\`${name}\`, which has another log`}`,
      );
    }
    names.set(logId, name);
  }
  return names;
}

type Take = (index: number, envelope: Envelope) => void;

async function fetchGroup(
  source: RegistrySource,
  head: SourceHead,
  ledger: Ledger,
  wanted: readonly Wanted[],
  take: Take,
): Promise<void> {
  for (let left = wanted; left.length > 0; left = left.filter(({ indices, done }) => done < indices.length)) {
    // Logs of which about as many records are missing are asked for together, so that few come that are not wanted.
    const byLimit = new Map<number, Wanted[]>();
    for (const log of left) {
      const limit =
        log.logId === OPERATOR_LOG_ID ? 0 : Math.min(roundUp(log.indices.length - log.done), GROUP);
      byLimit.set(limit, [...(byLimit.get(limit) ?? []), log]);
    }
    const before = countDone(left);
    for (const [limit, logs] of byLimit) {
      await ask(source, head, ledger, logs, limit === 0 ? limits.fetchLogsLimit.max : limit, take);
    }
    if (countDone(left) === before) throw missing(ledger, left[0]!);
  }
}

function countDone(wanted: readonly Wanted[]): number {
  return wanted.reduce((sum, { done }) => sum + done, 0);
}

function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** One request; or several, if its answer is larger than is read. */
async function ask(
  source: RegistrySource,
  head: SourceHead,
  ledger: Ledger,
  logs: readonly Wanted[],
  limit: number,
  take: Take,
): Promise<void> {
  const { checkpoint, operatorHead } = head;
  const operator = logs.find(({ logId }) => logId === OPERATOR_LOG_ID);
  const packages = logs.filter((log) => log !== operator);
  try {
    const answer = await source.logs({
      logLength: checkpoint.contents.logLength,
      limit,
      // Where its records are not wanted it is asked for what comes behind the last one.
      operator: operator === undefined ? operatorHead : operator.after,
      packages: new Map(packages.map(({ logId, after }) => [logId, after ?? null])),
    });
    if (operator !== undefined) takeRecords(ledger, operator, answer.operator, operatorRecordId, take);
    for (const log of packages) {
      takeRecords(ledger, log, answer.packages.get(log.logId) ?? [], packageRecordId, take);
    }
  } catch (error) {
    if (!(error instanceof SourceAnswerTooLarge) || (logs.length === 1 && limit === 1)) throw error;
    if (logs.length === 1) {
      await ask(source, head, ledger, logs, Math.ceil(limit / 2), take);
      return;
    }
    const middle = Math.ceil(logs.length / 2);
    await ask(source, head, ledger, logs.slice(0, middle), limit, take);
    await ask(source, head, ledger, logs.slice(middle), limit, take);
  }
}

function takeRecords(
  ledger: Ledger,
  log: Wanted,
  records: readonly PublishedRecord[],
  idOf: (contentBytes: Uint8Array) => RecordId,
  take: Take,
): void {
  for (const { contentBytes, keyId, signature, registryIndex } of records) {
    // What comes behind is of a later part of the ledger.
    if (log.done === log.indices.length) return;
    const index = log.indices[log.done]!;
    const { recordId } = ledger.at(index);
    const found = idOf(contentBytes);
    if (found !== recordId || registryIndex !== index) {
      throw new ImportError(
        'IMPORT_RECORD_MISMATCH',
        `expected the record ${recordId} with the number ${index} in the log ${log.logId}, found ${found} with ${registryIndex}`,
      );
    }
    take(index, { contentBytes, keyId, signature });
    log.done += 1;
    log.after = recordId;
  }
}

function missing(ledger: Ledger, { logId, indices, done }: Wanted): ImportError {
  const index = indices[done]!;
  return new ImportError(
    'IMPORT_RECORD_MISMATCH',
    `expected the record ${ledger.at(index).recordId} with the number ${index} in the log ${logId}, found none`,
  );
}
