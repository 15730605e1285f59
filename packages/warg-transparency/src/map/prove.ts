import { encodeHex, equalBytes } from '@warg/crypto';
import { TransparencyError } from '../errors.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { beginMapBundle, type MapProof, writeSibling } from './bundle.ts';
import { commonPrefix, EMPTY_HASHES, emptyMapHash, MAP_HEIGHT } from './empty.ts';
import { checkLeaves, climbLeaves, confirmLeaves, type ReadLeafChain } from './leaf-chains.ts';
import {
  branchAt,
  isEmptyNode,
  isLeafKind,
  type LoneLeaf,
  leafIn,
  nodeHash,
  nodeMapHeight,
  offsetIn,
  PAGE_LEVELS,
  type Page,
  PLACES,
  PlaceKind,
  placeKind,
  placeOfPath,
} from './page.ts';
import type { PageReader, PageRef } from './pages.ts';
import { linkedPage } from './update.ts';

/** The way from the root of the map to where a path ends. */
interface Trail {
  readonly path: Uint8Array;
  readonly steps: { readonly page: Page; readonly place: number }[];
  /** The single leaf in the last place: that of the path, or another that keeps it from being a page. */
  leaf: LoneLeaf | undefined;
}

/** Proofs that entries are in a map. */
export interface PresenceProof {
  /** `MapProofBundle` as protobuf: a proof for each path, in their order. */
  readonly bundle: Uint8Array;
  /** For each path the hash of the leaf that the map has there, as its pages say; nothing vouches for it but the proof. */
  readonly leafHashes: readonly Hash[];
}

/**
 * Proves presence, in the order of the paths. What stands in pages is copied from there into the bundle.
 *
 * @throws TransparencyError `KEY_NOT_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
 */
export async function provePresence(
  reader: PageReader,
  root: PageRef | undefined,
  paths: readonly Uint8Array[],
): Promise<PresenceProof> {
  const trails = await walk(reader, root, paths);
  const leafHashes = trails.map((trail) => requireLeaf(trail).leaf);
  return { bundle: encodePresence(trails), leafHashes };
}

/**
 * Proofs of presence as they are defined, in the order of the paths.
 *
 * Siblings are written as hashes even where they are empty, except those at the leaf's end, as the reference does.
 *
 * @throws TransparencyError `KEY_NOT_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
 */
export async function provePresencePlain(
  reader: PageReader,
  root: PageRef | undefined,
  paths: readonly Uint8Array[],
): Promise<MapProof[]> {
  const trails = await walk(reader, root, paths);
  return trails.map((trail) => {
    requireLeaf(trail);
    const siblings = siblingsOf(trail);
    const first = siblings.findIndex((hash) => hash !== undefined);
    // The root of the reference's map is a branch even over a single leaf, so its proof has one sibling.
    const above = first < 0 ? siblings.length - 1 : first;
    const height = MAP_HEIGHT - siblings.length;
    return siblings.slice(above).map((hash, i) => hash ?? emptyMapHash(height + above + i));
  });
}

/** What {@link provePresencePlain} proves, as a bundle. */
function encodePresence(trails: readonly Trail[]): Uint8Array {
  const counts = trails.map((trail) => PAGE_LEVELS * trail.steps.length - emptyAtEnd(trail));
  const { bytes, starts } = beginMapBundle(counts);
  trails.forEach(({ steps }, i) => {
    let at = starts[i]!;
    let skipped = PAGE_LEVELS * steps.length - counts[i]!;
    for (let step = steps.length - 1; step >= 0; step--) {
      const { page, place } = steps[step]!;
      for (let level = 0; level < PAGE_LEVELS; level++) {
        if (skipped > 0) skipped--;
        else at = copySibling(page, (PLACES + place) >> level, bytes, at);
      }
    }
  });
  return bytes;
}

/** How many siblings at the leaf's end of a trail are empty; one is left if all are. */
function emptyAtEnd({ steps }: Trail): number {
  let empty = 0;
  for (let step = steps.length - 1; step >= 0; step--) {
    const { page, place } = steps[step]!;
    for (let level = 0; level < PAGE_LEVELS; level++, empty++) {
      if (!isEmptyNode(page, ((PLACES + place) >> level) ^ 1)) return empty;
    }
  }
  return empty - 1;
}

