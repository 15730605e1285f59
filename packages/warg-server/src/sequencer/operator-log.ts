import { keyIdOf } from '@warg/crypto';
import {
  compareTimestamps,
  OPERATOR_LOG_ID,
  type OperatorEntry,
  operatorRecordId,
  timestampFromMillis,
} from '@warg/protocol';
import type { Clock, NamespaceDefinition, RegistryLog } from '../registry/core-options.ts';
import { operatorKeyMismatch, RegistryError } from '../registry/errors.ts';
import type { StoreReads, StoreTransaction } from '../store/registry-store.ts';
import type { LogPart, NamespaceRow } from '../store/rows.ts';
import { foldRecords } from './fold.ts';
import { keepOpen } from './keep-open.ts';
import type { Sequencer } from './sequencer.ts';
import { type OperatorSigner, signOperatorRecordWith } from './signer.ts';

export interface OperatorLogOptions {
  readonly signer: OperatorSigner;
  readonly namespaces: readonly NamespaceDefinition[];
  readonly clock: Clock;
  readonly log: RegistryLog;
}

/**
 * Makes the operator log what the options ask for: in a new store its first record, with the first checkpoint; in one that
 * is in use a further record if there are namespaces that it does not have.
 *
 * @throws RegistryError `OPERATOR_KEY_MISMATCH` | `NAMESPACE_CONFLICT` | `OPERATOR_RECORD_REFUSED`
 */
export async function ensureOperatorLog(sequencer: Sequencer, options: OperatorLogOptions): Promise<void> {
  for (;;) {
    const done = await sequencer.publish(async (transaction, logLength) => {
      const part = await readPart(transaction, options);
      const entries = entriesLacking(part, options);
      if (entries.length === 0) return { published: [], parts: [], result: true };
      const record = await insertOperatorRecord(transaction, part, entries, options);
      const { published, rejected, parts } = await foldRecords(transaction, [record], options.log);
      if (rejected[0] !== undefined) {
        throw new RegistryError(
          'OPERATOR_RECORD_REFUSED',
          `the operator log does not take the record that adds namespaces: ${rejected[0].reason}`,
        );
      }
      await transaction.changeStates([
        {
          arrival: record.arrival,
          state: 'published',
          registryIndex: logLength,
          changedAt: options.clock.now(),
        },
      ]);
      return { published, parts, result: true };
    });
    // Undefined: another process signed meanwhile. It may have added what is lacking, so look again.
    if (done !== undefined) return;
  }
}

async function readPart(reads: StoreReads, { signer, namespaces }: OperatorLogOptions): Promise<LogPart> {
  const [part] = await reads.logParts([
    {
      logId: OPERATOR_LOG_ID,
      keyIds: [keyIdOf(signer.publicKey)],
      versions: [],
      namespaces: namespaces.map(({ namespace }) => namespace),
    },
  ]);
  return part!;
}

function entriesLacking(part: LogPart, { signer, namespaces }: OperatorLogOptions): OperatorEntry[] {
  const key = signer.publicKey;
  const isNew = part.head === undefined;
  if (!isNew && part.keys[0]?.permissions.includes('commit') !== true) {
    throw operatorKeyMismatch(keyIdOf(key));
  }
  const entries: OperatorEntry[] = isNew ? [{ type: 'init', hashAlgorithm: 'sha256', key }] : [];
  const known = new Map(part.namespaces.map((row) => [row.namespace, row]));
  for (const wanted of namespaces) {
    const registry = wanted.state === 'imported' ? wanted.registry : undefined;
    const row: NamespaceRow = { namespace: wanted.namespace, registry };
    const found = known.get(wanted.namespace);
    if (found === undefined) entries.push(toEntry(row));
    else if (found.registry !== registry) throw conflict(found, row);
    known.set(wanted.namespace, row);
  }
  return entries;
}

function toEntry({ namespace, registry }: NamespaceRow): OperatorEntry {
  return registry === undefined
    ? { type: 'defineNamespace', namespace }
    : { type: 'importNamespace', namespace, registry };
}

function conflict(found: NamespaceRow, wanted: NamespaceRow): RegistryError {
  const describe = ({ registry }: NamespaceRow) =>
    registry === undefined ? 'defined here' : `imported from ${registry}`;
  return new RegistryError(
    'NAMESPACE_CONFLICT',
    `the operator log says for ever that the namespace ${found.namespace} is ${describe(found)}; ` +
      `it cannot be ${describe(wanted)}`,
  );
}

async function insertOperatorRecord(
  transaction: StoreTransaction,
  { head }: LogPart,
  entries: readonly OperatorEntry[],
  { signer, clock }: OperatorLogOptions,
) {
  const now = timestampFromMillis(clock.now());
  const time = head !== undefined && compareTimestamps(now, head.time) < 0 ? head.time : now;
  const prev = head?.recordId;
  const envelope = await keepOpen(transaction, () => signOperatorRecordWith(signer, { prev, time, entries }));
  const key = { logId: OPERATOR_LOG_ID, recordId: operatorRecordId(envelope.contentBytes) };
  await transaction.insertRecords([
    {
      ...key,
      prev,
      envelope,
      packageName: undefined,
      address: '',
      state: 'processing',
      contents: [],
      acceptedAt: clock.now(),
    },
  ]);
  const [record] = await transaction.findRecords([key]);
  return record!;
}
