// A page holds four levels of the map: the 16 places four levels below its root, and (in memory alone) the hashes
// in between. A place is empty, or the root of a further page, or the single leaf below it, wherever that is: a
// leaf needs no pages of its own down to level 256. Pages are never changed; an update writes new ones.
//
// As stored:  version (1) ‖ depth of its root / 4 ‖ kinds of the 16 places, 2 bits each, first place highest (4) ‖
//   for each place, in order:  leaf: path (32) ‖ leaf hash (32) ‖ hash of the place (32)
//                              page: id (6, big-endian) ‖ hash of the place (32)

import { encodeHex } from '@warg/crypto';
import { TransparencyError } from '../errors.ts';
import { hashBranchInto } from '../hashing/branch.ts';
import { HASH_BYTES, type Hash, hashPairs } from '../hashing/hash.ts';
import { emptyMapHash, isEmptyHash, MAP_HEIGHT } from './empty.ts';

/** The number of levels of a page. */
export const PAGE_LEVELS = 4;

/** The number of places at the bottom of a page. */
export const PLACES = 16;

/** What a place holds. */
export const PlaceKind = { empty: 0, leaf: 1, page: 2 } as const;

/** From so many places on that are not empty whole rows of a page are hashed, empty branches included. */
const ROWS_FROM = 6;

const FORMAT = 1;
const HEADER_BYTES = 6;
const ID_BYTES = 6;
const LEAF_BYTES = 3 * HASH_BYTES;
const LINK_BYTES = ID_BYTES + HASH_BYTES;

/** A page in memory. Never changed once it is made. */
export interface Page {
  readonly id: number;
  /** The depth of its root in the map: a multiple of four, 0 for the page at the root of the map. */
  readonly depth: number;
  /** As stored. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` the place begins; 0 for an empty one. */
  readonly offsets: Uint16Array;
  /** 32 hashes in heap order: 1 is the root of the page, 2n and 2n + 1 are below n, the places are 16 … 31. */
  readonly nodes: Uint8Array;
}

/** About how many bytes a page takes in memory. */
export function pageBytes(page: Page): number {
  return page.bytes.length + page.nodes.length + 500;
}

/** The hash of the root of a page: a view. */
export function pageHash(page: Page): Hash {
  return nodeHash(page, 1);
}

/** The hash of a node of a page, in heap order: a view. */
export function nodeHash(page: Page, node: number): Hash {
  return page.nodes.subarray(node * HASH_BYTES, (node + 1) * HASH_BYTES);
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
  return kindIn(page.bytes, place);
}

function kindIn(bytes: Uint8Array, place: number): number {
  return (bytes[2 + (place >> 2)]! >> (6 - 2 * (place & 3))) & 3;
}

/** The leaf in a place of kind leaf: views. */
export function leafIn(page: Page, place: number): { readonly path: Uint8Array; readonly leaf: Hash } {
  const at = page.offsets[place]!;
  return {
    path: page.bytes.subarray(at, at + HASH_BYTES),
    leaf: page.bytes.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES),
  };
}

/** The id of the page in a place of kind page. */
export function linkIn(page: Page, place: number): number {
  return readId(page.bytes, page.offsets[place]!);
}

/** What a new page has in a place. Undefined is empty. */
export type NewPlace =
  | { readonly type: 'kept' }
  | { readonly type: 'leaf'; readonly path: Uint8Array; readonly leaf: Hash; readonly hash: Hash }
  | { readonly type: 'page'; readonly id: number; readonly hash: Hash };

/** What a new page is made of. */
export interface NewPage {
  readonly id: number;
  readonly depth: number;
  /** The page that this one replaces, whose places can be kept. */
  readonly before: Page | undefined;
  /** 16 of them. */
  readonly places: readonly (NewPlace | undefined)[];
}

/** Makes pages. Every branch above a place that is not `kept` is hashed, once, and those of all pages together. */
export function makePages(pages: readonly NewPage[]): Page[] {
  const laid = pages.map(layPage);
  // Row by row, because a branch stands on those of the row below.
  for (let first = PLACES / 2; first >= 1; first /= 2) {
    const branches: Branch[] = [];
    for (const { page, changed } of laid) {
      for (let node = first; node < 2 * first; node++) {
        if (changed[2 * node] === 0 && changed[2 * node + 1] === 0) continue;
        changed[node] = 1;
        branches.push({ nodes: page.nodes, node });
      }
    }
    hashBranches(branches);
  }
  return laid.map(({ page }) => page);
}

/** A node of a page whose hash is to be made of those below it. */
interface Branch {
  readonly nodes: Uint8Array;
  readonly node: number;
}

/** Gathers the pairs of hashes, hashes them together, and puts the results in their places. */
function hashBranches(branches: readonly Branch[]): void {
  if (branches.length === 1) {
    hashNode(branches[0]!.nodes, branches[0]!.node);
    return;
  }
  const row = new Uint8Array(branches.length * 3 * HASH_BYTES);
  const results = 2 * branches.length;
  branches.forEach(({ nodes, node }, i) => {
    row.set(nodes.subarray(2 * node * HASH_BYTES, 2 * (node + 1) * HASH_BYTES), 2 * i * HASH_BYTES);
  });
  hashPairs(row, 0, results, branches.length);
  branches.forEach(({ nodes, node }, i) => {
    nodes.set(row.subarray((results + i) * HASH_BYTES, (results + i + 1) * HASH_BYTES), node * HASH_BYTES);
  });
}

