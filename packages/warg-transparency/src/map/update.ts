// An update of the map in four steps: read every page that the new entries pass through, level by level; decide
// what each of those pages becomes; climb all leaves that get a place of their own at once; write the pages from the
// bottom up, hashing every changed branch once. Only the first step waits for the store.

import { equalBytes } from '@warg/crypto';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { MAP_HEIGHT } from './empty.ts';
import { isTall } from './kept-height.ts';
import { climbLeaves, confirmLeaves, type LeafChain, type ReadLeafChain } from './leaf-chains.ts';
import { type LeafChange, makePages, type PageDraft, type PlaceChange } from './make-pages.ts';
import {
  isLeafKind,
  type LoneLeaf,
  leafIn,
  linkIn,
  nodeHash,
  PAGE_LEVELS,
  type Page,
  PLACES,
  PlaceKind,
  placeKind,
  placeOfPath,
} from './page.ts';
import type { PageReader, PageRef } from './pages.ts';

/** An entry by its path. */
export interface PathEntry {
  /** The 256 bits that lead to the leaf: 32 bytes. */
  readonly path: Uint8Array;
  readonly leaf: Hash;
}

/** What an update changes. */
export interface PageChanges {
  /** New pages by rising id; the last is the root. Empty if nothing changed. */
  readonly pages: readonly Page[];
  /** Pages that are no longer reached. */
  readonly superseded: readonly number[];
}

/**
 * Works out the pages of the map with the entries set.
 *
 * @param root the root page; undefined for the empty map
 * @param entries sorted by path, no path twice
 * @param firstId the id of the first new page
 * @throws TransparencyError `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
 */
export async function updatePages(
  reader: PageReader,
  root: PageRef | undefined,
  entries: readonly PathEntry[],
  firstId: number,
): Promise<PageChanges> {
  const all = { entries, start: 0, end: entries.length };
  const loaded = root === undefined ? new Map<number, Page>() : await readTouched(reader, root, all);
  const leaves: PlacedLeaf[] = [];
  const draft = draftPage({ loaded, leaves }, root && loaded.get(root.id), 0, all);
  if (draft === undefined) return { pages: [], superseded: [] };
  climbLeaves(leaves);
  confirmLeaves(leaves.filter(hasMoved));
  return finishPages(draft, firstId);
}

/** An entry that is new, or one that must move because another comes near. */
interface UpdateEntry extends PathEntry {
  /** For one that must move: what the page says that it stands in. */
  readonly read?: LoneLeaf;
}

/** Entries that stand together in a list that is sorted by path: from `start` to `end`, which is excluded. */
interface Run {
  readonly entries: readonly UpdateEntry[];
  readonly start: number;
  readonly end: number;
}

/** Where the entries end that lead to the same place of a page at `depth` as the one at `start`. */
function endOfPlace({ entries, end }: Run, start: number, depth: number): number {
  const place = placeOfPath(entries[start]!.path, depth);
  let at = start + 1;
  while (at < end && placeOfPath(entries[at]!.path, depth) === place) at++;
  return at;
}

/** Reads all pages on the ways of the entries, one read a level. */
async function readTouched(reader: PageReader, root: PageRef, all: Run): Promise<Map<number, Page>> {
  const loaded = new Map<number, Page>();
  let refs = [root];
  let runs = [all];
  while (refs.length > 0) {
    const pages = await reader.read(refs, false);
    const nextRefs: PageRef[] = [];
    const nextRuns: Run[] = [];
    pages.forEach((page, i) => {
      loaded.set(page.id, page);
      const run = runs[i]!;
      for (let start = run.start, end = start; start < run.end; start = end) {
        end = endOfPlace(run, start, page.depth);
        const place = placeOfPath(run.entries[start]!.path, page.depth);
        if (placeKind(page, place) !== PlaceKind.page) continue;
        nextRefs.push(linkedPage(page, place));
        nextRuns.push({ entries: run.entries, start, end });
      }
    });
    refs = nextRefs;
    runs = nextRuns;
  }
  return loaded;
}

