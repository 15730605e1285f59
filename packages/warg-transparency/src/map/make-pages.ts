// New pages: what an update decided, as bytes and hashes.

import { copyHash } from '../hashing/copy-hash.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import {
  BRANCH_BYTES,
  branchAt,
  emptyBranches,
  hashBranches,
  ID_BYTES,
  offsetIn,
  PAGE_FORMAT,
  PAGE_LEVELS,
  type Page,
  type Piece,
  PLACES,
  PlaceKind,
} from './page.ts';

/** A place of a page that becomes another one. */
export type PlaceChange = LeafChange | PageChange;

/** A place that has a single leaf below it. */
export interface LeafChange {
  readonly kind: typeof PlaceKind.leaf | typeof PlaceKind.tallLeaf;
  readonly place: number;
  readonly path: Uint8Array;
  readonly leaf: Hash;
  /** Of a tall leaf the hash at {@link KEPT_HEIGHT}. */
  readonly kept: Hash | undefined;
  /** The hash of the place. */
  readonly hash: Hash;
}

/** A place that has a page below it, which is made first. */
export interface PageChange {
  readonly kind: typeof PlaceKind.page;
  readonly place: number;
  readonly draft: PageDraft;
}

/** What a new page is made of. */
export interface PageDraft {
  readonly depth: number;
  /** The page that this one replaces. Its places are kept where there is no change. */
  readonly before: Page | undefined;
  /** By rising place, at least one. */
  readonly changes: readonly PlaceChange[];
  /** The page, once it is made. */
  page: Page | undefined;
}

/**
 * Makes the pages of drafts, whose pages below are made already, and gives them ids from `firstId` on. Every branch above a
 * place that changes is hashed, once, and those of all pages together.
 */
export function makePages(drafts: readonly PageDraft[], firstId: number): Page[] {
  const pages: Page[] = [];
  const changed: number[] = [];
  const kinds = drafts.map(kindsOf);
  const room = new PageRoom(kinds.map((each) => offsetIn(each, PLACES) + BRANCH_BYTES));
  for (let i = 0; i < drafts.length; i++) {
    const draft = drafts[i]!;
    const id = firstId + i;
    const { data, piece } = room.take(i, id);
    layPage(draft, kinds[i]!, data);
    const page: Page = { id, depth: draft.depth, kinds: kinds[i]!, data, piece };
    draft.page = page;
    pages.push(page);
    let places = 0;
    for (const { place } of draft.changes) places |= 1 << place;
    changed.push(places);
  }
  hashBranches(pages, changed);
  return pages;
}

/** How large the arrays are that pages have together: a few dozen pages. */
const PIECE_BYTES = 64 * 1024;

/** Arrays for pages of given sizes, in their order. */
class PageRoom {
  readonly #sizes: readonly number[];
  #bytes: Uint8Array = new Uint8Array(0);
  #piece: Piece | undefined;
  #used = 0;

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /** Zeros for page number i. */
  take(i: number, id: number): { readonly data: Uint8Array; readonly piece: Piece | undefined } {
    if (this.#used === this.#bytes.length) this.#next(i, id);
    const at = this.#used;
    this.#used += this.#sizes[i]!;
    const piece = this.#piece;
    if (piece === undefined) return { data: this.#bytes, piece };
    piece.last = id;
    return { data: this.#bytes.subarray(at, this.#used), piece };
  }

  /** An array for page number i, and for as many behind it as it has room for. */
  #next(i: number, id: number): void {
    let size = this.#sizes[i]!;
    let end = i + 1;
    for (; end < this.#sizes.length && size + this.#sizes[end]! <= PIECE_BYTES; end++)
      size += this.#sizes[end]!;
    this.#bytes = new Uint8Array(size);
    this.#piece = end === i + 1 ? undefined : { first: id, last: id, size, live: size };
    this.#used = 0;
  }
}

/** What will be in the places of a page. */
function kindsOf({ before, changes }: PageDraft): number {
  let kinds = before?.kinds ?? 0;
  for (const { place, kind } of changes) {
    const shift = 30 - 2 * place;
    kinds = (kinds & ~(3 << shift)) | (kind << shift);
  }
  return kinds;
}

/** Writes a page whose branches are those of the page before. */
function layPage({ depth, before, changes }: PageDraft, kinds: number, data: Uint8Array): void {
  if (before !== undefined && kinds === before.kinds) {
    data.set(before.data);
    data[0] = PAGE_FORMAT;
  } else layPlaces(data, before, kinds, changes, depth);
  for (const change of changes) {
    const at = offsetIn(kinds, change.place);
    if (change.kind === PlaceKind.page) {
      const below = change.draft.page!;
      writeId(data, at, below.id);
      copyHash(below.data, branchAt(below.data, 1), data, at + ID_BYTES);
    } else {
      const isTallLeaf = change.kind === PlaceKind.tallLeaf;
      data.set(change.path, at);
      data.set(change.leaf, at + HASH_BYTES);
      if (isTallLeaf) data.set(change.kept!, at + 2 * HASH_BYTES);
      data.set(change.hash, at + (isTallLeaf ? 3 : 2) * HASH_BYTES);
    }
  }
}

/** The bytes of a page with the places that are kept; the others are still to be written. */
function layPlaces(
  data: Uint8Array,
  before: Page | undefined,
  kinds: number,
  changes: readonly PlaceChange[],
  depth: number,
): void {
  const length = data.length - BRANCH_BYTES;
  data[0] = PAGE_FORMAT;
  data[1] = depth / PAGE_LEVELS;
  for (let i = 0; i < 4; i++) data[2 + i] = kinds >>> (24 - 8 * i);
  if (before === undefined) {
    data.set(emptyBranches(depth), length);
    return;
  }
  data.set(before.data.subarray(before.data.length - BRANCH_BYTES), length);
  // Places between two changes are next to each other, before and now.
  let from = 0;
  for (const { place } of changes) {
    copyPlaces(before, from, place, kinds, data);
    from = place + 1;
  }
  copyPlaces(before, from, PLACES, kinds, data);
}

/** Copies the places from one to another, which is excluded. */
function copyPlaces(before: Page, from: number, to: number, kinds: number, data: Uint8Array): void {
  const start = offsetIn(before.kinds, from);
  const end = offsetIn(before.kinds, to);
  if (end > start) data.set(before.data.subarray(start, end), offsetIn(kinds, from));
}

function writeId(bytes: Uint8Array, at: number, id: number): void {
  for (let i = ID_BYTES - 1, rest = id; i >= 0; i--, rest = Math.floor(rest / 256))
    bytes[at + i] = rest % 256;
}
