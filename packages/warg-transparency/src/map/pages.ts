import { encodeHex } from '@warg/crypto';
import { ByteCache } from '../cache.ts';
import { TransparencyError } from '../errors.ts';
import type { Hash } from '../hashing/hash.ts';
import { hasHash, type Page, type Piece, pageBytes, pageHash, parsePages } from './page.ts';
import type { MapStore } from './store.ts';

/** Names a page by everything that is known of it before it is read. */
export interface PageRef {
  readonly id: number;
  readonly depth: number;
  /** The hash of its root. */
  readonly hash: Hash;
}

/** Reads pages, through a cache. Every page is checked against the hash that it must have. */
export class PageReader {
  readonly #store: MapStore;
  readonly #cache: ByteCache<Page>;

  constructor(store: MapStore, cacheBytes: number) {
    this.#store = store;
    this.#cache = new ByteCache(cacheBytes, pageBytes, (page) => this.#leavePiece(page));
  }

  /** Lets go of an array that pages have together once less than half of it is used: those that are left get their own. */
  #leavePiece({ piece, data }: Page): void {
    if (piece === undefined) return;
    const wasLeft = isLeft(piece);
    piece.live -= data.length;
    if (wasLeft || !isLeft(piece)) return;
    for (let id = piece.first; id <= piece.last; id++) {
      const page = this.#cache.peek(id);
      if (page?.piece === piece) this.#cache.replace(id, alone(page));
    }
  }

  /** Keeps a page that was just written. */
  add(page: Page): void {
    // Where there is little room, what it was made with may be gone already.
    this.#cache.set(page.id, page.piece !== undefined && isLeft(page.piece) ? alone(page) : page);
  }

  /** Forgets every page with an id above `last`. */
  forgetAbove(last: number): void {
    this.#cache.retain((_, id) => id <= last);
  }

  /**
   * The pages, in the order of the references, with at most one read of the store.
   *
   * @param isUse whether they are asked for because somebody wants to know what is in them: those stay longer than others. An
   *   update that reads pages replaces them.
   * @throws TransparencyError `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  async read(refs: readonly PageRef[], isUse = true): Promise<Page[]> {
    const pages: (Page | undefined)[] = [];
    let isMissing = false;
    for (const ref of refs) {
      const page = this.#cached(ref, isUse);
      pages.push(page);
      if (page === undefined) isMissing = true;
    }
    if (!isMissing) return pages as Page[];
    const missing = new Map<number, PageRef>();
    refs.forEach((ref, i) => {
      if (pages[i] === undefined) missing.set(ref.id, ref);
    });
    const read = await this.#read([...missing.values()]);
    return refs.map((ref, i) => pages[i] ?? read.get(ref.id)!);
  }

  #cached({ id, depth, hash }: PageRef, isUse: boolean): Page | undefined {
    const page = isUse ? this.#cache.get(id) : this.#cache.peek(id);
    // An id may be given again after a rollback; the hash tells whether this is the page that is meant.
    return page?.depth === depth && hasHash(page, hash) ? page : undefined;
  }

  /** Pages from the store, by their ids. */
  async #read(refs: readonly PageRef[]): Promise<Map<number, Page>> {
    const stored = await this.#store.readPages(refs.map(({ id }) => id));
    const pages = parsePages(
      refs.map(({ id, depth }, i) => {
        const bytes = stored[i];
        if (bytes !== undefined) return { id, depth, bytes };
        throw new TransparencyError(
          'PAGE_NOT_FOUND',
          `page ${id} of the map is not stored: its root is too old, or was never committed`,
        );
      }),
    );
    pages.forEach((page, i) => {
      const { hash } = refs[i]!;
      if (!hasHash(page, hash)) {
        throw new TransparencyError(
          'CORRUPT_PAGE',
          `expected page ${page.id} of the map to hash to ${encodeHex(hash)}, found ${encodeHex(pageHash(page))}`,
        );
      }
      this.#cache.set(page.id, page);
    });
    return new Map(pages.map((page) => [page.id, page]));
  }
}

/** Whether so little of an array is used that nothing is to keep it. */
function isLeft({ live, size }: Piece): boolean {
  return 2 * live < size;
}

/** The page with an array of its own. */
function alone(page: Page): Page {
  return { ...page, data: page.data.slice(), piece: undefined };
}
