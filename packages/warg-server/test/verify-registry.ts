import { digestFromBytes, digestToBytes, type PublicKey } from '@warg/crypto';
import {
  decodeOperatorRecord,
  emptyOperatorState,
  emptyPackageState,
  type LogId,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  maySignCheckpoints,
  OPERATOR_LOG_ID,
  operatorRecordId,
  type PackageState,
  type PublishedEnvelope,
  packageRecordId,
  type RecordId,
  type SignedCheckpoint,
  validateOperatorLog,
  validatePackageLog,
  verifyCheckpointSignature,
} from '@warg/protocol';
import {
  EMPTY_MAP,
  hashLeaf,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
  verifyLogBundle,
  verifyMapAbsence,
  verifyMapBundle,
} from '@warg/transparency';
import type { RegistryCore } from '../src/registry/registry.ts';

/** What is asked of a registry; a `RegistryCore` answers it, and so does anything that speaks to one over HTTP. */
export type RegistryReader = Pick<
  RegistryCore,
  'latestCheckpoint' | 'fetchLogs' | 'proveInclusion' | 'proveConsistency' | 'proveAbsence' | 'ledgerRecords'
>;

export interface VerifiedRegistry {
  readonly checkpoint: SignedCheckpoint;
  /** `log id/record id` of every published record, by registry index. */
  readonly leaves: readonly string[];
  readonly packages: ReadonlyMap<LogId, PackageState>;
}

export interface Expectations {
  readonly operatorKey: PublicKey;
  /** Checkpoints that the registry signed before: none may be contradicted. */
  readonly seen?: readonly SignedCheckpoint[];
  /** Logs that nobody has begun. */
  readonly absent?: readonly LogId[];
  /** Records of a page when logs are fetched. */
  readonly limit?: number;
}

/**
 * Verifies a registry from nothing but its operator's key: the whole ledger is replayed into a log and a map of our own, every
 * log is fetched and folded, and every kind of proof is asked for and checked.
 */
export async function verifyRegistry(
  registry: RegistryReader,
  expected: Expectations,
): Promise<VerifiedRegistry> {
  const { operatorKey, seen = [], absent = [], limit = 1000 } = expected;
  const { checkpoint } = await registry.latestCheckpoint();
  const { logLength, logRoot, mapRoot } = checkpoint.contents;

  const leaves = await readLedger(registry, logLength);
  const heads = new Map(leaves.map((leaf, index) => [leaf.logId, { ...leaf, index }]));
  await replay(leaves, heads, checkpoint);

  const logIds = [...heads.keys()].filter((logId) => logId !== OPERATOR_LOG_ID);
  const fetched = await fetchAll(registry, logIds, logLength, limit);
  verifyOperator(fetched.operator, checkpoint, operatorKey);
  const packages = new Map<LogId, PackageState>();
  for (const logId of logIds) {
    const records = fetched.packages.get(logId) ?? [];
    packages.set(logId, validatePackageLog(emptyPackageState, records));
    requireLeaves(logId, records, packageRecordId, leaves);
  }
  requireLeaves(OPERATOR_LOG_ID, fetched.operator, operatorRecordId, leaves);

  const all = [...heads.values()];
  const root = digestToBytes(logRoot);
  for (let first = 0; first < all.length; first += 500) {
    const some = all.slice(first, first + 500);
    const indices = some.map(({ index }) => index);
    const bundles = await registry.proveInclusion(logLength, indices);
    verifyLogBundle(bundles.log, {
      length: logLength,
      root,
      leaves: some.map((leaf) => ({ index: leaf.index, hash: hashLeaf(logLeafBytes(leaf)) })),
    });
    verifyMapBundle(bundles.map, {
      root: digestToBytes(mapRoot),
      entries: some.map(({ logId, recordId }) => ({
        key: mapKeyBytes(logId),
        leafHash: hashLeaf(mapLeafBytes(recordId)),
      })),
    });
  }
  if (absent.length > 0) {
    verifyMapAbsence(await registry.proveAbsence(logLength, absent), {
      root: digestToBytes(mapRoot),
      keys: absent.map(mapKeyBytes),
    });
  }
  await verifyHistory(registry, seen, checkpoint, fetched.operator);
  return { checkpoint, leaves: leaves.map(({ logId, recordId }) => `${logId}/${recordId}`), packages };
}

interface Leaf {
  readonly logId: LogId;
  readonly recordId: RecordId;
}

async function readLedger(registry: RegistryReader, logLength: number): Promise<Leaf[]> {
  const leaves: Leaf[] = [];
  while (leaves.length < logLength) {
    const bytes = await registry.ledgerRecords(leaves.length, Math.min(1000, logLength - leaves.length));
    if (bytes.length === 0 || bytes.length % 64 !== 0)
      throw new Error(`the ledger ends after ${leaves.length} records`);
    for (let at = 0; at < bytes.length; at += 64) {
      leaves.push({
        logId: digestFromBytes(bytes.subarray(at, at + 32)) as LogId,
        recordId: digestFromBytes(bytes.subarray(at + 32, at + 64)) as RecordId,
      });
    }
  }
  return leaves.slice(0, logLength);
}