/** A page whose branches are those of the page before, and which of its nodes are other ones. */
function layPage({ id, depth, before, places }: NewPage): {
  readonly page: Page;
  readonly changed: Uint8Array;
} {
  const bytes = new Uint8Array(
    places.reduce((sum, place, i) => sum + placeBytes(before, place, i), HEADER_BYTES),
  );
  const offsets = new Uint16Array(PLACES);
  const nodes = before === undefined ? emptyNodes(depth) : before.nodes.slice();
  const changed = new Uint8Array(2 * PLACES);
  bytes[0] = FORMAT;
  bytes[1] = depth / PAGE_LEVELS;
  let at = HEADER_BYTES;
  places.forEach((place, i) => {
    if (place === undefined) return;
    let kind: number;
    const start = at;
    if (place.type === 'kept') {
      kind = placeKind(before!, i);
      if (kind === PlaceKind.empty) return;
      const from = before!.offsets[i]!;
      const length = placeBytes(before, place, i);
      bytes.set(before!.bytes.subarray(from, from + length), at);
      at += length;
    } else {
      if (place.type === 'leaf') {
        kind = PlaceKind.leaf;
        bytes.set(place.path, at);
        bytes.set(place.leaf, at + HASH_BYTES);
        bytes.set(place.hash, at + 2 * HASH_BYTES);
        at += LEAF_BYTES;
      } else {
        kind = PlaceKind.page;
        writeId(bytes, at, place.id);
        bytes.set(place.hash, at + ID_BYTES);
        at += LINK_BYTES;
      }
      nodes.set(place.hash, (PLACES + i) * HASH_BYTES);
      changed[PLACES + i] = 1;
    }
    offsets[i] = start;
    bytes[2 + (i >> 2)]! |= kind << (6 - 2 * (i & 3));
  });
  return { page: { id, depth, bytes, offsets, nodes }, changed };
}

/**
 * Reads a page as it was stored.
 *
 * @throws TransparencyError `CORRUPT_PAGE`
 */
export function parsePage(id: number, depth: number, bytes: Uint8Array): Page {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT || bytes[1] !== depth / PAGE_LEVELS) {
    throw corrupt(
      id,
      `expected version ${FORMAT} for depth ${depth}, found ${encodeHex(bytes.subarray(0, 2))}`,
    );
  }
  const offsets = new Uint16Array(PLACES);
  const nodes = emptyNodes(depth);
  const filled = new Uint8Array(2 * PLACES);
  let at = HEADER_BYTES;
  for (let place = 0; place < PLACES; place++) {
    const kind = kindIn(bytes, place);
    if (kind === PlaceKind.empty) continue;
    if (kind !== PlaceKind.leaf && kind !== PlaceKind.page)
      throw corrupt(id, `place ${place} is of kind ${kind}`);
    offsets[place] = at;
    at += kind === PlaceKind.leaf ? LEAF_BYTES : LINK_BYTES;
    if (at > bytes.length) break;
    nodes.set(bytes.subarray(at - HASH_BYTES, at), (PLACES + place) * HASH_BYTES);
    filled[PLACES + place] = 1;
  }
  if (at !== bytes.length) throw corrupt(id, `expected ${at} bytes, found ${bytes.length}`);
  // A page that is nearly empty has few branches to hash; in a full one four at once are done sooner.
  const count = filled.subarray(PLACES).reduce((sum, each) => sum + each, 0);
  if (count >= ROWS_FROM) {
    for (let first = PLACES / 2; first >= 1; first /= 2) hashPairs(nodes, 2 * first, first, first);
  } else {
    for (let node = PLACES - 1; node >= 1; node--) {
      if (filled[2 * node] === 0 && filled[2 * node + 1] === 0) continue;
      filled[node] = 1;
      hashNode(nodes, node);
    }
  }
  return { id, depth, bytes, offsets, nodes };
}

/** Whether a node of a page is the root of an empty subtree. */
export function isEmptyNode(page: Page, node: number): boolean {
  return isEmptyHash(page.nodes, node * HASH_BYTES, nodeMapHeight(page.depth, node));
}

function placeBytes(before: Page | undefined, place: NewPlace | undefined, i: number): number {
  if (place === undefined) return 0;
  if (place.type === 'leaf') return LEAF_BYTES;
  if (place.type === 'page') return LINK_BYTES;
  const kind = placeKind(before!, i);
  return kind === PlaceKind.leaf ? LEAF_BYTES : kind === PlaceKind.page ? LINK_BYTES : 0;
}

function emptyNodes(depth: number): Uint8Array {
  const nodes = new Uint8Array(2 * PLACES * HASH_BYTES);
  for (let node = 1; node < 2 * PLACES; node++) {
    nodes.set(emptyMapHash(nodeMapHeight(depth, node)), node * HASH_BYTES);
  }
  return nodes;
}

function hashNode(nodes: Uint8Array, node: number): void {
  const left = 2 * node * HASH_BYTES;
  hashBranchInto(nodes, left, nodes, left + HASH_BYTES, nodes, node * HASH_BYTES);
}

function readId(bytes: Uint8Array, at: number): number {
  let id = 0;
  for (let i = 0; i < ID_BYTES; i++) id = 256 * id + bytes[at + i]!;
  return id;
}

function writeId(bytes: Uint8Array, at: number, id: number): void {
  for (let i = ID_BYTES - 1, rest = id; i >= 0; i--, rest = Math.floor(rest / 256))
    bytes[at + i] = rest % 256;
}

function corrupt(id: number, what: string): TransparencyError {
  return new TransparencyError('CORRUPT_PAGE', `page ${id} of the map is not what was written: ${what}`);
}
