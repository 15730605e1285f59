import { encodeHex } from '@warg/crypto';
import { ByteCache } from '../cache.ts';
import { TransparencyError } from '../errors.ts';
import type { Hash } from '../hashing/hash.ts';
import { hasHash, type Page, pageBytes, pageHash, parsePages } from './page.ts';
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
    this.#cache = new ByteCache(cacheBytes, pageBytes);
  }

  /** Keeps a page that was just written. */
  add(page: Page): void {
    this.#cache.set(page.id, page);
  }

  /** Forgets every page with an id above `last`. */
  forgetAbove(last: number): void {
    this.#cache.retain((_, id) => id <= last);
  }

  /**
   * The pages, in the order of the references, with at most one read of the store.
   *
   * @throws TransparencyError `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  async read(refs: readonly PageRef[]): Promise<Page[]> {
    const pages = refs.map((ref) => this.#cached(ref));
    const missing = new Map<number, PageRef>();
    refs.forEach((ref, i) => {
      if (pages[i] === undefined) missing.set(ref.id, ref);
    });
    if (missing.size === 0) return pages as Page[];
    const read = await this.#read([...missing.values()]);
    return refs.map((ref, i) => pages[i] ?? read.get(ref.id)!);
  }

  #cached(ref: PageRef): Page | undefined {
    const page = this.#cache.get(ref.id);
    // An id may be given again after a rollback; the hash tells whether this is the page that is meant.
    return page?.depth === ref.depth && hasHash(page, ref.hash) ? page : undefined;
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
