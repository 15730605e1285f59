import { digestFromBytes, digestToBytes, isDigest, type PublicKey } from '@warg/crypto';
import {
  decodeOperatorRecord,
  decodePackageRecord,
  type LogId,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  OPERATOR_LOG_ID,
  type RecordId,
} from '@warg/protocol';
import type { SignedCheckpoint } from '@warg/protocol/api';
import { EMPTY_MAP, hashLeaf, type MapRoot, MerkleLog, MerkleMap } from '@warg/transparency';
import type { RegistryLog } from '../registry/core-options.ts';
import { foldRecords } from '../sequencer/fold.ts';
import type { SignedHead } from '../sequencer/head-file.ts';
import { hadRoot } from '../sequencer/high-water.ts';
import type { RegistryStore, StoreTransaction } from '../store/registry-store.ts';
import type { ContentNeed, NewRecord, RecordKey, StoredCheckpoint, StoredRecord } from '../store/rows.ts';
import { sameCheckpoint } from '../store/same-checkpoint.ts';
import { ImportError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { FetchedRecord, RecordSpool } from './record-spool.ts';
import { requireSigned } from './source-head.ts';

/** How many records are folded at once. */
const GROUP = 1000;

export interface RecordsToWrite {
  /** The newest checkpoint of the store, behind which the records come. */
  readonly previous: StoredCheckpoint | undefined;
  readonly ledger: Ledger;
  readonly records: RecordSpool;
  /** What the other registry has signed of all this. */
  readonly checkpoint: SignedCheckpoint;
  /** The id of the key under which the registry is taken over. */
  readonly operatorKeyId: string;
  /** The first record of the operator log, as it was seen. */
  readonly firstRecord: RecordId;
  /** What is known to have been signed once. */
  readonly marks: readonly SignedHead[];
  /** ms since the epoch */
  readonly now: number;
  readonly log: RegistryLog;
  /** Called before the commit, to note in the same transaction who did it. */
  readonly beforeCommit?: ((transaction: StoreTransaction) => Promise<void>) | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Makes fetched records part of the log, all of them or none, and stores the signed checkpoint as it is. Each is folded into
 * the state of its log, with the checks of the sequencer; both roots must be those that were signed.
 *
 * @throws ImportError; StoreError
 */
export function writeRecords(store: RegistryStore, options: RecordsToWrite): Promise<StoredCheckpoint> {
  const { previous, ledger, records, checkpoint, now, log } = options;
  return store.transaction(async (transaction) => {
    await requireUnchanged(transaction, previous, ledger.start);
    const leaves = await MerkleLog.open(transaction.logStore);
    const map = await MerkleMap.open(transaction.mapStore);
    let mapRoot: MapRoot =
      previous === undefined ? EMPTY_MAP : { hash: digestToBytes(previous.mapRoot), page: previous.mapPage };
    let first = ledger.start;
    for await (const group of records.groups(GROUP)) {
      const keys = group.map((_, i) => ledger.at(first + i));
      await publish(transaction, keys, group, { first, now, log });
      await leaves.appendLeaves(keys.map(logLeafBytes));
      const heads = new Map<LogId, RecordId>(keys.map(({ logId, recordId }) => [logId, recordId]));
      mapRoot = await map.update(
        mapRoot,
        [...heads].map(
          ([logId, recordId]) => [mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))] as const,
        ),
      );
      first += group.length;
      options.onProgress?.(first - ledger.start);
    }
    const { contents, keyId, signature } = checkpoint;
    requireRoots(contents, {
      logLength: leaves.length,
      logRoot: digestFromBytes(await leaves.rootAt(leaves.length)),
      mapRoot: digestFromBytes(mapRoot.hash),
    });
    await requireKeys(transaction, checkpoint, options.operatorKeyId);
    await requireFirst(transaction, options.firstRecord);
    await requireMarks(transaction, options.marks);
    const next: StoredCheckpoint = {
      ...contents,
      sequence: (previous?.sequence ?? -1) + 1,
      mapPage: mapRoot.page,
      keyId,
      signature,
    };
    if (!(await transaction.insertCheckpoint(previous, next))) throw changed();
    // The one that is there is of an older checkpoint. A server that has the log's key makes a new one when it starts.
    await transaction.saveLogNote(undefined);
    await options.beforeCommit?.(transaction);
    return next;
  });
}

/** Puts a newer signature of the same checkpoint in the place of the stored one. */
export function writeSignature(
  store: RegistryStore,
  previous: StoredCheckpoint,
  { contents, keyId, signature }: SignedCheckpoint,
): Promise<StoredCheckpoint> {
  return store.transaction(async (transaction) => {
    const next = { ...previous, timestamp: contents.timestamp, keyId, signature };
    if (!(await transaction.replaceCheckpoint(previous, next))) throw changed();
    await transaction.saveLogNote(undefined);
    return next;
  });
}

async function requireUnchanged(
  transaction: StoreTransaction,
  previous: StoredCheckpoint | undefined,
  logLength: number,
): Promise<void> {
  const stored = await transaction.latestCheckpoint();
  const isSame = sameCheckpoint(stored, previous) || (stored === undefined && previous === undefined);
  if (!isSame || (await transaction.logStore.length()) !== logLength) throw changed();
}

function changed(): ImportError {
  return new ImportError(
    'IMPORT_STORE_CHANGED',
    'somebody else has signed a checkpoint in this store meanwhile: stop the servers that use it, and run the import again',
  );
}

