import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafNumber } from '../../test/naive.ts';
import { hashBranch } from '../hashing/hash.ts';
import { emptyMapHash } from './empty.ts';
import { makePages, type PlaceChange } from './make-pages.ts';
import {
  BRANCH_BYTES,
  branchAt,
  isEmptyNode,
  leafIn,
  linkIn,
  nodeHash,
  nodeMapHeight,
  type Page,
  PlaceKind,
  parsePages,
  placeKind,
  storedBytes,
} from './page.ts';

type NewPlace =
  | { readonly type: 'kept' }
  | {
      readonly type: 'leaf' | 'tallLeaf';
      readonly path: Uint8Array;
      readonly leaf: Uint8Array;
      readonly kept: Uint8Array | undefined;
      readonly hash: Uint8Array;
    }
  | { readonly type: 'page'; readonly id: number; readonly hash: Uint8Array };

function makePage(
  id: number,
  depth: number,
  before: Page | undefined,
  places: readonly (NewPlace | undefined)[],
): Page {
  const changes = places.flatMap((one, place): PlaceChange[] => {
    if (one === undefined || one.type === 'kept') return [];
    if (one.type !== 'page') {
      const { type, path, leaf, kept, hash } = one;
      return [{ kind: PlaceKind[type], place, path, leaf, kept, hash }];
    }
    const data = new Uint8Array(BRANCH_BYTES);
    data.set(one.hash, branchAt(data, 1));
    const page: Page = { id: one.id, depth: depth + 4, kinds: 0, data };
    return [
      { kind: PlaceKind.page, place, draft: { depth: page.depth, before: undefined, changes: [], page } },
    ];
  });
  return makePages([{ depth, before, changes, page: undefined }], id)[0]!;
}

const parsePage = (id: number, depth: number, bytes: Uint8Array) => parsePages([{ id, depth, bytes }])[0]!;

type FilledPlace = Exclude<NewPlace, { type: 'kept' }>;

/** Leaves may be tall down to the pages at depth 32, whose places are at depth 36. */
const DEEPEST_TALL = 32;

const place: fc.Arbitrary<FilledPlace | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.nat(1000).map((n) => ({
    type: 'leaf' as const,
    path: leafNumber(n),
    leaf: leafNumber(n + 1),
    kept: undefined,
    hash: leafNumber(n + 2),
  })),
  fc.nat(1000).map((n) => ({
    type: 'tallLeaf' as const,
    path: leafNumber(n),
    leaf: leafNumber(n + 1),
    kept: leafNumber(n + 3),
    hash: leafNumber(n + 2),
  })),
  fc
    .tuple(fc.nat(1000), fc.integer({ min: 1, max: 2 ** 48 - 1 }))
    .map(([n, id]) => ({ type: 'page' as const, id, hash: leafNumber(n) })),
);
const places = fc.array(place, { minLength: 16, maxLength: 16 });
const depth = fc.nat(DEEPEST_TALL / 4).map((n) => 4 * n);
const lowDepth = fc.integer({ min: DEEPEST_TALL / 4 + 1, max: 63 }).map((n) => 4 * n);
const shorten = (one: FilledPlace | undefined): FilledPlace | undefined =>
  one?.type === 'tallLeaf' ? { ...one, type: 'leaf', kept: undefined } : one;

const placesAtDepth = fc.oneof(
  fc.tuple(places, depth),
  fc.tuple(
    places.map((all) => all.map(shorten)),
    lowDepth,
  ),
);

