import { digestOf, encodeUtf8, isDigest } from '@warg/crypto';
import {
  type LogId,
  MAX_RECORD_BYTES,
  OPERATOR_LOG_ID,
  type PackageName,
  type PublishedEnvelope,
  type RecordId,
} from '@warg/protocol';
import { fetchTokenNotFound, leafNotFound, limits, logNotFound } from '@warg/protocol/api';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import type { PublishedRecord } from '../store/rows.ts';
import type { Turns } from '../store/turns.ts';
import { BoundedCache } from './bounded-cache.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { LogsAnswer, LogsQuery, ReadFilter, WireInteger } from './registry.ts';

/** Most rows that are read at once; with a higher limit fewer logs are. */
const ROWS = 10_000;
const LOGS = 256;

/** What a record takes in an answer besides its three texts. */
const RECORD_FRAME = 200;

/** Asked for in place of a log that the asker may not know of, so that everything goes on as if there were none. */
const NO_LOG = digestOf(encodeUtf8('a log that is not there')) as LogId;

interface LogQuery {
  /** As it was asked for. */
  readonly logId: LogId;
  /** What is looked up: the same, or {@link NO_LOG}. */
  readonly lookup: LogId;
  readonly after: string | undefined;
}

interface LogPage {
  readonly records: readonly PublishedEnvelope[];
  readonly more: boolean;
}

/** Pages of logs that are asked for again, by what was asked: the operator's, which is in every answer, and those of single logs. */
export type KeptPages = BoundedCache<string, KeptPage>;

interface KeptPage extends LogPage {
  /** The room that it takes in an answer. */
  readonly bytes: number;
}

/** Larger pages are read each time. */
const LARGEST_KEPT = 64 * 1024;
const KEPT_BYTES = 8 * 1024 * 1024;

export function keptPages(): KeptPages {
  return new BoundedCache(KEPT_BYTES, ({ bytes }) => bytes + 1000);
}

/** What answers of many logs share. */
export interface LogsContext {
  readonly store: RegistryStore;
  readonly checkpoints: Checkpoints;
  readonly kept: KeptPages;
  /** Answers of many logs are made one at a time, so that many of them take no more memory than one. */
  readonly turns: Turns;
}

/** The records of the operator log and of package logs at a signed length. @throws ApiError 404 */
export function fetchLogs(context: LogsContext, query: LogsQuery): Promise<LogsAnswer> {
  const isOneRead = query.packages.length <= logsAtOnce(query.limit);
  return isOneRead ? readLogs(context, query) : context.turns.take(() => readLogs(context, query));
}

/** How many logs are read in one transaction. */
function logsAtOnce(limit: number): number {
  return Math.max(1, Math.min(LOGS, Math.floor(ROWS / (limit + 1))));
}

