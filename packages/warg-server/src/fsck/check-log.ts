import { digestFromBytes, equalBytes, keyIdOf, type PublicKey } from '@warg/crypto';
import {
  emptyOperatorState,
  logLeafBytes,
  maySignCheckpoints,
  OPERATOR_LOG_ID,
  type OperatorState,
  operatorRecordId,
  packageRecordId,
  validateOperator,
  verifyCheckpointSignature,
} from '@warg/protocol';
import { hashLeaf, MerkleLog, memoryLogStore, TILE_WIDTH, type TileId } from '@warg/transparency';
import type { RegistryStore } from '../store/registry-store.ts';
import type { StoredCheckpoint, StoredRecord } from '../store/rows.ts';
import { messageOf, type Report } from './findings.ts';

const PAGE = 500;
const HASH_BYTES = 32;

export interface LogCheck {
  readonly store: RegistryStore;
  /** The checkpoint up to which is checked. */
  readonly head: StoredCheckpoint;
  readonly report: Report;
  /** Told how many records were read. */
  readonly onRecords: (count: number) => void;
}

/**
 * Reads all records in the order of the log: each has the id of its bytes, all together lead to the root of every checkpoint that
 * was signed, by a key that could sign it then, and the stored tiles are those of these records.
 *
 * For a record that is gone its hash in the stored tiles stands in: if the roots behind it come out as they were signed, then it
 * was that. Without one no root behind it can be computed, and the rest is checked all the same.
 */
export async function checkLog({ store, head, report, onRecords }: LogCheck): Promise<void> {
  const memory = memoryLogStore();
  const log = await MerkleLog.open(memory);
  const checkpoints = checkpointsOf(store, head);
  let next = await checkpoints.next();
  let previous: StoredCheckpoint | undefined;
  let operator = emptyOperatorState;
  const gaps = new Gaps(store);
  for (let first = 0; first < head.logLength; first += PAGE) {
    const indices = Array.from({ length: Math.min(PAGE, head.logLength - first) }, (_, i) => first + i);
    const leaves: Uint8Array[] = [];
    const found = await store.read(async (reads) => {
      const keys = await reads.leavesAt(indices);
      const records = await reads.findRecords(keys.filter((key) => key !== undefined));
      return {
        keys,
        records: new Map(records.flatMap((record) => (record ? [[record.recordId, record]] : []))),
      };
    });
    const append = async () => {
      await log.append(leaves.splice(0));
    };
    for (const [i, index] of indices.entries()) {
      const key = found.keys[i];
      const record = key && found.records.get(key.recordId);
      if (key === undefined || record === undefined) {
        leaves.push(await gaps.leafAt(index));
        report({
          code: 'RECORD_MISSING',
          where: `record ${index}`,
          message: `expected a published record at each index below ${head.logLength}, found none; ${gaps.consequence(index)}`,
        });
      } else {
        checkRecord(record, index, report);
        leaves.push(hashLeaf(logLeafBytes(key)));
        if (record.logId === OPERATOR_LOG_ID) operator = foldOperator(operator, record, index, report);
      }
      // Checkpoints of this length: usually one.
      while (!next.done && next.value.logLength <= index + 1) {
        await append();
        await checkCheckpoint(next.value, previous, gaps.unknown ? undefined : log, operator, report);
        previous = next.value;
        next = await checkpoints.next();
      }
    }
    await append();
    onRecords(Math.min(first + PAGE, head.logLength));
  }
  if (!gaps.unknown) await compareTiles(store, memory, head.logLength, report);
}

/** What stands in for records that are gone. */
class Gaps {
  readonly #store: RegistryStore;
  readonly #unknown = new Set<number>();
  #tile: { readonly index: number; readonly hashes: Uint8Array | undefined } | undefined;

  constructor(store: RegistryStore) {
    this.#store = store;
  }

  /** Whether there was one without a hash: nothing is known of any root behind it. */
  get unknown(): boolean {
    return this.#unknown.size > 0;
  }

  /** The hash of the leaf as it is stored in the tiles; zeros if that is gone, too. */
  async leafAt(index: number): Promise<Uint8Array> {
    const tile = Math.floor(index / TILE_WIDTH);
    if (this.#tile?.index !== tile) {
      const read = (id: TileId) => this.#store.read((reads) => reads.logStore.readTiles([id]));
      const [hashes] = await read({ level: 0, index: tile });
      this.#tile = { index: tile, hashes };
    }
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    const hash = this.#tile.hashes?.subarray(at, at + HASH_BYTES);
    if (hash?.length === HASH_BYTES) return hash;
    this.#unknown.add(index);
    return new Uint8Array(HASH_BYTES);
  }

  consequence(index: number): string {
    return this.#unknown.has(index)
      ? 'its hash is gone, too: no root of the log can be checked from here on'
      : 'what follows is checked with its hash in the stored tiles';
  }
}