describe('pages', () => {
  it('are read as they were made', () => {
    fc.assert(
      fc.property(placesAtDepth, fc.integer({ min: 1, max: 2 ** 48 }), ([all, at], id) => {
        const page = makePage(id, at, undefined, all);
        expect(parsePage(id, at, storedBytes(page))).toEqual(page);
        all.forEach((one, i) => {
          expect(placeKind(page, i)).toBe(one === undefined ? PlaceKind.empty : PlaceKind[one.type]);
          expect(nodeHash(page, 16 + i)).toEqual(one?.hash ?? emptyMapHash(nodeMapHeight(at, 16)));
          if (one?.type === 'page') expect(linkIn(page, i)).toBe(one.id);
          if (one?.type === 'leaf' || one?.type === 'tallLeaf') {
            expect(leafIn(page, i)).toEqual({
              page,
              place: i,
              path: one.path,
              leaf: one.leaf,
              kept: one.kept,
            });
          }
        });
        for (let node = 1; node < 16; node++) {
          const left = nodeHash(page, 2 * node);
          expect(nodeHash(page, node)).toEqual(hashBranch(left, nodeHash(page, 2 * node + 1)));
          const empty = emptyMapHash(nodeMapHeight(at, node));
          expect(isEmptyNode(page, node)).toBe(Buffer.compare(nodeHash(page, node), empty) === 0);
        }
      }),
    );
  });

  it('are the same whether made at once or by replacing places', () => {
    fc.assert(
      fc.property(
        places,
        places,
        fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
        depth,
        (old, all, keep, at) => {
          const before = makePage(1, at, undefined, old);
          // Nothing is ever taken out of a page, so an empty place cannot follow on a filled one.
          const next = all.map((one, i) => (keep[i] || one === undefined ? undefined : one));
          const replaced = makePage(
            2,
            at,
            before,
            next.map((one) => one ?? { type: 'kept' }),
          );
          const whole = makePage(
            2,
            at,
            undefined,
            next.map((one, i) => one ?? old[i]),
          );
          expect(replaced).toEqual(whole);
        },
      ),
    );
  });

  it('are the same whether made and read together or alone', () => {
    fc.assert(
      fc.property(fc.array(places, { maxLength: 20 }), depth, (several, at) => {
        const alone = several.map((all, i) => makePage(i + 1, at, undefined, all));
        const stored = alone.map((page) => ({ id: page.id, depth: at, bytes: storedBytes(page) }));
        expect(parsePages(stored)).toEqual(alone);
      }),
    );
  });

  it('have tall leaves in the second version alone, and only as far down as a hash is kept', () => {
    const kinds = ['leaf', 'tallLeaf'] as const;
    for (const at of [DEEPEST_TALL, DEEPEST_TALL + 4]) {
      for (const type of kinds) {
        const kept = type === 'leaf' ? undefined : leafNumber(4);
        const leaf = { type, path: leafNumber(2), leaf: leafNumber(3), kept, hash: leafNumber(5) };
        const page = makePage(5, at, undefined, [leaf, ...new Array(15).fill(undefined)]);
        for (const version of [1, 2]) {
          const bytes = Uint8Array.from(storedBytes(page), (byte, i) => (i === 0 ? version : byte));
          const read = () => parsePage(5, at, bytes);
          if (type === 'leaf' || (version === 2 && at === DEEPEST_TALL))
            expect(leafIn(read(), 0).kept).toEqual(kept);
          else expect(read).toThrow(expect.objectContaining({ code: 'CORRUPT_PAGE' }));
        }
      }
    }
  });

  it('that were damaged are refused', () => {
    const page = makePage(5, 8, undefined, [
      { type: 'page', id: 3, hash: leafNumber(1) },
      { type: 'leaf', path: leafNumber(2), leaf: leafNumber(3), kept: undefined, hash: leafNumber(4) },
      ...new Array(14).fill(undefined),
    ]);
    const bytes = storedBytes(page);
    const damaged: Uint8Array[] = [
      new Uint8Array(0),
      bytes.slice(0, 5),
      bytes.slice(0, -1),
      Uint8Array.from([...bytes, 0]),
      Uint8Array.from(bytes, (byte, i) => (i === 0 ? 3 : byte)),
      Uint8Array.from(bytes, (byte, i) => (i === 1 ? 3 : byte)),
      Uint8Array.from(bytes, (byte, i) => (i === 5 ? 3 : byte)),
      Uint8Array.from(bytes, (byte, i) => (i === 5 ? 1 : byte)),
    ];
    for (const each of damaged) {
      expect(() => parsePage(5, 8, each)).toThrow(expect.objectContaining({ code: 'CORRUPT_PAGE' }));
    }
  });
});
