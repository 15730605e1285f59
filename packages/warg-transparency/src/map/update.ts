// An update of the map in four steps: read every page that the new entries pass through, level by level; decide
// what each of those pages becomes; climb all chains of new single leaves at once; write the pages from the
// bottom up, hashing every changed branch once. Only the first step waits for the store.

import { equalBytes } from '@warg/crypto';
import type { Hash } from '../hashing/hash.ts';
import { type EmptyChain, hashEmptyChains, MAP_HEIGHT } from './empty.ts';
import {
  leafIn,
  linkIn,
  makePages,
  type NewPlace,
  nodeHash,
  PAGE_LEVELS,
  type Page,
  PLACES,
  PlaceKind,
  pageHash,
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
  const loaded = root === undefined ? new Map<number, Page>() : await readTouched(reader, root, entries);
  const chains: EmptyChain[] = [];
  const draft = draftPage(loaded, root && loaded.get(root.id), 0, entries, chains);
  if (draft === undefined) return { pages: [], superseded: [] };
  hashEmptyChains(chains);
  return finishPages(draft, firstId);
}

/** Reads all pages on the ways of the entries, one read a level. */
async function readTouched(
  reader: PageReader,
  root: PageRef,
  entries: readonly PathEntry[],
): Promise<Map<number, Page>> {
  const loaded = new Map<number, Page>();
  let level: { ref: PageRef; entries: readonly PathEntry[] }[] = [{ ref: root, entries }];
  while (level.length > 0) {
    const pages = await reader.read(level.map(({ ref }) => ref));
    const next: typeof level = [];
    pages.forEach((page, i) => {
      loaded.set(page.id, page);
      for (const group of byPlace(level[i]!.entries, page.depth)) {
        if (placeKind(page, group.place) !== PlaceKind.page) continue;
        next.push({ ref: linkedPage(page, group.place), entries: group.entries });
      }
    });
    level = next;
  }
  return loaded;
}

/** The page that a place of kind page links to. */
export function linkedPage(page: Page, place: number): PageRef {
  return { id: linkIn(page, place), depth: page.depth + PAGE_LEVELS, hash: nodeHash(page, PLACES + place) };
}

interface Group {
  readonly place: number;
  readonly entries: readonly PathEntry[];
}

/** The entries by the place of a page at `depth` that they lead to; sorted entries stay sorted. */
function byPlace(entries: readonly PathEntry[], depth: number): Group[] {
  const groups: Group[] = [];
  for (let start = 0; start < entries.length; ) {
    const place = placeOfPath(entries[start]!.path, depth);
    let end = start + 1;
    while (end < entries.length && placeOfPath(entries[end]!.path, depth) === place) end++;
    groups.push({ place, entries: entries.slice(start, end) });
    start = end;
  }
  return groups;
}

/** What becomes of a page. */
interface Draft {
  readonly depth: number;
  readonly before: Page | undefined;
  readonly places: (NewPlace | Draft | undefined)[];
}

const KEPT: NewPlace = { type: 'kept' };

/** Decides what a page becomes; undefined if it stays. Adds the chains to climb for new single leaves. */
function draftPage(
  loaded: ReadonlyMap<number, Page>,
  before: Page | undefined,
  depth: number,
  entries: readonly PathEntry[],
  chains: EmptyChain[],
): Draft | undefined {
  const places: Draft['places'] = new Array(PLACES).fill(before === undefined ? undefined : KEPT);
  let changed = false;
  for (const { place, entries: group } of byPlace(entries, depth)) {
    const found = draftPlace(loaded, before, place, depth, group, chains);
    if (found === KEPT) continue;
    places[place] = found;
    changed = true;
  }
  return changed ? { depth, before, places } : undefined;
}

function draftPlace(
  loaded: ReadonlyMap<number, Page>,
  before: Page | undefined,
  place: number,
  depth: number,
  entries: readonly PathEntry[],
  chains: EmptyChain[],
): NewPlace | Draft {
  const below = depth + PAGE_LEVELS;
  const kind = before === undefined ? PlaceKind.empty : placeKind(before, place);
  if (kind === PlaceKind.page) {
    return draftPage(loaded, loaded.get(linkIn(before!, place))!, below, entries, chains) ?? KEPT;
  }
  let all = entries;
  if (kind === PlaceKind.leaf) {
    const old = leafIn(before!, place);
    const same = entries.find(({ path }) => equalBytes(path, old.path));
    if (same === undefined) all = [...entries, old].sort(byPath);
    else if (entries.length === 1 && equalBytes(same.leaf, old.leaf)) return KEPT;
  }
  if (all.length > 1) return draftPage(loaded, undefined, below, all, chains)!;
  const { path, leaf } = all[0]!;
  const hash = Uint8Array.from(leaf);
  chains.push({ path, from: 0, to: MAP_HEIGHT - below, hash });
  return { type: 'leaf', path, leaf, hash };
}

/** Makes the pages of a draft, the deepest first: a page names those below it. */
function finishPages(root: Draft, firstId: number): PageChanges {
  const levels: Draft[][] = [];
  for (let level = [root]; level.length > 0; ) {
    levels.push(level);
    level = level.flatMap(({ places }) => places.filter((place): place is Draft => isDraft(place)));
  }
  const pages: Page[] = [];
  const superseded: number[] = [];
  const made = new Map<Draft, Page>();
  for (const level of levels.reverse()) {
    const nextId = firstId + pages.length;
    const drafts = level.map(({ depth, before, places }, i) => ({
      id: nextId + i,
      depth,
      before,
      places: places.map((place) => {
        if (!isDraft(place)) return place;
        const page = made.get(place)!;
        return { type: 'page' as const, id: page.id, hash: pageHash(page) };
      }),
    }));
    makePages(drafts).forEach((page, i) => {
      made.set(level[i]!, page);
      pages.push(page);
    });
    for (const { before } of level) if (before !== undefined) superseded.push(before.id);
  }
  return { pages, superseded };
}

function isDraft(place: NewPlace | Draft | undefined): place is Draft {
  return place !== undefined && 'places' in place;
}

/** Orders entries by path, for sorting. */
export function byPath(a: PathEntry, b: PathEntry): number {
  for (let i = 0; i < a.path.length; i++) {
    const difference = a.path[i]! - b.path[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