/** Rebuilds log and map; their roots must be the signed ones. */
async function replay(
  leaves: readonly Leaf[],
  heads: ReadonlyMap<LogId, Leaf>,
  { contents }: SignedCheckpoint,
): Promise<void> {
  const log = await MerkleLog.open(memoryLogStore());
  await log.append(leaves.map((leaf) => hashLeaf(logLeafBytes(leaf))));
  requireEqual(
    digestFromBytes(await log.rootAt(contents.logLength)),
    contents.logRoot,
    'the root of the log',
  );
  const map = await MerkleMap.open(memoryMapStore());
  const entries = [...heads.values()].map(
    ({ logId, recordId }) => [mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))] as const,
  );
  const { hash } = await map.update(EMPTY_MAP, entries);
  requireEqual(digestFromBytes(hash), contents.mapRoot, 'the root of the map');
}

async function fetchAll(
  registry: RegistryReader,
  logIds: readonly LogId[],
  logLength: number,
  limit: number,
) {
  const operator: PublishedEnvelope[] = [];
  const packages = new Map<LogId, PublishedEnvelope[]>(logIds.map((logId) => [logId, []]));
  const waiting = new Set(logIds);
  for (let more = true; more; ) {
    const answer = await registry.fetchLogs({
      logLength,
      limit,
      operator: operator.at(-1)?.fetchToken,
      packages: [...waiting].map((logId) => [logId, packages.get(logId)!.at(-1)?.fetchToken ?? null]),
      maxBytes: 8 * 1024 * 1024,
    });
    operator.push(...answer.operator);
    for (const [logId, records] of answer.packages) {
      packages.get(logId)!.push(...records);
      if (records.length < limit && !answer.more) waiting.delete(logId);
    }
    more = answer.more;
  }
  return { operator, packages };
}

function verifyOperator(
  records: readonly PublishedEnvelope[],
  checkpoint: SignedCheckpoint,
  key: PublicKey,
): void {
  const state = validateOperatorLog(emptyOperatorState, records);
  const [first] = decodeOperatorRecord(records[0]!.contentBytes).entries;
  if (first?.type !== 'init' || first.key !== key)
    throw new Error('the operator log is not begun by the operator');
  if (!maySignCheckpoints(state, checkpoint.keyId))
    throw new Error('the checkpoint is signed by a key that may not');
  verifyCheckpointSignature(checkpoint, state.keys.get(checkpoint.keyId)!);
}

/** The records of a log are the leaves that the ledger names, each where it says it is. */
function requireLeaves(
  logId: LogId,
  records: readonly PublishedEnvelope[],
  idOf: (bytes: Uint8Array) => RecordId,
  leaves: readonly Leaf[],
): void {
  for (const record of records) {
    const leaf = leaves[record.registryIndex];
    requireEqual(leaf?.logId, logId, `the log of leaf ${record.registryIndex}`);
    requireEqual(leaf?.recordId, idOf(record.contentBytes), `the record of leaf ${record.registryIndex}`);
  }
  requireEqual(
    records.length,
    leaves.filter((leaf) => leaf.logId === logId).length,
    `the records of ${logId}`,
  );
}

/** The signer must have been allowed to sign at the length that it signed. */
function verifySigner(checkpoint: SignedCheckpoint, operator: readonly PublishedEnvelope[]): void {
  const { logLength } = checkpoint.contents;
  const state = validateOperatorLog(
    emptyOperatorState,
    operator.filter(({ registryIndex }) => registryIndex < logLength),
  );
  requireEqual(maySignCheckpoints(state, checkpoint.keyId), true, `the signer at length ${logLength}`);
  verifyCheckpointSignature(checkpoint, state.keys.get(checkpoint.keyId)!);
}

async function verifyHistory(
  registry: RegistryReader,
  seen: readonly SignedCheckpoint[],
  latest: SignedCheckpoint,
  operator: readonly PublishedEnvelope[],
): Promise<void> {
  const byLength = new Map<number, SignedCheckpoint>();
  for (const checkpoint of [...seen, latest]) {
    verifySigner(checkpoint, operator);
    const { logLength, logRoot, mapRoot } = checkpoint.contents;
    const same = byLength.get(logLength);
    if (same !== undefined) {
      requireEqual(logRoot, same.contents.logRoot, `the log root at length ${logLength}`);
      requireEqual(mapRoot, same.contents.mapRoot, `the map root at length ${logLength}`);
    }
    byLength.set(logLength, checkpoint);
  }
  const lengths = [...byLength.keys()].sort((left, right) => left - right);
  requireEqual(lengths.at(-1), latest.contents.logLength, 'the greatest length that was signed');
  for (const [i, length] of lengths.entries()) {
    const next = lengths[i + 1];
    if (next === undefined) break;
    const older = byLength.get(length)!;
    const newer = byLength.get(next)!;
    if (newer.contents.timestamp < older.contents.timestamp)
      throw new Error('a longer log was signed earlier');
    verifyLogBundle(await registry.proveConsistency(length, next), {
      length: next,
      root: digestToBytes(newer.contents.logRoot),
      from: [{ length, root: digestToBytes(older.contents.logRoot) }],
    });
  }
}

function requireEqual<T>(found: T, expected: T, what: string): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
