import { type Digest, digestFromBytes } from '@warg/crypto';
import { type LogId, logLeafBytes, type RecordId } from '@warg/protocol';
import { type LogStore, MerkleLog } from '@warg/transparency';
import type { RegistryStore } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';
import { ImportError } from './errors.ts';
import { LEDGER_RECORD_BYTES, type RegistrySource } from './source.ts';

/** How many leaves are hashed at once. */
const LEAVES = 4096;

/** The ids of consecutive records of a registry's log: 64 bytes each. */
export class Ledger {
  /** The number of the first record. */
  readonly start: number;
  /** The number behind the last one. */
  readonly end: number;
  readonly #bytes: Uint8Array;

  constructor(start: number, bytes: Uint8Array) {
    this.start = start;
    this.end = start + bytes.length / LEDGER_RECORD_BYTES;
    this.#bytes = bytes;
  }

  at(index: number): RecordKey {
    const at = (index - this.start) * LEDGER_RECORD_BYTES;
    const middle = at + LEDGER_RECORD_BYTES / 2;
    return {
      logId: digestFromBytes(this.#bytes.subarray(at, middle)) as LogId,
      recordId: digestFromBytes(this.#bytes.subarray(middle, at + LEDGER_RECORD_BYTES)) as RecordId,
    };
  }

  /** Its records in groups of at most `size`. */
  *groups(size: number): Generator<{ readonly first: number; readonly keys: readonly RecordKey[] }> {
    for (let first = this.start; first < this.end; first += size) {
      const count = Math.min(size, this.end - first);
      yield { first, keys: Array.from({ length: count }, (_, i) => this.at(first + i)) };
    }
  }
}

/**
 * Reads which records a registry says to have at the numbers `start` to `end` (excluded).
 *
 * @throws ImportError `IMPORT_LEDGER_MISMATCH` if some are missing; and those of the source
 */
export async function fetchLedger(
  source: RegistrySource,
  start: number,
  end: number,
  onProgress: (done: number) => void = () => {},
): Promise<Ledger> {
  const bytes = new Uint8Array((end - start) * LEDGER_RECORD_BYTES);
  let at = start;
  const parts = at < end ? await source.ledger() : [];
  for (const { firstRegistryIndex: first, lastRegistryIndex: last, url } of parts) {
    if (at >= end) break;
    if (last < at) continue;
    if (first > at) break;
    const part = await source.ledgerPart(url);
    // The last part may have grown since, and may hold records that no checkpoint covers yet.
    const until = Math.min(last + 1, end);
    const wanted = part.subarray((at - first) * LEDGER_RECORD_BYTES, (until - first) * LEDGER_RECORD_BYTES);
    bytes.set(wanted, (at - start) * LEDGER_RECORD_BYTES);
    at += wanted.length / LEDGER_RECORD_BYTES;
    onProgress(at - start);
    if (at < until) break;
  }
  if (at >= end) return new Ledger(start, bytes);
  throw new ImportError(
    'IMPORT_LEDGER_MISMATCH',
    `expected the ledger of ${source.url} to name ${end} records, as many as its checkpoint signs, found none at number ${at}`,
  );
}

/**
 * Proves that these records, behind those of the store, are what was signed: so each of them is known by its id before it is
 * fetched. Nothing is written.
 *
 * @returns false if they do not lead to that root
 */
export async function leadsTo(store: RegistryStore, ledger: Ledger, logRoot: Digest): Promise<boolean> {
  const root = await store.read(async ({ logStore }) => {
    const log = await MerkleLog.open(overlay(logStore));
    if (log.length !== ledger.start) return undefined;
    for (const { keys } of ledger.groups(LEAVES)) {
      await log.appendLeaves(keys.map(logLeafBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return log.rootAt(ledger.end);
  });
  return root !== undefined && digestFromBytes(root) === logRoot;
}

/**
 * Looks for the first record in which a registry differs from the store.
 *
 * @returns undefined if it has all that the store has
 */
export async function firstDifference(
  store: RegistryStore,
  source: RegistrySource,
  end: number,
): Promise<{ readonly index: number; readonly here: RecordKey; readonly there: RecordKey } | undefined> {
  const theirs = await fetchLedger(source, 0, end);
  for (let first = 0; first < end; first += LEAVES) {
    const until = Math.min(first + LEAVES, end);
    const ours = new Ledger(first, await store.read((reads) => reads.ledger(first, until)));
    for (let index = first; index < Math.min(until, ours.end); index++) {
      const [here, there] = [ours.at(index), theirs.at(index)];
      if (here.logId !== there.logId || here.recordId !== there.recordId) return { index, here, there };
    }
  }
  return undefined;
}

/** A log that begins with what is stored, and keeps in memory what is appended. */
function overlay(stored: LogStore): LogStore {
  const tiles = new Map<string, Uint8Array>();
  let length: number | undefined;
  return {
    length: async () => length ?? stored.length(),
    readTiles: async (ids) => {
      const below = await stored.readTiles(ids);
      return ids.map(({ level, index }, i) => tiles.get(`${level}/${index}`) ?? below[i]);
    },
    write: async (change) => {
      length = change.length;
      for (const { level, index, hashes } of change.tiles) {
        // The log goes on using its arrays.
        tiles.set(`${level}/${index}`, new Uint8Array(hashes));
      }
    },
  };
}
