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
  const pages = drafts.map((draft, i) => {
    const page = layPage(draft, firstId + i);
    draft.page = page;
    return page;
  });
  hashBranches(
    pages,
    drafts.map(({ changes }) => changes.reduce((places, { place }) => places | (1 << place), 0)),
  );
  return pages;
}

/** A page whose branches are those of the page before. */
function layPage({ depth, before, changes }: PageDraft, id: number): Page {
  const old = before?.kinds ?? 0;
  let kinds = old;
  for (const { place, kind } of changes) {
    const shift = 30 - 2 * place;
    kinds = (kinds & ~(3 << shift)) | (kind << shift);
  }
  const data = new Uint8Array(offsetIn(kinds, PLACES) + BRANCH_BYTES);
  if (kinds === old && before !== undefined) {
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
      copyHash(change.path, 0, data, at);
      copyHash(change.leaf, 0, data, at + HASH_BYTES);
      if (isTallLeaf) copyHash(change.kept!, 0, data, at + 2 * HASH_BYTES);
      copyHash(change.hash, 0, data, at + (isTallLeaf ? 3 : 2) * HASH_BYTES);
    }
  }
  return { id, depth, kinds, data };
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