async function publish(
  transaction: StoreTransaction,
  keys: readonly RecordKey[],
  group: readonly FetchedRecord[],
  { first, now, log }: { readonly first: number; readonly now: number; readonly log: RegistryLog },
): Promise<void> {
  // A store that was taken back may have accepted some of them already.
  const known = await transaction.findRecords(keys);
  const isTwice = new Set(keys.map(({ logId, recordId }) => logId + recordId)).size < keys.length;
  if (isTwice || known.some((record) => record?.state === 'published')) {
    throw new ImportError(
      'IMPORT_RECORD_MISMATCH',
      `expected ${keys.length} different records from number ${first} on, found one that is in the log already`,
    );
  }
  await transaction.insertRecords(
    group.flatMap((fetched, i) =>
      known[i] === undefined || known[i].state === 'expired' ? [newRecord(keys[i]!, fetched, now)] : [],
    ),
  );
  const stored = (await transaction.findRecords(keys)) as readonly StoredRecord[];
  const { rejected, parts } = await foldRecords(
    transaction,
    stored.map((record, i) => ({ ...record, packageName: group[i]!.packageName })),
    log,
  );
  if (rejected[0] !== undefined) throw refused(rejected[0]);
  await transaction.changeStates(
    stored.map(({ arrival }, i) => ({
      arrival,
      state: 'published' as const,
      registryIndex: first + i,
      changedAt: now,
    })),
  );
  await transaction.saveLogParts(parts);
}

function refused({
  record,
  reason,
}: {
  readonly record: StoredRecord;
  readonly reason: string;
}): ImportError {
  return new ImportError(
    'IMPORT_RECORD_MISMATCH',
    `the record ${record.recordId} of the log ${record.logId} does not fit: ${reason}`,
  );
}

function newRecord(key: RecordKey, { envelope, packageName }: FetchedRecord, now: number): NewRecord {
  return {
    ...key,
    prev: prevOf(key, envelope.contentBytes),
    envelope,
    packageName,
    address: '',
    state: 'processing',
    contents: key.logId === OPERATOR_LOG_ID ? [] : contentsOf(envelope.contentBytes),
    acceptedAt: now,
  };
}

function prevOf({ logId }: RecordKey, contentBytes: Uint8Array): string | undefined {
  return (logId === OPERATOR_LOG_ID ? decodeOperatorRecord(contentBytes) : decodePackageRecord(contentBytes))
    .prev;
}

/** Every content that a package's record releases, once. */
export function contentsOf(contentBytes: Uint8Array): readonly ContentNeed[] {
  const digests = decodePackageRecord(contentBytes).entries.flatMap((entry) =>
    entry.type === 'release' && isDigest(entry.content) ? [entry.content] : [],
  );
  return [...new Set(digests)].map((digest) => ({ digest, missing: false }));
}

type Roots = Pick<StoredCheckpoint, 'logLength' | 'logRoot' | 'mapRoot'>;

function requireRoots(signed: Roots, found: Roots): void {
  if (found.logLength !== signed.logLength || found.logRoot !== signed.logRoot) {
    throw new ImportError(
      'IMPORT_LEDGER_MISMATCH',
      `expected the records to lead to the log root ${signed.logRoot} of ${signed.logLength} records, found ${found.logRoot} of ${found.logLength}`,
    );
  }
  if (found.mapRoot !== signed.mapRoot) {
    throw new ImportError(
      'IMPORT_MAP_MISMATCH',
      `expected the records to lead to the map root ${signed.mapRoot} that was signed, found ${found.mapRoot}`,
    );
  }
}

/** What was seen in a copy of the operator log is looked at again in the log that was proved. */
async function requireKeys(
  transaction: StoreTransaction,
  checkpoint: SignedCheckpoint,
  operatorKeyId: string,
): Promise<void> {
  const [signer, own] = await transaction.keys(
    [checkpoint.keyId, operatorKeyId].map((keyId) => ({ logId: OPERATOR_LOG_ID, keyId })),
  );
  const maySign = (row: typeof own) => row?.permissions.includes('commit') === true;
  requireSigned(checkpoint, signer?.publicKey as PublicKey | undefined, maySign(signer));
  if (!maySign(own)) {
    throw new ImportError(
      'IMPORT_OPERATOR_MISMATCH',
      `expected the key ${operatorKeyId} to have the permission \`commit\` in the operator log, found that it has not`,
    );
  }
}

async function requireFirst(transaction: StoreTransaction, expected: RecordId): Promise<void> {
  const [[first] = []] = await transaction.published([
    { logId: OPERATOR_LOG_ID, from: 0, below: Number.MAX_SAFE_INTEGER, limit: 1 },
  ]);
  if (first?.recordId === expected) return;
  throw new ImportError(
    'IMPORT_RECORD_MISMATCH',
    `expected the operator log to begin with the record ${expected}, found ${first?.recordId ?? 'none'}`,
  );
}

async function requireMarks(transaction: StoreTransaction, marks: readonly SignedHead[]): Promise<void> {
  for (const mark of marks) {
    if ((await hadRoot(transaction.logStore, mark)) !== false) continue;
    throw new ImportError(
      'IMPORT_OTHER_HISTORY',
      `this registry has signed a log of ${mark.logLength} records with the root ${mark.logRoot}; expected the other registry's log to ` +
        'begin with it, found another one. These are two histories, and no registry can go on with both',
    );
  }
}
