// A registry in memory whose operator the tests are: made of the real log, map, records and signatures, so that it
// can also lie with valid signatures, which no honest server can be made to do. The real server is tried in
// apps/interop.

import { digestFromBytes, digestOf, generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  type Envelope,
  type LogId,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  OPERATOR_LOG_ID,
  type OperatorEntry,
  operatorRecordId,
  type PackageEntry,
  type PackageName,
  type PublishedEnvelope,
  packageLogId,
  packageRecordId,
  parsePackageName,
  parseVersion,
  type RecordId,
  type SignedCheckpoint,
  signCheckpoint,
  signOperatorRecord,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';
import {
  EMPTY_MAP,
  hashLeaf,
  type MapRoot,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
} from '@warg/transparency';

/** A record as it stands in the registry. */
interface Leaf {
  readonly logId: LogId;
  readonly recordId: RecordId;
}

export interface TestRegistry {
  readonly operatorKey: PrivateKey;
  /** Milliseconds; what is signed has this time. */
  now: number;
  readonly logs: Map<LogId, PublishedEnvelope[]>;
  readonly names: Map<LogId, PackageName>;
  readonly content: Map<string, Uint8Array>;
  readonly leaves: readonly Leaf[];
  readonly log: MerkleLog;
  readonly map: MerkleMap;
  /** The checkpoint that is served. */
  checkpoint: SignedCheckpoint;
  mapRootAt(length: number): MapRoot;
  /** Appends an operator record without any check, and does not sign a checkpoint. */
  appendOperator(entries: readonly OperatorEntry[], key: PrivateKey): Promise<void>;
  /** Appends package records without any check, and does not sign a checkpoint. */
  appendPackage(
    name: string,
    entries: readonly PackageEntry[],
    key: PrivateKey,
    time?: number,
  ): Promise<RecordId>;
  appendEnvelope(logId: LogId, envelope: Envelope): Promise<RecordId>;
  /** Signs the state of now. */
  sign(key?: PrivateKey): Promise<SignedCheckpoint>;
  release(name: string, version: string, bytes: Uint8Array, key: PrivateKey): Promise<void>;
}

/** A registry without records and without a checkpoint. */
export async function emptyRegistry(operatorKey: PrivateKey, now: number): Promise<TestRegistry> {
  const log = await MerkleLog.open(memoryLogStore());
  const map = await MerkleMap.open(memoryMapStore());
  const leaves: Leaf[] = [];
  const mapRoots: MapRoot[] = [EMPTY_MAP];
  const logs = new Map<LogId, PublishedEnvelope[]>();
  const names = new Map<LogId, PackageName>();
  const content = new Map<string, Uint8Array>();

  const self: TestRegistry = {
    operatorKey,
    now,
    logs,
    names,
    content,
    leaves,
    log,
    map,
    checkpoint: undefined as unknown as SignedCheckpoint,
    mapRootAt: (length) => mapRoots[length]!,
    async appendEnvelope(logId, envelope) {
      const recordId = (logId === OPERATOR_LOG_ID ? operatorRecordId : packageRecordId)(
        envelope.contentBytes,
      );
      const registryIndex = leaves.length;
      const records = logs.get(logId) ?? [];
      logs.set(logId, records);
      records.push({ ...envelope, registryIndex, fetchToken: `${logId}/${records.length}` });
      leaves.push({ logId, recordId });
      await log.append([hashLeaf(logLeafBytes({ logId, recordId }))]);
      mapRoots.push(
        await map.update(mapRoots.at(-1)!, [[mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))]]),
      );
      return recordId;
    },
    async appendOperator(entries, key) {
      const last = logs.get(OPERATOR_LOG_ID)?.at(-1);
      const prev = last && operatorRecordId(last.contentBytes);
      const time = timestampFromMillis(self.now);
      await self.appendEnvelope(OPERATOR_LOG_ID, signOperatorRecord({ prev, time, entries }, key));
    },
    async appendPackage(name, entries, key, time = self.now) {
      const parsed = parsePackageName(name);
      const logId = packageLogId(parsed);
      names.set(logId, parsed);
      const last = logs.get(logId)?.at(-1);
      const prev = last && packageRecordId(last.contentBytes);
      return self.appendEnvelope(
        logId,
        signPackageRecord({ prev, time: timestampFromMillis(time), entries }, key),
      );
    },
    async sign(key = operatorKey) {
      const logLength = leaves.length;
      self.checkpoint = signCheckpoint(
        {
          logLength,
          logRoot: digestFromBytes(await log.rootAt(logLength)),
          mapRoot: digestFromBytes(mapRoots[logLength]!.hash),
          timestamp: Math.floor(self.now / 1000),
        },
        key,
      );
      return self.checkpoint;
    },
    async release(name, version, bytes, key) {
      const digest = digestOf(bytes);
      content.set(digest, bytes);
      const isNew = !logs.has(packageLogId(parsePackageName(name)));
      const init: PackageEntry[] = isNew
        ? [{ type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) }]
        : [];
      await self.appendPackage(
        name,
        [...init, { type: 'release', version: parseVersion(version), content: digest }],
        key,
      );
      await self.sign();
    },
  };
  return self;
}

/** A registry with an operator log of one record, which defines the namespace `test`, and a signed checkpoint. */
export async function testRegistry(
  options: { readonly operatorKey?: PrivateKey; readonly now?: number } = {},
): Promise<TestRegistry> {
  const operatorKey = options.operatorKey ?? generatePrivateKey();
  const registry = await emptyRegistry(operatorKey, options.now ?? Date.now());
  await registry.appendOperator(
    [
      { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(operatorKey) },
      { type: 'defineNamespace', namespace: 'test' },
    ],
    operatorKey,
  );
  await registry.sign();
  return registry;
}

/** Makes a second registry that agrees with the first up to a length, and can go another way from there. */
export async function forkAt(registry: TestRegistry, length: number): Promise<TestRegistry> {
  const fork = await emptyRegistry(registry.operatorKey, registry.now);
  const positions = new Map<LogId, number>();
  for (const { logId } of registry.leaves.slice(0, length)) {
    const at = positions.get(logId) ?? 0;
    positions.set(logId, at + 1);
    await fork.appendEnvelope(logId, registry.logs.get(logId)![at]!);
    const name = registry.names.get(logId);
    if (name !== undefined) fork.names.set(logId, name);
  }
  for (const [digest, bytes] of registry.content) fork.content.set(digest, bytes);
  await fork.sign();
  return fork;
}
