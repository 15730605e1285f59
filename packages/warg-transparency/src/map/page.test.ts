import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafNumber } from '../../test/naive.ts';
import { linkIn, makePages, type NewPlace, type Page, parsePage } from './page.ts';

function makePage(
  id: number,
  depth: number,
  before: Page | undefined,
  places: readonly (NewPlace | undefined)[],
): Page {
  return makePages([{ id, depth, before, places }])[0]!;
}

const place = fc.oneof(
  fc.constant(undefined),
  fc.nat(1000).map(
    (n): NewPlace => ({
      type: 'leaf',
      path: leafNumber(n),
      leaf: leafNumber(n + 1),
      hash: leafNumber(n + 2),
    }),
  ),
  fc
    .tuple(fc.nat(1000), fc.integer({ min: 1, max: 2 ** 48 - 1 }))
    .map(([n, id]): NewPlace => ({ type: 'page', id, hash: leafNumber(n) })),
);
const places = fc.array(place, { minLength: 16, maxLength: 16 });
const depth = fc.nat(63).map((n) => 4 * n);

describe('pages', () => {
  it('are read as they were made', () => {
    fc.assert(
      fc.property(places, depth, fc.integer({ min: 1, max: 2 ** 48 }), (all, at, id) => {
        const page = makePage(id, at, undefined, all);
        expect(parsePage(id, at, page.bytes)).toEqual(page);
        all.forEach((one, i) => {
          if (one?.type === 'page') expect(linkIn(page, i)).toBe(one.id);
        });
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

  it('that were damaged are refused', () => {
    const page = makePage(5, 8, undefined, [
      { type: 'page', id: 3, hash: leafNumber(1) },
      { type: 'leaf', path: leafNumber(2), leaf: leafNumber(3), hash: leafNumber(4) },
      ...new Array(14).fill(undefined),
    ]);
    const damaged: Uint8Array[] = [
      new Uint8Array(0),
      page.bytes.slice(0, 5),
      page.bytes.slice(0, -1),
      Uint8Array.from([...page.bytes, 0]),
      Uint8Array.from(page.bytes, (byte, i) => (i === 0 ? 2 : byte)),
      Uint8Array.from(page.bytes, (byte, i) => (i === 1 ? 3 : byte)),
      Uint8Array.from(page.bytes, (byte, i) => (i === 5 ? 3 : byte)),
      Uint8Array.from(page.bytes, (byte, i) => (i === 5 ? 1 : byte)),
    ];
    for (const bytes of damaged) {
      expect(() => parsePage(5, 8, bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT_PAGE' }));
    }
  });
});
