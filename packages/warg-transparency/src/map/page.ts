// A page holds four levels of the map: the 16 places four levels below its root, and (in memory alone) the hashes
// in between. A place is empty, or the root of a further page, or the single leaf below it, wherever that is: a
// leaf needs no pages of its own down to level 256. Pages are never changed; an update writes new ones.
//
// As stored:  version (2) ‖ depth of its root / 4 ‖ kinds of the 16 places, 2 bits each, first place highest (4) ‖
//   for each place, in order:  leaf:      path (32) ‖ leaf hash (32) ‖ hash of the place (32)
//                              tall leaf: path (32) ‖ leaf hash (32) ‖ hash at depth 40 (32) ‖ hash of the place (32)
//                              page:      id (6, big-endian) ‖ hash of the place (32)
//
// Version 1 is the same without tall leaves. Its pages are read as they are; pages that replace them are written in version 2,
// where their leaves are tall as soon as they are climbed again.
//
// The hash of a page vouches for the hashes of its places and for nothing else of a leaf. What is computed from the path, the
// leaf hash or the hash at depth 40 is therefore climbed on to the place and compared with its hash (`leaf-chains.ts`).

import { encodeHex } from '@warg/crypto';
import { TransparencyError } from '../errors.ts';
import { BranchRow } from '../hashing/branch-row.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { EMPTY_HASHES, emptyMapHash, MAP_HEIGHT } from './empty.ts';
import { isTall } from './kept-height.ts';

/** The number of levels of a page. */
export const PAGE_LEVELS = 4;

/** The number of places at the bottom of a page. */
export const PLACES = 16;

/** What a place holds. */
export const PlaceKind = { empty: 0, leaf: 1, page: 2, tallLeaf: 3 } as const;

export const PAGE_FORMAT = 2;
/** Without tall leaves. */
const FIRST_PAGE_FORMAT = 1;
export const HEADER_BYTES = 6;
export const ID_BYTES = 6;
export const LEAF_BYTES = 3 * HASH_BYTES;
const TALL_LEAF_BYTES = LEAF_BYTES + HASH_BYTES;
export const LINK_BYTES = ID_BYTES + HASH_BYTES;

/** The branches of a page: all of its nodes but the places. */
const BRANCHES = PLACES - 1;
export const BRANCH_BYTES = BRANCHES * HASH_BYTES;

/** A page in memory. Never changed once it is made. */
export interface Page {
  readonly id: number;
  /** The depth of its root in the map: a multiple of four, 0 for the page at the root of the map. */
  readonly depth: number;
  /** What is in its places, 2 bits each, the first place highest: 32 bits. */
  readonly kinds: number;
  /**
   * The page as stored, and behind it the hashes of its branches in heap order: 1 is the root of the page, 2n and 2n + 1 are
   * below n. The places are 16 … 31.
   */
  readonly data: Uint8Array;
  /** What its data is a part of, if it is not an array of its own. */
  readonly piece?: Piece | undefined;
}

/** An array that pages have together which were made together. Of many small ones the collector of garbage has much to do. */
export interface Piece {
  /** Its pages have the ids from the first to the last. */
  readonly first: number;
  last: number;
  readonly size: number;
  /** How many of its bytes belong to pages that are not dropped yet. */
  live: number;
}

/** About how many bytes a page takes in memory. */
export function pageBytes(page: Page): number {
  return page.data.length + 300;
}

/** The page as a store keeps it: a view. */
export function storedBytes(page: Page): Uint8Array {
  return page.data.subarray(0, page.data.length - BRANCH_BYTES);
}

/** Where in the data of a page a branch stands. */
export function branchAt(data: Uint8Array, node: number): number {
  return data.length - BRANCH_BYTES + (node - 1) * HASH_BYTES;
}

/** The hash of the root of a page: a view. */
export function pageHash(page: Page): Hash {
  return nodeHash(page, 1);
}

/** Whether a page has the hash. */
export function hasHash({ data }: Page, hash: Hash): boolean {
  const at = branchAt(data, 1);
  for (let i = 0; i < HASH_BYTES; i++) if (data[at + i] !== hash[i]) return false;
  return true;
}