async function readLogs({ store, checkpoints, kept }: LogsContext, query: LogsQuery): Promise<LogsAnswer> {
  const { logLength } = await checkpoints.at(query.logLength, 'logs');
  const { limit } = query;
  const operatorLog = { logId: OPERATOR_LOG_ID, lookup: OPERATOR_LOG_ID, after: query.operator };
  const operator = await readKept(store, kept, operatorLog, { logLength, limit, room: query.maxBytes });
  const room = { bytes: query.maxBytes - operator.bytes };
  // Who may not read all logs is answered from the store each time.
  const [first, ...others] = query.packages;
  if (first !== undefined && others.length === 0 && query.mayRead === undefined && room.bytes > 0) {
    const log = toLogQuery(first);
    const page = await readKept(store, kept, log, { logLength, limit, room: room.bytes });
    return {
      operator: operator.records,
      packages: [[log.logId, page.records]],
      more: operator.more || page.more,
    };
  }
  const packages: [LogId, readonly PublishedEnvelope[]][] = [];
  let { more } = operator;
  const portion = logsAtOnce(limit);
  for (let start = 0; start < query.packages.length; start += portion) {
    if (room.bytes <= 0) {
      more = true;
      break;
    }
    const logs = query.packages.slice(start, start + portion).map(toLogQuery);
    const pages = await store.read(async (reads) =>
      readPages(reads, await hide(reads, logs, query.mayRead), { logLength, limit, room }),
    );
    pages.forEach((page, index) => {
      packages.push([logs[index]!.logId, page.records]);
      more ||= page.more;
    });
    if (pages.length < logs.length) more = true;
    // Many logs are a lot of work: others get their turn in between.
    if (start + portion < query.packages.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return { operator: operator.records, packages, more };
}

/** What a log has below a signed length never changes, so a page of it is read once for all who ask the same. */
async function readKept(
  store: RegistryStore,
  kept: KeptPages,
  log: LogQuery,
  { logLength, limit, room }: { readonly logLength: number; readonly limit: number; readonly room: number },
): Promise<KeptPage> {
  const { lookup, after } = log;
  const key = `${logLength} ${limit} ${room} ${lookup}${after === undefined ? '' : ` after ${after}`}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const left = { bytes: room };
  const [page] = await store.read((reads) => readPages(reads, [log], { logLength, limit, room: left }));
  const read = { ...page!, bytes: room - left.bytes };
  if (read.bytes <= LARGEST_KEPT) kept.set(key, read);
  return read;
}

function toLogQuery([logId, after]: readonly [string, string | null | undefined]): LogQuery {
  // The operator log is no package, and whatever is not a digest is no log.
  if (!isDigest(logId) || logId === OPERATOR_LOG_ID) throw logNotFound(logId as LogId);
  return { logId: logId as LogId, lookup: logId as LogId, after: after ?? undefined };
}

async function hide(
  reads: StoreReads,
  logs: readonly LogQuery[],
  mayRead: ReadFilter | undefined,
): Promise<readonly LogQuery[]> {
  if (mayRead === undefined) return logs;
  const names = await reads.packageNames(logs.map(({ logId }) => logId));
  return logs.map((log, index) => {
    const name = names[index];
    return name !== undefined && mayRead(name) ? log : { ...log, lookup: NO_LOG };
  });
}

/** A page of each log, in order, until there is no room; the logs that were not reached have none. */
async function readPages(
  reads: StoreReads,
  logs: readonly LogQuery[],
  at: { readonly logLength: number; readonly limit: number; readonly room: { bytes: number } },
): Promise<LogPage[]> {
  const { logLength, limit, room } = at;
  const maxBytes = room.bytes + MAX_RECORD_BYTES;
  const starts = await readStarts(reads, logs);
  const found = await reads.published(
    logs.map(({ lookup }, index) => ({
      logId: lookup,
      from: starts[index]!,
      below: logLength,
      limit: limit + 1,
    })),
    maxBytes,
  );
  const pages: LogPage[] = [];
  const isCut = sizeOf(found) >= maxBytes;
  for (const [index, records] of found.entries()) {
    if (room.bytes <= 0 && pages.length > 0) break;
    if (records.length === 0) await requireRecordBelow(reads, logs[index]!, logLength, starts[index]!);
    const page = fill(records, limit, room);
    const isLast = index === found.length - 1;
    pages.push(isCut && isLast ? { ...page, more: true } : page);
  }
  return pages;
}

function sizeOf(pages: readonly (readonly PublishedRecord[])[]): number {
  let bytes = 0;
  for (const page of pages) for (const { envelope } of page) bytes += envelope.contentBytes.length;
  return bytes;
}

function fill(records: readonly PublishedRecord[], limit: number, room: { bytes: number }): LogPage {
  const page: PublishedEnvelope[] = [];
  for (const { envelope, registryIndex, recordId } of records.slice(0, limit)) {
    // One record always fits, or nobody could ever get past it.
    if (room.bytes <= 0 && page.length > 0) break;
    const { contentBytes, keyId, signature } = envelope;
    // Whole bytes: the room goes into a question to the store.
    room.bytes -= RECORD_FRAME + Math.ceil((contentBytes.length * 4) / 3) + keyId.length + signature.length;
    page.push({ contentBytes, keyId, signature, registryIndex, fetchToken: recordId });
  }
  return { records: page, more: page.length < records.length };
}

/** For each log the registry index from which on its records are wanted. */
async function readStarts(reads: StoreReads, logs: readonly LogQuery[]): Promise<number[]> {
  const withToken = logs.filter(({ after }) => after !== undefined) as { lookup: LogId; after: string }[];
  for (const { after } of withToken) if (!isDigest(after)) throw fetchTokenNotFound(after);
  const records = await reads.findRecords(
    withToken.map(({ lookup, after }) => ({ logId: lookup, recordId: after as RecordId })),
  );
  let next = 0;
  return logs.map(({ after }) => {
    if (after === undefined) return 0;
    const record = records[next++];
    if (record?.registryIndex === undefined) throw fetchTokenNotFound(after);
    return record.registryIndex + 1;
  });
}

/** An empty page is right only behind a token of a log that was there at that length. */
async function requireRecordBelow(
  reads: StoreReads,
  { logId, lookup }: LogQuery,
  logLength: number,
  start: number,
): Promise<void> {
  if (start > 0 && start <= logLength) return;
  const [last] = await reads.lastIndexBelow([{ logId: lookup, logLength }]);
  if (last === undefined) throw logNotFound(logId);
}

/** How many names are read at once: those of other registries may be long. */
const NAMES = 100;
/** What an answer has besides the id and the name of a log. */
const NAME_FRAME = 8;

/**
 * The names of published packages, each once; when an answer is full, those of the first.
 *
 * @throws ApiError 404 `log`
 */
export async function packageNames(
  store: RegistryStore,
  logIds: readonly string[],
  mayRead?: ReadFilter,
): Promise<[LogId, PackageName][]> {
  for (const logId of logIds) if (!isDigest(logId)) throw logNotFound(logId as LogId);
  const ids = [...new Set(logIds as readonly LogId[])];
  const answer: [LogId, PackageName][] = [];
  let room: number = limits.fetchNamesAnswer;
  for (let start = 0; start < ids.length; start += NAMES) {
    const some = ids.slice(start, start + NAMES);
    const names = await store.read((reads) => reads.packageNames(some));
    for (const [index, logId] of some.entries()) {
      const name = names[index];
      if (name === undefined || mayRead?.(name) === false) throw logNotFound(logId);
      room -= NAME_FRAME + logId.length + name.length;
      if (room < 0 && answer.length > 0) return answer;
      answer.push([logId, name]);
    }
  }
  return answer;
}

export async function logName(store: RegistryStore, logId: string): Promise<PackageName | undefined> {
  if (!isDigest(logId)) return undefined;
  const [name] = await store.read((reads) => reads.logNames([logId as LogId]));
  return name;
}

/**
 * Makes sure that leaves are of packages that the asker may know of, or of the operator log: a proof, or the refusal of one,
 * names the log of its leaf.
 *
 * @throws ApiError 404 `leaf`
 */
export async function requireLeaves(
  store: RegistryStore,
  leafs: readonly WireInteger[],
  mayRead: ReadFilter,
): Promise<void> {
  const indices = leafs.filter((leaf) => typeof leaf === 'number');
  await store.read(async (reads) => {
    const leaves = await reads.leavesAt(indices);
    const logIds = leaves.map((leaf) => leaf?.logId ?? OPERATOR_LOG_ID);
    // Once each: a name may be long, and would be in memory as often as it is asked for.
    const asked = [...new Set(logIds)];
    const names = await reads.packageNames(asked);
    const readable = new Set(
      asked.filter((logId, index) => {
        const name = names[index];
        return logId === OPERATOR_LOG_ID || (name !== undefined && mayRead(name));
      }),
    );
    const hidden = logIds.findIndex((logId) => !readable.has(logId));
    if (hidden >= 0) throw leafNotFound(indices[hidden]!);
  });
}
