import { StoredPieces } from './stored-pieces.ts';

/** A page of the map as a store keeps it: opaque bytes, never changed once written. */
export interface StoredPage {
  /** From 1, growing: a newer page has a greater id. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** One update, as a store sees it. */
export interface MapChange {
  /** The root page that the update began with; 0 for the empty map. */
  readonly from: number;
  /** The root page that it ends with: the greatest id of `pages`. */
  readonly root: number;
  /** All new pages, by rising id. */
  readonly pages: readonly StoredPage[];
  /** Pages that `from` reaches and `root` does not. They stay readable until they are collected. */
  readonly superseded: readonly number[];
}

/**
 * Where a map keeps its pages. Pages are only ever added, and collected when no root that is still needed reaches
 * them.
 *
 * A store makes one `write` visible as a whole or not at all; where several things must be committed together, it
 * writes inside the transaction of its caller.
 */
export interface MapStore {
  /** The greatest page id that is stored; 0 if there is none. */
  lastPage(): Promise<number>;
  /** The pages with these ids, in their order; undefined for one that is not stored. */
  readPages(ids: readonly number[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Adds pages and remembers which update superseded which. What was superseded by updates behind `change.from`
   * counts as needed again: the history forks there.
   */
  write(change: MapChange): Promise<void>;
  /**
   * Deletes pages that were superseded by updates up to the one that wrote root page `oldest`.
   *
   * @param limit how many at most
   * @returns how many were deleted
   */
  collect(oldest: number, limit: number): Promise<number>;
}

/** A map store that forgets everything with the process. */
export function memoryMapStore(): MapStore {
  const pages = new StoredPieces();
  const superseded = new Map<number, number>();
  let last = 0;
  let newestRoot = 0;
  return {
    async lastPage() {
      return last;
    },
    async readPages(ids) {
      return ids.map((id) => pages.get(id));
    },
    async write(change) {
      // Only a fork has to look through the history.
      if (change.from < newestRoot) {
        for (const [id, by] of superseded) if (by > change.from) superseded.delete(id);
      }
      newestRoot = change.root;
      pages.add(change.pages);
      for (const page of change.pages) last = Math.max(last, page.id);
      for (const id of change.superseded) superseded.set(id, change.root);
    },
    async collect(oldest, limit) {
      let count = 0;
      for (const [id, by] of superseded) {
        if (count === limit) break;
        if (by > oldest) continue;
        pages.delete(id);
        superseded.delete(id);
        count++;
      }
      return count;
    },
  };
}