/** The page that a place of kind page links to. */
export function linkedPage(page: Page, place: number): PageRef {
  return { id: linkIn(page, place), depth: page.depth + PAGE_LEVELS, hash: nodeHash(page, PLACES + place) };
}

/** A leaf that gets a place of its own, and climbs to it. */
interface PlacedLeaf extends LeafChange, LeafChain {
  kept: Hash | undefined;
  readonly hash: Uint8Array;
  readonly read: LoneLeaf | undefined;
}

function hasMoved(leaf: PlacedLeaf): leaf is PlacedLeaf & ReadLeafChain {
  return leaf.read !== undefined;
}

/** What an update begins with, and what it collects on the way. */
interface Updating {
  readonly loaded: ReadonlyMap<number, Page>;
  /** The leaves to climb. */
  readonly leaves: PlacedLeaf[];
}

/** Decides what a page becomes; undefined if it stays. */
function draftPage(
  updating: Updating,
  before: Page | undefined,
  depth: number,
  run: Run,
): PageDraft | undefined {
  const changes: PlaceChange[] = [];
  for (let start = run.start, end = start; start < run.end; start = end) {
    end = endOfPlace(run, start, depth);
    const change = draftPlace(updating, before, depth, { entries: run.entries, start, end });
    if (change !== undefined) changes.push(change);
  }
  return changes.length === 0 ? undefined : { depth, before, changes, page: undefined };
}

/** Decides what becomes of the place that all entries of a run lead to; undefined if it stays. */
function draftPlace(
  updating: Updating,
  before: Page | undefined,
  depth: number,
  run: Run,
): PlaceChange | undefined {
  const first = run.entries[run.start]!;
  const place = placeOfPath(first.path, depth);
  const below = depth + PAGE_LEVELS;
  const kind = before === undefined ? PlaceKind.empty : placeKind(before, place);
  if (kind === PlaceKind.page) {
    const draft = draftPage(updating, updating.loaded.get(linkIn(before!, place))!, below, run);
    return draft && { kind: PlaceKind.page, place, draft };
  }
  let all = run;
  if (isLeafKind(kind)) {
    const old = leafIn(before!, place);
    const entries = run.entries.slice(run.start, run.end);
    const same = entries.find(({ path }) => equalBytes(path, old.path));
    if (same === undefined) {
      const moved: UpdateEntry = { path: old.path, leaf: old.leaf, read: old };
      all = { entries: [...entries, moved].sort(byPath), start: 0, end: entries.length + 1 };
    } else if (entries.length === 1 && equalBytes(same.leaf, old.leaf)) return undefined;
  }
  if (all.end - all.start > 1) {
    return { kind: PlaceKind.page, place, draft: draftPage(updating, undefined, below, all)! };
  }
  const { path, leaf, read } = first;
  const to = MAP_HEIGHT - below;
  const placed: PlacedLeaf = {
    kind: isTall(to) ? PlaceKind.tallLeaf : PlaceKind.leaf,
    place,
    path,
    leaf,
    to,
    kept: read?.kept,
    hash: new Uint8Array(HASH_BYTES),
    read,
  };
  updating.leaves.push(placed);
  return placed;
}

/** Makes the pages of a draft, the deepest first: a page names those below it. */
function finishPages(root: PageDraft, firstId: number): PageChanges {
  const levels: PageDraft[][] = [];
  for (let level = [root]; level.length > 0; ) {
    levels.push(level);
    const next: PageDraft[] = [];
    for (const { changes } of level) {
      for (const change of changes) if (change.kind === PlaceKind.page) next.push(change.draft);
    }
    level = next;
  }
  const pages: Page[] = [];
  const superseded: number[] = [];
  for (const level of levels.reverse()) {
    for (const page of makePages(level, firstId + pages.length)) pages.push(page);
    for (const { before } of level) if (before !== undefined) superseded.push(before.id);
  }
  return { pages, superseded };
}

/** Orders entries by path, for sorting. */
export function byPath(a: PathEntry, b: PathEntry): number {
  for (let i = 0; i < a.path.length; i++) {
    const difference = a.path[i]! - b.path[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