/** The hash of a node of a page, in heap order: a view. */
export function nodeHash({ depth, kinds, data }: Page, node: number): Hash {
  if (node >= PLACES && kindIn(kinds, node - PLACES) === PlaceKind.empty) {
    return emptyMapHash(nodeMapHeight(depth, node));
  }
  const at = node < PLACES ? branchAt(data, node) : offsetIn(kinds, node - PLACES + 1) - HASH_BYTES;
  return data.subarray(at, at + HASH_BYTES);
}

/** The height in the map of a node of a page at a depth. */
export function nodeMapHeight(depth: number, node: number): number {
  return MAP_HEIGHT - depth - (31 - Math.clz32(node));
}

/** The place that a path leads to below a page at a depth. */
export function placeOfPath(path: Uint8Array, depth: number): number {
  const byte = path[depth >> 3]!;
  return (depth & 7) === 0 ? byte >> 4 : byte & 15;
}

export function placeKind(page: Page, place: number): number {
  return kindIn(page.kinds, place);
}

/** What is in a place. */
export function kindIn(kinds: number, place: number): number {
  return (kinds >>> (30 - 2 * place)) & 3;
}

/** Whether it is one of a leaf, tall or not. */
export function isLeafKind(kind: number): boolean {
  return (kind & PlaceKind.leaf) !== 0;
}

/** Leaves have the lower of their two bits, links to pages the higher, tall leaves both. */
const LEAF_BITS = 0x55555555;

/** Where in the bytes of a page a place begins; for 16, where they end. An empty place has no bytes. */
export function offsetIn(kinds: number, place: number): number {
  const before = place === 0 ? 0 : kinds >>> (32 - 2 * place);
  const low = before & LEAF_BITS;
  const high = (before >>> 1) & LEAF_BITS;
  return (
    HEADER_BYTES +
    LEAF_BYTES * ones(low) +
    LINK_BYTES * ones(high) +
    (TALL_LEAF_BYTES - LEAF_BYTES - LINK_BYTES) * ones(low & high)
  );
}

/** The number of one bits. */
function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The leaf in a place of a kind of leaf: views. */
export function leafIn(page: Page, place: number): LoneLeaf {
  const { kinds, data } = page;
  const at = offsetIn(kinds, place);
  const isTallLeaf = kindIn(kinds, place) === PlaceKind.tallLeaf;
  return {
    page,
    place,
    path: data.subarray(at, at + HASH_BYTES),
    leaf: data.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES),
    kept: isTallLeaf ? data.subarray(at + 2 * HASH_BYTES, at + 3 * HASH_BYTES) : undefined,
  };
}

/** The id of the page in a place of kind page. */
export function linkIn({ kinds, data }: Page, place: number): number {
  const at = offsetIn(kinds, place);
  let id = 0;
  for (let i = 0; i < ID_BYTES; i++) id = 256 * id + data[at + i]!;
  return id;
}

/** Whether a node of a page is the root of an empty subtree. */
export function isEmptyNode(page: Page, node: number): boolean {
  const below = PAGE_LEVELS - (31 - Math.clz32(node));
  const first = (node << below) - PLACES;
  // The kinds of the 2^below places below it, at the lowest bits.
  const kinds = page.kinds >>> (32 - 2 * (first + (1 << below)));
  return below === PAGE_LEVELS ? kinds === 0 : (kinds & ((1 << (2 << below)) - 1)) === 0;
}

/** A leaf that stands alone below a place. */
export interface LoneLeaf {
  readonly page: Page;
  readonly place: number;
  readonly path: Uint8Array;
  readonly leaf: Hash;
  /** Of a tall leaf the hash at {@link KEPT_HEIGHT}. */
  readonly kept: Hash | undefined;
}

/** A page as it was stored. */
export interface StoredPageBytes {
  readonly id: number;
  readonly depth: number;
  readonly bytes: Uint8Array;
}

/**
 * Reads pages as they were stored. The branches of all of them are hashed together.
 *
 * @throws TransparencyError `CORRUPT_PAGE`
 */
export function parsePages(stored: readonly StoredPageBytes[]): Page[] {
  const pages = stored.map(parsePlaces);
  hashBranches(
    pages,
    pages.map(({ kinds }) => filledPlaces(kinds)),
  );
  return pages;
}

