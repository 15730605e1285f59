import {
  type LogId,
  mapKeyBytes,
  mapLeafBytes,
  OPERATOR_LOG_ID,
  packageLogId,
  type RecordId,
} from '@warg/protocol';
import { hashLeaf } from '@warg/transparency';
import { type LogFold, operatorFold, packageFold } from '../sequencer/log-fold.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { LogPart, PublishedRecord } from '../store/rows.ts';
import { messageOf, type Report } from './findings.ts';

const PAGE = 200;

export interface StateCheck {
  readonly store: RegistryStore;
  readonly logLength: number;
  readonly report: Report;
  /** Told of the head of each log at that length: the map has them. */
  readonly onHead: (key: Uint8Array, leafHash: Uint8Array) => Promise<void>;
  /** Told of each content that a release names. */
  readonly onContent: (digest: string, where: string) => Promise<void>;
  readonly onLogs: (count: number) => void;
}

/** Folds every log again, and compares what its records add up to with the rows that are stored of its state. */
export async function checkStates({
  store,
  logLength,
  report,
  onHead,
  onContent,
  onLogs,
}: StateCheck): Promise<void> {
  let after: LogId | undefined;
  let count = 0;
  for (;;) {
    const ids = await store.read((reads) => reads.logIds(after, PAGE));
    for (const logId of ids) {
      const head = await checkState(store, logId, logLength, report, onContent);
      if (head !== undefined) await onHead(mapKeyBytes(logId), hashLeaf(mapLeafBytes(head)));
    }
    count += ids.length;
    onLogs(count);
    if (ids.length < PAGE) return;
    after = ids.at(-1);
  }
}

/** @returns the id of the log's last record below the length */
async function checkState(
  store: RegistryStore,
  logId: LogId,
  logLength: number,
  report: Report,
  onContent: StateCheck['onContent'],
): Promise<RecordId | undefined> {
  const where = `log ${logId}`;
  // A server that runs may publish between the two questions: what is different for that reason is not twice.
  for (let attempt = 1; ; attempt++) {
    const stored = await store.read((reads) => reads.wholeLog(logId));
    const records = await recordsOf(store, logId);
    const { part, error, head } = foldAll(logId, records, logLength);
    const isSame =
      part !== undefined && textOf(part) === textOf({ ...stored, packageName: part.packageName });
    if (!isSame && attempt < 3) continue;
    if (error !== undefined) {
      const at = `record ${error.record.registryIndex} (${error.record.recordId})`;
      report({ code: 'RECORD_INVALID', where: `${at} of ${where}`, message: error.message });
    } else if (!isSame) {
      report({ code: 'STATE_MISMATCH', where, message: differenceOf(part, stored) });
    }
    if (
      logId !== OPERATOR_LOG_ID &&
      (stored.packageName === undefined || packageLogId(stored.packageName) !== logId)
    ) {
      const message = `expected the name that this is the log of, found ${stored.packageName ?? 'none'}`;
      report({ code: 'NAME_MISMATCH', where, message });
    }
    for (const { content, version } of part?.releases ?? []) {
      if (content !== undefined) await onContent(content, `${stored.packageName ?? where} ${version}`);
    }
    return head;
  }
}

async function recordsOf(store: RegistryStore, logId: LogId): Promise<PublishedRecord[]> {
  const all: PublishedRecord[] = [];
  for (let from = 0; ; ) {
    const query = { logId, from, below: Number.MAX_SAFE_INTEGER, limit: 1000 };
    const [page = []] = await store.read((reads) => reads.published([query]));
    all.push(...page);
    if (page.length < 1000) return all;
    from = page.at(-1)!.registryIndex + 1;
  }
}

interface Folded {
  readonly part: LogPart | undefined;
  readonly error: { readonly record: PublishedRecord; readonly message: string } | undefined;
  readonly head: RecordId | undefined;
}

function foldAll(logId: LogId, records: readonly PublishedRecord[], logLength: number): Folded {
  const empty: LogPart = {
    logId,
    packageName: undefined,
    algorithm: undefined,
    head: undefined,
    keys: [],
    releases: [],
    namespaces: [],
  };
  const fold: LogFold = logId === OPERATOR_LOG_ID ? operatorFold(empty) : packageFold(empty);
  const head = records.findLast(({ registryIndex }) => registryIndex < logLength)?.recordId;
  for (const record of records) {
    try {
      fold.apply({
        ...record,
        logId,
        arrival: 0,
        state: 'published',
        prev: undefined,
        packageName: undefined,
        reason: undefined,
      });
    } catch (error) {
      return { part: fold.changes() ?? empty, error: { record, message: messageOf(error) }, head };
    }
  }
  return { part: fold.changes() ?? empty, error: undefined, head };
}

/** One text for equal states, whatever the order of their rows. */
function textOf(part: LogPart): string {
  const sorted = <T>(rows: readonly T[], keyOf: (row: T) => string) =>
    [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const { logId, packageName, algorithm, head } = part;
  const keys = sorted(part.keys, ({ keyId }) => keyId).map(({ keyId, publicKey, permissions }) => [
    keyId,
    publicKey,
    [...permissions].sort(),
  ]);
  const releases = sorted(part.releases, ({ version }) => version).map((row) => [
    row.version,
    row.recordId,
    row.by,
    row.time,
    row.content,
    row.yanked?.by,
    row.yanked?.time,
  ]);
  const namespaces = sorted(part.namespaces, ({ namespace }) => namespace).map((row) => [
    row.namespace,
    row.registry,
  ]);
  return JSON.stringify([logId, packageName, algorithm, head, keys, releases, namespaces], (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}

function differenceOf(expected: LogPart | undefined, stored: LogPart): string {
  if (expected === undefined) return 'the records add up to nothing';
  const parts = ['algorithm', 'head', 'keys', 'releases', 'namespaces'] as const;
  const different = parts.filter((name) => {
    const only = (part: LogPart): LogPart => ({
      ...stored,
      algorithm: undefined,
      head: undefined,
      keys: [],
      releases: [],
      namespaces: [],
      [name]: part[name],
    });
    return textOf(only(expected)) !== textOf(only(stored));
  });
  return `the records add up to other ${different.join(', ')} than those that are stored`;
}
