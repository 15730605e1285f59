import { digestOf, encodeUtf8, generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  packageLogId,
  packageRecordId,
  parsePackageName,
  parseVersion,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';
import type { RegistryLog } from '../../src/registry/core-options.ts';
import { foldRecords } from '../../src/sequencer/fold.ts';
import { soleLeadership } from '../../src/sequencer/leadership.ts';
import { ensureOperatorLog } from '../../src/sequencer/operator-log.ts';
import { Sequencer } from '../../src/sequencer/sequencer.ts';
import { keySigner } from '../../src/sequencer/signer.ts';
import type { RegistryStore } from '../../src/store/registry-store.ts';
import type { NewRecord, StoredRecord } from '../../src/store/rows.ts';

export interface FillOptions {
  readonly operatorKey: PrivateKey;
  /** How many packages it shall have. Those that are there already, from an earlier call, count. */
  readonly packages: number;
  readonly namespace: string;
  /** Records of one checkpoint. */
  readonly batch?: number;
  readonly onProgress?: (packages: number) => void;
}

const silent: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };

/** The name of a package that was filled in. */
export function filledName(namespace: string, number: number): string {
  return `${namespace}:p${number}`;
}

/**
 * Fills a store with packages of one record each, which begins the package and releases a version: really signed, folded
 * and sequenced as those that come over the network, but many in one transaction. Pages that no newest checkpoint needs are
 * collected on the way.
 *
 * The first record of the log is the operator's: package number n is leaf n + 1.
 */
export async function fillStore(store: RegistryStore, options: FillOptions): Promise<void> {
  // PostgreSQL ends a transaction in which nothing is asked for some seconds, and folding takes some of a busy machine's time.
  const { operatorKey, packages, namespace, batch = 1000, onProgress = () => {} } = options;
  const signer = keySigner(operatorKey);
  const leadership = soleLeadership();
  const sequencer = new Sequencer({ store, leadership, signer, clock, log: silent });
  const namespaces = [{ namespace, state: 'defined' as const }];
  await ensureOperatorLog(sequencer, { signer, namespaces, clock, log: silent });
  const head = await store.read((reads) => reads.latestCheckpoint());
  const publisher = generatePrivateKey();
  for (let first = head!.logLength - 1; first < packages; first += batch) {
    const last = Math.min(first + batch, packages);
    const records = Array.from({ length: last - first }, (_, i) =>
      newRecord(namespace, first + i, publisher),
    );
    await publish(sequencer, records);
    const now = Math.floor(clock.now() / 1000);
    while ((await sequencer.collect(now, 5000)) === 5000);
    onProgress(last);
  }
}

function newRecord(namespace: string, number: number, key: PrivateKey): NewRecord {
  const packageName = parsePackageName(filledName(namespace, number));
  const content = digestOf(encodeUtf8(packageName));
  const acceptedAt = clock.now();
  const envelope = signPackageRecord(
    {
      prev: undefined,
      time: timestampFromMillis(acceptedAt),
      entries: [
        { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) },
        { type: 'release', version: parseVersion('1.0.0'), content },
      ],
    },
    key,
  );
  return {
    logId: packageLogId(packageName),
    recordId: packageRecordId(envelope.contentBytes),
    prev: undefined,
    envelope,
    packageName,
    address: '192.0.2.1',
    state: 'processing',
    contents: [{ digest: content, missing: false }],
    acceptedAt,
  };
}

async function publish(sequencer: Sequencer, records: readonly NewRecord[]): Promise<void> {
  const done = await sequencer.publish(async (transaction, logLength) => {
    await transaction.insertRecords(records);
    const stored = (await transaction.findRecords(records)) as StoredRecord[];
    const { published, rejected, parts } = await foldRecords(transaction, stored, silent);
    if (rejected.length > 0) throw new Error(`a record was rejected: ${rejected[0]!.reason}`);
    await transaction.changeStates(
      published.map(({ arrival }, i) => ({
        arrival,
        state: 'published' as const,
        registryIndex: logLength + i,
        changedAt: clock.now(),
      })),
    );
    return { published, parts, result: true };
  });
  if (done === undefined) throw new Error('somebody else writes to the store that is being filled');
}