async function* checkpointsOf(
  store: RegistryStore,
  head: StoredCheckpoint,
): AsyncGenerator<StoredCheckpoint, undefined> {
  for (let from = 0; ; ) {
    const page = await store.read((reads) => reads.checkpoints(from, PAGE));
    for (const checkpoint of page) {
      if (checkpoint.logLength > head.logLength) return undefined;
      yield checkpoint;
    }
    if (page.length < PAGE) return undefined;
    from = page.at(-1)!.sequence + 1;
  }
}

function checkRecord(record: StoredRecord, index: number, report: Report): void {
  const where = `record ${index} (${record.recordId})`;
  const idOf = record.logId === OPERATOR_LOG_ID ? operatorRecordId : packageRecordId;
  const id = idOf(record.envelope.contentBytes);
  if (id !== record.recordId) {
    report({
      code: 'RECORD_ID_MISMATCH',
      where,
      message: `expected bytes with this id, found some with ${id}`,
    });
  }
  if (record.state !== 'published' || record.registryIndex !== index) {
    const found = `${record.state} at ${record.registryIndex ?? 'no index'}`;
    report({
      code: 'RECORD_MISSING',
      where,
      message: `expected it to be published at ${index}, found it ${found}`,
    });
  }
}

function foldOperator(
  state: OperatorState,
  record: StoredRecord,
  index: number,
  report: Report,
): OperatorState {
  try {
    return validateOperator(state, record.envelope);
  } catch (error) {
    const where = `record ${index} (${record.recordId}) of the operator log`;
    report({ code: 'RECORD_INVALID', where, message: messageOf(error) });
    return state;
  }
}

async function checkCheckpoint(
  checkpoint: StoredCheckpoint,
  previous: StoredCheckpoint | undefined,
  log: MerkleLog | undefined,
  operator: OperatorState,
  report: Report,
): Promise<void> {
  const { sequence, logLength, logRoot, timestamp, keyId } = checkpoint;
  const where = `checkpoint ${sequence} (of ${logLength} records)`;
  const expected = (previous?.sequence ?? -1) + 1;
  if (sequence !== expected || logLength <= (previous?.logLength ?? 0)) {
    const message = `expected number ${expected} with more than ${previous?.logLength ?? 0} records`;
    report({ code: 'CHECKPOINT_ORDER', where, message });
  }
  if (timestamp < (previous?.timestamp ?? 0)) {
    const message = `expected it to be signed no earlier than the one before (${previous!.timestamp}), found ${timestamp}`;
    report({ code: 'CHECKPOINT_ORDER', where, message });
  }
  const root = log && (log.length >= logLength ? digestFromBytes(await log.rootAt(logLength)) : undefined);
  if (log !== undefined && root !== logRoot) {
    const message = `the records lead to ${root}, and what is signed is ${logRoot}`;
    report({ code: 'LOG_ROOT_MISMATCH', where, message });
  }
  const key = operator.keys.get(keyId as never) as PublicKey | undefined;
  if (key === undefined || keyIdOf(key) !== keyId || !maySignCheckpoints(operator, keyId)) {
    const message = `the operator log does not let the key ${keyId} sign checkpoints of that length`;
    report({ code: 'CHECKPOINT_SIGNATURE', where, message });
    return;
  }
  const { mapRoot, signature } = checkpoint;
  try {
    verifyCheckpointSignature({ contents: { logRoot, logLength, mapRoot, timestamp }, signature }, key);
  } catch (error) {
    report({ code: 'CHECKPOINT_SIGNATURE', where, message: messageOf(error) });
  }
}

/** The tiles that were made of the records here, and those that are stored: complete ones, and the common part of others. */
async function compareTiles(
  store: RegistryStore,
  memory: ReturnType<typeof memoryLogStore>,
  length: number,
  report: Report,
): Promise<void> {
  for (let level = 0, count = length; count > 0; level++, count = Math.floor(count / 256)) {
    const tiles = Math.ceil(count / 256);
    for (let first = 0; first < tiles; first += 64) {
      const ids = Array.from(
        { length: Math.min(64, tiles - first) },
        (_, i): TileId => ({ level, index: first + i }),
      );
      const [expected, stored] = [
        await memory.readTiles(ids),
        await store.read((reads) => reads.logStore.readTiles(ids)),
      ];
      ids.forEach((id, i) => {
        const mine = expected[i];
        const theirs = stored[i];
        if (mine === undefined) return;
        // A log that goes on has longer tiles at its end by now.
        if (theirs !== undefined && equalBytes(theirs.subarray(0, mine.length), mine)) return;
        const found = theirs === undefined ? 'none' : 'others';
        report({
          code: 'LOG_TILE_MISMATCH',
          where: `tile ${id.index} of level ${id.level} of the log`,
          message: `expected the hashes of the records, found ${found}`,
        });
      });
    }
  }
}
