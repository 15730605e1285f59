import { digestFromBytes, digestToBytes } from '@warg/crypto';
import { type LogId, mapKeyBytes } from '@warg/protocol';
import { leafNotFound } from '@warg/protocol/api';
import { pathOf } from '@warg/transparency';
import type { StoreReads } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';

/** A leaf of the log that is not the last record of its log any more. */
export interface PassedLeaf extends RecordKey {
  /** Where it stands among those that were asked for. */
  readonly position: number;
}

/** What proving leaves takes. */
export interface LeavesToProve {
  /** For each leaf the path of its log in the map. */
  readonly paths: readonly Uint8Array[];
  /** The first of them that is not the last record of its log; undefined if each is. */
  readonly passed: PassedLeaf | undefined;
}

/** How many leaves are kept: 9 MB where each of them was asked for. */
const KEPT = 2 ** 17;

const BYTES = 32;

/**
 * Leaves by their index, for those that are proved again and again. What stands below a signed length never changes: not
 * the log of a leaf, nor whether it was the last one of its log there.
 *
 * It is a table in which each index has one place, which it shares with those that are a multiple of the size apart: of a
 * registry with fewer records it holds all, in the order in which they stand, and nothing is made or freed for one.
 */
export class Leaves {
  readonly #size: number;
  /** The leaf that is in a place, plus one; 0 where there is none. */
  readonly #entries: Uint32Array;
  /** The greatest length at which it is known to be the last record of its log; 0 if none is. */
  readonly #headAt: Uint32Array;
  readonly #logIds: Uint8Array;
  readonly #paths: Uint8Array;

  constructor(most = KEPT) {
    this.#size = most;
    this.#entries = new Uint32Array(most);
    this.#headAt = new Uint32Array(most);
    this.#logIds = new Uint8Array(most * BYTES);
    this.#paths = new Uint8Array(most * BYTES);
  }

  /**
   * Looks the leaves at some indices up, in their order.
   *
   * @param logLength signed; all indices are below it
   * @throws ApiError 404 `leaf`
   */
  async at(reads: StoreReads, indices: readonly number[], logLength: number): Promise<LeavesToProve> {
    const paths: Uint8Array[] = [];
    // Which positions are not known to be the last of their logs, and what those logs are, as far as that is known.
    const unknown: number[] = [];
    const logIds: (LogId | undefined)[] = [];
    indices.forEach((index, position) => {
      const place = index % this.#size;
      const isKept = this.#entries[place] === index + 1;
      if (isKept) paths[position] = slotOf(this.#paths, place).slice();
      if (isKept && this.#headAt[place]! >= logLength) return;
      unknown.push(position);
      logIds.push(isKept ? (digestFromBytes(slotOf(this.#logIds, place)) as LogId) : undefined);
    });
    if (unknown.length === 0) return { paths, passed: undefined };

    const missing = unknown.filter((_, i) => logIds[i] === undefined);
    const rows =
      missing.length === 0 ? [] : await reads.leavesAt(missing.map((position) => indices[position]!));
    let next = 0;
    const known = unknown.map((position, i) => {
      const logId = logIds[i];
      if (logId !== undefined) return logId;
      const row = rows[next++];
      if (row === undefined) throw leafNotFound(indices[position]!);
      paths[position] = pathOf(mapKeyBytes(row.logId));
      return row.logId;
    });
    const heads = await reads.lastIndexBelow(known.map((logId) => ({ logId, logLength })));
    let passed: number | undefined;
    unknown.forEach((position, i) => {
      const index = indices[position]!;
      const isHead = heads[i] === index;
      this.#keep(index, known[i]!, paths[position]!, isHead ? logLength : 0);
      if (!isHead) passed ??= i;
    });
    if (passed === undefined) return { paths, passed };
    const position = unknown[passed]!;
    const [leaf] = await reads.leavesAt([indices[position]!]);
    return { paths, passed: { ...leaf!, position } };
  }

  #keep(index: number, logId: LogId, path: Uint8Array, headAt: number): void {
    const place = index % this.#size;
    if (this.#entries[place] === index + 1) {
      // Somebody else may have found it at a greater length meanwhile.
      if (this.#headAt[place]! < headAt) this.#headAt[place] = headAt;
      return;
    }
    this.#entries[place] = index + 1;
    this.#headAt[place] = headAt;
    this.#logIds.set(digestToBytes(logId), place * BYTES);
    this.#paths.set(path, place * BYTES);
  }
}

function slotOf(table: Uint8Array, place: number): Uint8Array {
  return table.subarray(place * BYTES, (place + 1) * BYTES);
}
