import { type LogId, mapKeyBytes } from '@warg/protocol';
import { leafNotFound } from '@warg/protocol/api';
import { pathOf } from '@warg/transparency';
import type { StoreReads } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';
import { TwoGenerations } from './bounded-cache.ts';

/** A leaf of the log, with what proving it takes. */
export interface Leaf extends RecordKey {
  readonly index: number;
  /** The path of its log in the map. */
  readonly path: Uint8Array;
}

interface KeptLeaf extends Leaf {
  /** The greatest length at which it is known to be the last record of its log; 0 if none is. */
  headAt: number;
}

/** How many leaves are kept: some 12 MB. */
const KEPT = 20_000;

/**
 * Leaves by their index, for those that are proved again and again. What stands below a signed length never changes: not
 * the leaf, nor whether it was the last one of its log there.
 */
export class Leaves {
  readonly #kept: TwoGenerations<number, KeptLeaf>;

  constructor(most = KEPT) {
    this.#kept = new TwoGenerations(most);
  }

  /**
   * The leaves at some indices, in their order.
   *
   * @param logLength signed; all indices are below it
   * @returns also the first of them that is not the last record of its log at that length, if there is one
   * @throws ApiError 404 `leaf`
   */
  async at(
    reads: StoreReads,
    indices: readonly number[],
    logLength: number,
  ): Promise<{ readonly leaves: readonly Leaf[]; readonly passed: number | undefined }> {
    const leaves = await this.#find(reads, indices);
    const unknown = leaves.filter(({ headAt }) => headAt < logLength);
    if (unknown.length > 0) {
      const heads = await reads.lastIndexBelow(unknown.map(({ logId }) => ({ logId, logLength })));
      unknown.forEach((leaf, i) => {
        // Somebody else may have found it at a greater length meanwhile.
        if (heads[i] === leaf.index && leaf.headAt < logLength) leaf.headAt = logLength;
      });
    }
    const passed = leaves.findIndex(({ headAt }) => headAt < logLength);
    return { leaves, passed: passed < 0 ? undefined : passed };
  }

  async #find(reads: StoreReads, indices: readonly number[]): Promise<readonly KeptLeaf[]> {
    const found = indices.map((index) => this.#kept.get(index));
    const missing = indices.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) return found as KeptLeaf[];
    const rows = await reads.leavesAt(missing);
    let next = 0;
    return found.map((kept, i) => {
      if (kept !== undefined) return kept;
      const [index, row] = [indices[i]!, rows[next++]];
      if (row === undefined) throw leafNotFound(index);
      const { logId, recordId } = row;
      const leaf = { logId, recordId, index, path: pathOfLog(logId), headAt: 0 };
      this.#kept.set(index, leaf);
      return leaf;
    });
  }
}

function pathOfLog(logId: LogId): Uint8Array {
  return pathOf(mapKeyBytes(logId));
}
