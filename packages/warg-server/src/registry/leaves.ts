import { mapKeyBytes, mapLeafBytes } from '@warg/protocol';
import { leafNotFound } from '@warg/protocol/api';
import { type Hash, hashLeaves, pathsOf } from '@warg/transparency';
import type { StoreReads } from '../store/registry-store.ts';

/** What a leaf of the log says of the map, as long as it is the last record of its log. */
export interface MapEntry {
  /** The path of its log in the map. */
  readonly path: Uint8Array;
  /** The hash of the leaf that stands there. */
  readonly leafHash: Hash;
}

/** How many leaves are kept: 9 MB where each of them was asked for. */
const KEPT = 2 ** 17;

const BYTES = 32;

/**
 * Leaves by their index, for those that are proved again and again. What stands at an index never changes.
 *
 * It is a table in which each index has one place, which it shares with those that are a multiple of the size apart: of a
 * registry with fewer records it holds all, in the order in which they stand, and nothing is made or freed for one.
 */
export class Leaves {
  readonly #size: number;
  /** The leaf that is in a place, plus one; 0 where there is none. */
  readonly #entries: Uint32Array;
  readonly #paths: Uint8Array;
  readonly #leafHashes: Uint8Array;

  constructor(most = KEPT) {
    this.#size = most;
    this.#entries = new Uint32Array(most);
    this.#paths = new Uint8Array(most * BYTES);
    this.#leafHashes = new Uint8Array(most * BYTES);
  }

  /**
   * Looks the leaves at some indices up, in their order.
   *
   * @throws ApiError 404 `leaf`
   */
  async at(reads: StoreReads, indices: readonly number[]): Promise<MapEntry[]> {
    const entries: MapEntry[] = [];
    const missing: number[] = [];
    indices.forEach((index, position) => {
      const place = index % this.#size;
      if (this.#entries[place] !== index + 1) missing.push(position);
      else {
        // Copied: another leaf may take the place while pages are read.
        const path = slotOf(this.#paths, place).slice();
        entries[position] = { path, leafHash: slotOf(this.#leafHashes, place).slice() };
      }
    });
    if (missing.length === 0) return entries;

    const rows = await reads.leavesAt(missing.map((position) => indices[position]!));
    const leaves = missing.map((position, i) => rows[i] ?? throwNotFound(indices[position]!));
    const paths = pathsOf(leaves.map(({ logId }) => mapKeyBytes(logId)));
    const leafHashes = hashLeaves(leaves.map(({ recordId }) => mapLeafBytes(recordId)));
    missing.forEach((position, i) => {
      const entry = { path: paths[i]!, leafHash: slotOf(leafHashes, i) };
      entries[position] = entry;
      this.#keep(indices[position]!, entry);
    });
    return entries;
  }

  #keep(index: number, { path, leafHash }: MapEntry): void {
    const place = index % this.#size;
    this.#entries[place] = index + 1;
    this.#paths.set(path, place * BYTES);
    this.#leafHashes.set(leafHash, place * BYTES);
  }
}

function throwNotFound(index: number): never {
  throw leafNotFound(index);
}

function slotOf(table: Uint8Array, place: number): Uint8Array {
  return table.subarray(place * BYTES, (place + 1) * BYTES);
}