/** Writes the hash beside a node of a page into a bundle, and returns where that ends. */
function copySibling(page: Page, node: number, bytes: Uint8Array, at: number): number {
  const { depth, kinds, data } = page;
  const sibling = node ^ 1;
  if (isEmptyNode(page, sibling)) {
    return writeSibling(EMPTY_HASHES, nodeMapHeight(depth, sibling) * HASH_BYTES, bytes, at);
  }
  const from =
    sibling < PLACES ? branchAt(data, sibling) : offsetIn(kinds, sibling - PLACES + 1) - HASH_BYTES;
  return writeSibling(data, from, bytes, at);
}

/**
 * Proofs of absence, in the order of the paths: the siblings of the empty leaf. Empty ones are absent hashes, and
 * those at the leaf's end are left out.
 *
 * @throws TransparencyError `KEY_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
 */
export async function proveAbsence(
  reader: PageReader,
  root: PageRef | undefined,
  paths: readonly Uint8Array[],
): Promise<MapProof[]> {
  const trails = await walk(reader, root, paths);
  const chains: ReadLeafChain[] = [];
  const proofs = trails.map((trail) => {
    const siblings = siblingsOf(trail);
    if (trail.leaf !== undefined) {
      if (equalBytes(trail.leaf.path, trail.path)) {
        throw new TransparencyError(
          'KEY_FOUND',
          `the map has an entry with the path ${encodeHex(trail.path)}`,
        );
      }
      // Where the ways to the leaf and to the empty place part, the leaf is alone on the other side.
      const to = MAP_HEIGHT - 1 - commonPrefix(trail.path, trail.leaf.path);
      const { path, leaf, kept } = trail.leaf;
      const hash = new Uint8Array(HASH_BYTES);
      chains.push({ path, leaf, to, kept, hash, read: trail.leaf });
      const between = MAP_HEIGHT - siblings.length - (to + 1);
      return [hash, ...new Array<undefined>(between).fill(undefined), ...siblings];
    }
    const first = siblings.findIndex((hash) => hash !== undefined);
    return first < 0 ? [] : siblings.slice(first);
  });
  climbLeaves(chains);
  confirmLeaves(chains);
  return proofs;
}

/**
 * Checks all that the pages on the ways of paths hold of their leaves.
 *
 * @throws TransparencyError `KEY_NOT_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
 */
export async function checkPaths(
  reader: PageReader,
  root: PageRef | undefined,
  paths: readonly Uint8Array[],
): Promise<void> {
  checkLeaves((await walk(reader, root, paths)).map(requireLeaf));
}

/** @throws TransparencyError `KEY_NOT_FOUND` */
function requireLeaf({ path, leaf }: Trail): LoneLeaf {
  if (leaf !== undefined && equalBytes(leaf.path, path)) return leaf;
  throw new TransparencyError('KEY_NOT_FOUND', `nothing in the map has the path ${encodeHex(path)}`);
}

/** The trails that lead to one page. */
interface Arrivals {
  readonly ref: PageRef;
  readonly trails: Trail[];
}

/** Follows every path as far as there are pages, one read a level. Of the trails to one page each finds it once. */
async function walk(
  reader: PageReader,
  root: PageRef | undefined,
  paths: readonly Uint8Array[],
): Promise<Trail[]> {
  const trails = paths.map((path): Trail => ({ path, steps: [], leaf: undefined }));
  let level: Arrivals[] = root === undefined ? [] : [{ ref: root, trails }];
  while (level.length > 0) {
    const pages = await reader.read(level.map(({ ref }) => ref));
    const next: Arrivals[] = [];
    pages.forEach((page, i) => {
      const below: (Arrivals | undefined)[] = [];
      for (const trail of level[i]!.trails) {
        const place = placeOfPath(trail.path, page.depth);
        trail.steps.push({ page, place });
        const kind = placeKind(page, place);
        if (isLeafKind(kind)) trail.leaf = leafIn(page, place);
        else if (kind === PlaceKind.page) {
          const known = below[place];
          if (known !== undefined) known.trails.push(trail);
          else {
            const arrivals = { ref: linkedPage(page, place), trails: [trail] };
            below[place] = arrivals;
            next.push(arrivals);
          }
        }
      }
    });
    level = next;
  }
  return trails;
}

/** The siblings of a trail from its last place upwards; undefined for empty ones. */
function siblingsOf(trail: Trail): (Hash | undefined)[] {
  const siblings: (Hash | undefined)[] = [];
  for (let i = trail.steps.length - 1; i >= 0; i--) {
    const { page, place } = trail.steps[i]!;
    let node = PLACES + place;
    for (let level = 0; level < PAGE_LEVELS; level++) {
      const sibling = node ^ 1;
      siblings.push(isEmptyNode(page, sibling) ? undefined : nodeHash(page, sibling));
      node >>= 1;
    }
  }
  return siblings;
}