/** A page whose branches are those of an empty one. */
function parsePlaces({ id, depth, bytes }: StoredPageBytes): Page {
  const version = bytes[0]!;
  const isKnown = version === PAGE_FORMAT || version === FIRST_PAGE_FORMAT;
  if (bytes.length < HEADER_BYTES || !isKnown || bytes[1] !== depth / PAGE_LEVELS) {
    const found = encodeHex(bytes.subarray(0, 2));
    throw corruptPage(id, `expected a version up to ${PAGE_FORMAT} for depth ${depth}, found ${found}`);
  }
  const mayBeTall = version === PAGE_FORMAT && isTall(nodeMapHeight(depth, PLACES));
  const kinds = (bytes[2]! << 24) | (bytes[3]! << 16) | (bytes[4]! << 8) | bytes[5]!;
  for (let place = 0; place < PLACES; place++) {
    const kind = kindIn(kinds, place);
    if (kind === PlaceKind.tallLeaf && !mayBeTall) throw corruptPage(id, `place ${place} is of kind ${kind}`);
  }
  const length = offsetIn(kinds, PLACES);
  if (length !== bytes.length) throw corruptPage(id, `expected ${length} bytes, found ${bytes.length}`);
  const data = new Uint8Array(length + BRANCH_BYTES);
  data.set(bytes);
  data.set(emptyBranches(depth), length);
  return { id, depth, kinds, data };
}

/** A bit for each place that is not empty, the first place lowest. */
function filledPlaces(kinds: number): number {
  let places = 0;
  for (let place = 0; place < PLACES; place++) {
    if (kindIn(kinds, place) !== PlaceKind.empty) places |= 1 << place;
  }
  return places;
}

/**
 * Hashes every branch above the places of a page that are set in its number, a bit for each, the first place lowest; the
 * branches of all pages together.
 */
export function hashBranches(pages: readonly Page[], changedPlaces: readonly number[]): void {
  const row = new BranchRow(pages.length * (PLACES / 2));
  const changed = changedPlaces.slice();
  // Row by row, because a branch stands on those of the row below.
  for (let first = PLACES / 2; first >= 1; first /= 2) {
    for (let i = 0; i < pages.length; i++) {
      const page = pages[i]!;
      const below = changed[i]!;
      let mine = 0;
      for (let node = first; node < 2 * first; node++) {
        if (((below >> (2 * (node - first))) & 3) === 0) continue;
        mine |= 1 << (node - first);
        if (first === PLACES / 2) addOverPlaces(row, page, node);
        else addOverBranches(row, page.data, node);
      }
      changed[i] = mine;
    }
    row.hash();
  }
}

function addOverBranches(row: BranchRow, data: Uint8Array, node: number): void {
  const left = branchAt(data, 2 * node);
  row.add(data, left, data, left + HASH_BYTES, data, branchAt(data, node));
}

function addOverPlaces(row: BranchRow, { depth, kinds, data }: Page, node: number): void {
  const place = 2 * node - PLACES;
  const empty = nodeMapHeight(depth, PLACES) * HASH_BYTES;
  const isLeftEmpty = kindIn(kinds, place) === PlaceKind.empty;
  const isRightEmpty = kindIn(kinds, place + 1) === PlaceKind.empty;
  row.add(
    isLeftEmpty ? EMPTY_HASHES : data,
    isLeftEmpty ? empty : offsetIn(kinds, place + 1) - HASH_BYTES,
    isRightEmpty ? EMPTY_HASHES : data,
    isRightEmpty ? empty : offsetIn(kinds, place + 2) - HASH_BYTES,
    data,
    branchAt(data, node),
  );
}

const EMPTY_BRANCHES: (Uint8Array | undefined)[] = [];

/** The branches of a page without entries. */
export function emptyBranches(depth: number): Uint8Array {
  let branches = EMPTY_BRANCHES[depth / PAGE_LEVELS];
  if (branches === undefined) {
    branches = new Uint8Array(BRANCH_BYTES);
    for (let node = 1; node < PLACES; node++) {
      branches.set(emptyMapHash(nodeMapHeight(depth, node)), (node - 1) * HASH_BYTES);
    }
    EMPTY_BRANCHES[depth / PAGE_LEVELS] = branches;
  }
  return branches;
}

export function corruptPage(id: number, what: string): TransparencyError {
  return new TransparencyError('CORRUPT_PAGE', `page ${id} of the map is not what was written: ${what}`);
}
