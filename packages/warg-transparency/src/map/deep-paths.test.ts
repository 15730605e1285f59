// Paths come from SHA-256, so that nobody can make two that share many bits. The pages must bear it all the same.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafNumber, naiveMapRoot, naiveMapSiblings } from '../../test/naive.ts';
import { encodeMapBundle, type MapProof } from './bundle.ts';
import { commonPrefix, EMPTY_MAP_LEAF, emptyMapHash, MAP_HEIGHT } from './empty.ts';
import { evaluateMapProof } from './evaluate.ts';
import { pageHash, storedBytes } from './page.ts';
import { PageReader, type PageRef } from './pages.ts';
import { proveAbsence, provePresence, provePresencePlain } from './prove.ts';
import { memoryMapStore } from './store.ts';
import { byPath, type PathEntry, updatePages } from './update.ts';

/** A path that shares its first `shared` bits with the zero path and no more. */
function pathWith(shared: number, rest: number): Uint8Array {
  const path = new Uint8Array(32);
  if (shared < 256) path[shared >> 3]! |= 0x80 >> (shared & 7);
  // Further bits below, so that several paths leave at the same place.
  for (let depth = shared + 1; depth < 256; depth++) {
    if ((rest * (depth + 7)) % 3 === 0) path[depth >> 3]! |= 0x80 >> (depth & 7);
  }
  return path;
}

async function build(batches: readonly (readonly PathEntry[])[]) {
  const store = memoryMapStore();
  const reader = new PageReader(store, 0);
  let root: PageRef | undefined;
  const pageCounts: number[] = [];
  for (const batch of batches) {
    const entries = [...new Map(batch.map((entry) => [entry.path.join(), entry])).values()].sort(byPath);
    const { pages, superseded } = await updatePages(reader, root, entries, (await store.lastPage()) + 1);
    pageCounts.push(pages.length);
    const last = pages.at(-1);
    if (last === undefined) continue;
    const stored = pages.map((page) => ({ id: page.id, bytes: storedBytes(page) }));
    await store.write({ from: root?.id ?? 0, root: last.id, pages: stored, superseded });
    root = { id: last.id, depth: 0, hash: pageHash(last) };
  }
  return { reader, root, pageCounts };
}

const entry = fc
  .tuple(fc.oneof(fc.nat(256), fc.integer({ min: 245, max: 256 })), fc.nat(3), fc.nat(3))
  .map(([shared, rest, value]): PathEntry => ({ path: pathWith(shared, rest), leaf: leafNumber(value) }));

describe('paths that share many bits', () => {
  it('make the root and the proofs of the definition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        fc.array(entry, { minLength: 1, maxLength: 4 }),
        async (batches, probes) => {
          const { reader, root } = await build(batches);
          const entries = [...new Map(batches.flat().map((e) => [e.path.join(), e])).values()];
          const rootHash = naiveMapRoot(entries);
          expect(root?.hash ?? emptyMapHash(MAP_HEIGHT)).toEqual(rootHash);
          for (const { path } of [...entries, ...probes]) {
            const found = entries.find((e) => byPath(e, { path, leaf: e.leaf }) === 0);
            const [proof] = found
              ? await provePresencePlain(reader, root, [path])
              : await proveAbsence(reader, root, [path]);
            expect(evaluateMapProof(proof!, path, found?.leaf ?? EMPTY_MAP_LEAF)).toEqual(rootHash);
            expect(padded(proof!)).toEqual(naiveMapSiblings(entries, path));
          }
          const paths = entries.map(({ path }) => path);
          const { bundle, leafHashes } = await provePresence(reader, root, paths);
          expect(bundle).toEqual(encodeMapBundle(await provePresencePlain(reader, root, paths)));
          expect(leafHashes).toEqual(entries.map(({ leaf }) => leaf));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('that differ in the last bit alone need 64 pages, and a proof of 256 siblings', async () => {
    const entries = [pathWith(256, 0), pathWith(255, 0)].map((path, i) => ({ path, leaf: leafNumber(i) }));
    const { reader, root, pageCounts } = await build([entries]);
    expect(pageCounts).toEqual([64]);
    const paths = entries.map(({ path }) => path);
    const proofs = await provePresencePlain(reader, root, paths);
    expect(proofs.map((proof) => proof.length)).toEqual([256, 256]);
    expect(encodeMapBundle(proofs).length).toBeGreaterThan(2 * 256 * 34);
    expect((await provePresence(reader, root, paths)).bundle).toEqual(encodeMapBundle(proofs));
    proofs.forEach((proof, i) => {
      expect(evaluateMapProof(proof, entries[i]!.path, entries[i]!.leaf)).toEqual(root!.hash);
    });
  });

  it('of single leaves need no pages below the one they stand in', async () => {
    const { pageCounts } = await build([
      [{ path: pathWith(0, 1), leaf: leafNumber(1) }],
      [{ path: pathWith(9, 1), leaf: leafNumber(2) }],
    ]);
    expect(pageCounts).toEqual([1, 1]);
  });
});

describe('commonPrefix', () => {
  it('counts the bits before the first difference', () => {
    const zero = new Uint8Array(32);
    for (let shared = 0; shared < 256; shared++) expect(commonPrefix(zero, pathWith(shared, 1))).toBe(shared);
  });

  it('refuses equal paths', () => {
    expect(() => commonPrefix(pathWith(3, 1), pathWith(3, 1))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

/** All 256 siblings, undefined for empty ones however they were written. */
function padded(proof: MapProof): MapProof {
  const missing = MAP_HEIGHT - proof.length;
  return Array.from({ length: MAP_HEIGHT }, (_, height) => {
    const hash = proof[height - missing];
    return hash === undefined || hash.every((byte, i) => byte === emptyMapHash(height)[i]) ? undefined : hash;
  });
}
