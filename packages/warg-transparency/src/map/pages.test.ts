import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashLeaf } from '../hashing/hash.ts';
import { EMPTY_MAP, type MapRoot, MerkleMap } from './merkle-map.ts';
import { BRANCH_BYTES, HEADER_BYTES, type Page, type Piece, pageBytes, pageHash } from './page.ts';
import { PageReader } from './pages.ts';
import { memoryMapStore } from './store.ts';

const SIZE = HEADER_BYTES + BRANCH_BYTES;
const COUNT = 64;

/** Empty pages that have an array together, with hashes that tell them apart. */
function pagesTogether(): Page[] {
  const bytes = new Uint8Array(COUNT * SIZE);
  const piece: Piece = { first: 1, last: COUNT, size: bytes.length, live: bytes.length };
  return Array.from({ length: COUNT }, (_, i) => {
    const data = bytes.subarray(i * SIZE, (i + 1) * SIZE).fill(i + 1);
    return { id: i + 1, depth: 0, kinds: 0, data, piece };
  });
}

const refOf = (page: Page) => ({ id: page.id, depth: page.depth, hash: pageHash(page) });
const room = (pages: Page[], count: number) => count * pageBytes(pages[0]!);

describe('a reader of pages', () => {
  it('keeps pages in the array that they were made in for as long as half of it is used', async () => {
    const pages = pagesTogether();
    const reader = new PageReader(memoryMapStore(), room(pages, COUNT));
    for (const page of pages) reader.add(page);
    reader.forgetAbove(COUNT / 2);
    const [whole] = await reader.read([refOf(pages[0]!)]);
    expect(whole).toBe(pages[0]);
    reader.forgetAbove(COUNT / 2 - 1);
    const left = pages.slice(0, COUNT / 2 - 1);
    const read = await reader.read(left.map(refOf));
    read.forEach((page, i) => {
      expect(page.data).toEqual(left[i]!.data);
      expect(page.data.buffer.byteLength).toBe(SIZE);
    });
    await expect(reader.read([refOf(pages[COUNT - 1]!)])).rejects.toMatchObject({ code: 'PAGE_NOT_FOUND' });
  });

  it.each([0, 1, 10, COUNT / 2, COUNT - 1])(
    'holds no more than twice its room, with room for %d',
    async (kept) => {
      const pages = pagesTogether();
      const reader = new PageReader(memoryMapStore(), room(pages, kept));
      for (const page of pages) reader.add(page);
      const read = await reader.read(pages.slice(COUNT - kept).map(refOf));
      const arrays = new Set(read.map(({ data }) => data.buffer));
      const held = [...arrays].reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(held).toBeLessThanOrEqual(2 * kept * SIZE);
      read.forEach((page, i) => {
        expect(page.data).toEqual(pages[COUNT - kept + i]!.data);
      });
    },
  );

  it('lets what an update replaces go before what is asked for', async () => {
    const pages = pagesTogether();
    const reader = new PageReader(memoryMapStore(), room(pages, 2));
    for (const page of pages.slice(0, 2)) reader.add(page);
    await reader.read([refOf(pages[0]!)], false);
    reader.add(pages[2]!);
    await expect(reader.read([refOf(pages[0]!)])).rejects.toMatchObject({ code: 'PAGE_NOT_FOUND' });
    await reader.read([refOf(pages[1]!)]);
    reader.add(pages[3]!);
    expect(await reader.read([refOf(pages[1]!)])).toHaveLength(1);
  });
});

it('a map has the same states and proofs whatever its cache has room for', async () => {
  const key = (n: number) => Uint8Array.of(n, n >> 8);
  const batch = fc.array(fc.nat(400), { maxLength: 150 });
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
      const maps = await Promise.all(
        [0, 5000, 60_000, 2 ** 30].map((cacheBytes) => MerkleMap.open(memoryMapStore(), { cacheBytes })),
      );
      let states: MapRoot[] = maps.map(() => EMPTY_MAP);
      for (const [round, keys] of batches.entries()) {
        const entries = keys.map((n) => [key(n), hashLeaf(Uint8Array.of(round))] as const);
        states = await Promise.all(maps.map((map, i) => map.update(states[i]!, entries)));
        expect(new Set(states.map(({ hash }) => hash.join())).size).toBe(1);
        if (keys.length === 0) continue;
        const proofs = await Promise.all(maps.map((map, i) => map.prove(states[i]!, keys.map(key))));
        for (const proof of proofs) expect(proof).toEqual(proofs[0]);
      }
    }),
    { numRuns: 20 },
  );
});
