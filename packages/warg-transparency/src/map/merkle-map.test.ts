import { sha256 } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyNumber, leafNumber, type NaiveEntry, naiveMapRoot, naiveMapSiblings } from '../../test/naive.ts';
import type { Hash } from '../hashing/hash.ts';
import { decodeMapBundle } from './bundle.ts';
import { EMPTY_MAP_LEAF, emptyMapHash } from './empty.ts';
import { EMPTY_MAP, type MapRoot, MerkleMap } from './merkle-map.ts';
import { pathOf } from './path.ts';
import { type MapChange, type MapStore, memoryMapStore } from './store.ts';
import { verifyMapAbsence, verifyMapBundle } from './verify.ts';

type Write = readonly [key: number, value: number];

const entryOf = ([key, value]: Write) => [keyNumber(key), leafNumber(value)] as const;
const code = (name: string) => expect.objectContaining({ name: 'TransparencyError', code: name });

/** What the map must be after the writes. */
function model(writes: readonly Write[]): NaiveEntry[] {
  return [...new Map(writes)].map(([key, value]) => ({
    path: sha256(keyNumber(key)),
    leaf: leafNumber(value),
  }));
}

const writes = (maxKey: number, maxLength: number) =>
  fc.array(fc.tuple(fc.nat(maxKey), fc.nat(5)), { maxLength });

describe('MerkleMap', () => {
  it('has the root of the definition after random batches, and so does every older state', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(writes(30, 12), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 5_000, 1_000_000),
        async (batches, cacheBytes) => {
          const store = memoryMapStore();
          const map = await MerkleMap.open(store, { cacheBytes });
          const states: { root: MapRoot; entries: NaiveEntry[] }[] = [];
          let root = EMPTY_MAP;
          for (const [i, batch] of batches.entries()) {
            root = await map.update(root, batch.map(entryOf));
            const entries = model(batches.slice(0, i + 1).flat());
            expect(root.hash).toEqual(naiveMapRoot(entries));
            states.push({ root, entries });
          }
          const reopened = await MerkleMap.open(store, { cacheBytes });
          for (const state of states) {
            const { hash } = await reopened.update(state.root, [entryOf([99, 99])]);
            const extra = { path: sha256(keyNumber(99)), leaf: leafNumber(99) };
            expect(hash).toEqual(naiveMapRoot([...state.entries, extra]));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has the same root in any order and any batches', async () => {
    const all = Array.from({ length: 40 }, (_, i): Write => [i, i]);
    const expected = naiveMapRoot(model(all));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 8 }),
        async (shuffled, sizes) => {
          const map = await MerkleMap.open(memoryMapStore());
          let root = EMPTY_MAP;
          for (let at = 0, i = 0; at < shuffled.length; i++) {
            const size = sizes[i % sizes.length]!;
            root = await map.update(root, shuffled.slice(at, at + size).map(entryOf));
            at += size;
          }
          expect(root.hash).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('proves every key that is there and the absence of every other', async () => {
    await fc.assert(
      fc.asyncProperty(writes(40, 25), async (batch) => {
        const map = await MerkleMap.open(memoryMapStore());
        const root = await map.update(EMPTY_MAP, batch.map(entryOf));
        const values = new Map(batch);
        const there = [...values.keys()];
        const absent = Array.from({ length: 60 }, (_, key) => key).filter((key) => !values.has(key));
        if (there.length > 0) {
          const bundle = await map.prove(root, there.map(keyNumber));
          const entries = there.map((key) => ({
            key: keyNumber(key),
            leafHash: leafNumber(values.get(key)!),
          }));
          verifyMapBundle(bundle, { root: root.hash, entries });
          expectSiblings(bundle, there, model(batch), 'explicit');
        }
        const bundle = await map.proveAbsence(root, absent.map(keyNumber));
        verifyMapAbsence(bundle, { root: root.hash, keys: absent.map(keyNumber) });
        expectSiblings(bundle, absent, model(batch), 'absent');
      }),
      { numRuns: 15 },
    );
  });

  it('proves paths as it proves keys', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const root = await map.update(
      EMPTY_MAP,
      Array.from({ length: 300 }, (_, i) => entryOf([i, i])),
    );
    const keys = Array.from({ length: 100 }, (_, i) => keyNumber((i * 7) % 90));
    const paths = keys.map(pathOf);
    const bundle = map.provePaths(root, paths);
    for (const path of paths) path.fill(0);
    expect(await bundle).toEqual(await map.prove(root, keys));
    await expect(map.provePaths(root, [])).rejects.toEqual(code('EMPTY_PROOF'));
    await expect(map.provePaths(root, [new Uint8Array(31)])).rejects.toEqual(code('INVALID_ARGUMENT'));
    await expect(map.provePaths(root, [new Uint8Array(32)])).rejects.toEqual(code('KEY_NOT_FOUND'));
  });

  it('proves absence in the empty map with no siblings', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const bundle = await map.proveAbsence(EMPTY_MAP, [keyNumber(1), keyNumber(2)]);
    expect(decodeMapBundle(bundle)).toEqual([[], []]);
    verifyMapAbsence(bundle, { root: EMPTY_MAP.hash, keys: [keyNumber(1), keyNumber(2)] });
  });

  it('takes the last of several values of a key', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const batch: Write[] = [
      [1, 1],
      [2, 2],
      [1, 3],
      [2, 4],
      [1, 5],
    ];
    const root = await map.update(EMPTY_MAP, batch.map(entryOf));
    expect(root.hash).toEqual(naiveMapRoot(model(batch)));
  });

  it('gives the same state back if nothing changes, and writes nothing', async () => {
    const store = memoryMapStore();
    const map = await MerkleMap.open(store);
    const batch = Array.from({ length: 30 }, (_, i): Write => [i, i]);
    const root = await map.update(EMPTY_MAP, batch.map(entryOf));
    const last = await store.lastPage();
    expect(await map.update(root, batch.slice(3, 9).map(entryOf))).toBe(root);
    expect(await map.update(root, [])).toBe(root);
    expect(await store.lastPage()).toBe(last);
  });

  it('writes a changed page once a batch, and supersedes each page it replaces', async () => {
    const store = memoryMapStore();
    const changes: MapChange[] = [];
    const map = await MerkleMap.open({
      ...store,
      write: (change) => {
        changes.push(change);
        return store.write(change);
      },
    });
    const batch = Array.from({ length: 300 }, (_, i): Write => [i, i]);
    const first = await map.update(EMPTY_MAP, batch.map(entryOf));
    await map.update(first, [entryOf([7, 8])]);
    const [one, two] = changes as [MapChange, MapChange];
    // 300 keys: a root page, 16 below it, and those of 256 that have two keys or more.
    expect(one.pages.length).toBeLessThan(1 + 16 + 100);
    expect(one.superseded).toEqual([]);
    expect(two.pages.length).toBeLessThanOrEqual(4);
    expect(two.superseded.length).toBe(two.pages.length);
    expect(two.superseded).toContain(first.page);
    expect(two.from).toBe(first.page);
    expect(two.root).toBe(two.pages.at(-1)!.id);
    const ids = [...one.pages, ...two.pages].map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, i) => i + 1));
  });

  it('reads the pages of a level in one batch', async () => {
    const store = memoryMapStore();
    const batch = Array.from({ length: 300 }, (_, i): Write => [i, i]);
    const root = await (await MerkleMap.open(store)).update(EMPTY_MAP, batch.map(entryOf));
    let reads = 0;
    const counting: MapStore = {
      ...store,
      readPages(ids) {
        reads++;
        return store.readPages(ids);
      },
    };
    const map = await MerkleMap.open(counting);
    await map.prove(
      root,
      batch.slice(0, 100).map(([key]) => keyNumber(key)),
    );
    expect(reads).toBeLessThanOrEqual(5);
    reads = 0;
    await (await MerkleMap.open(counting)).update(
      root,
      batch.slice(50, 150).map(([key]) => entryOf([key, 77])),
    );
    expect(reads).toBeLessThanOrEqual(5);
  });

  it('copies keys and hashes before it waits', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const key = Uint8Array.from(keyNumber(1));
    const leaf = Uint8Array.from(leafNumber(1));
    const from = { page: 0, hash: Uint8Array.from(EMPTY_MAP.hash) };
    const done = map.update(from, [[key, leaf]]);
    for (const bytes of [key, leaf, from.hash]) bytes.fill(0);
    expect((await done).hash).toEqual(naiveMapRoot(model([[1, 1]])));
  });

  it('does overlapping updates one after the other', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const roots = await Promise.all([1, 2, 3].map((key) => map.update(EMPTY_MAP, [entryOf([key, key])])));
    for (const [i, root] of roots.entries()) expect(root.hash).toEqual(naiveMapRoot(model([[i + 1, i + 1]])));
    expect(new Set(roots.map(({ page }) => page)).size).toBe(3);
  });

  it('is as before when a write fails, and gives no page id twice', async () => {
    const store = memoryMapStore();
    let fail = false;
    const map = await MerkleMap.open({
      ...store,
      write: async (change) => {
        if (fail) throw new Error('disk full');
        await store.write(change);
      },
    });
    const root = await map.update(EMPTY_MAP, [entryOf([1, 1])]);
    fail = true;
    await expect(map.update(root, [entryOf([2, 2])])).rejects.toThrow('disk full');
    fail = false;
    const next = await map.update(root, [entryOf([3, 3])]);
    expect(next.page).toBeGreaterThan(root.page + 1);
    expect(next.hash).toEqual(
      naiveMapRoot(
        model([
          [1, 1],
          [3, 3],
        ]),
      ),
    );
  });
});

describe('MerkleMap refuses', () => {
  it('proofs of what is not so', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const root = await map.update(EMPTY_MAP, [entryOf([1, 1]), entryOf([2, 2])]);
    await expect(map.prove(root, [keyNumber(1), keyNumber(3)])).rejects.toThrow(code('KEY_NOT_FOUND'));
    await expect(map.prove(EMPTY_MAP, [keyNumber(1)])).rejects.toThrow(code('KEY_NOT_FOUND'));
    await expect(map.proveAbsence(root, [keyNumber(3), keyNumber(2)])).rejects.toThrow(code('KEY_FOUND'));
    await expect(map.prove(root, [])).rejects.toThrow(code('EMPTY_PROOF'));
    await expect(map.proveAbsence(root, [])).rejects.toThrow(code('EMPTY_PROOF'));
  });

  it('the empty leaf as an entry', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    await expect(map.update(EMPTY_MAP, [[keyNumber(1), EMPTY_MAP_LEAF]])).rejects.toThrow(code('EMPTY_LEAF'));
    await expect(map.update(EMPTY_MAP, [[keyNumber(1), new Uint8Array(31)]])).rejects.toThrow(
      code('INVALID_ARGUMENT'),
    );
  });

  it('roots that are none', async () => {
    const map = await MerkleMap.open(memoryMapStore());
    const root = await map.update(EMPTY_MAP, [entryOf([1, 1])]);
    const keys = [keyNumber(1)];
    await expect(map.prove({ ...root, page: root.page + 1 }, keys)).rejects.toThrow(code('PAGE_NOT_FOUND'));
    await expect(map.prove({ ...root, hash: leafNumber(1) }, keys)).rejects.toThrow(code('CORRUPT_PAGE'));
    await expect(map.prove({ ...root, page: 0 }, keys)).rejects.toThrow(code('INVALID_ARGUMENT'));
    await expect(map.prove({ ...root, page: -1 }, keys)).rejects.toThrow(code('INVALID_ARGUMENT'));
    await expect(map.update({ ...root, page: 0.5 }, [])).rejects.toThrow(code('INVALID_ARGUMENT'));
    await expect(map.prove({ ...root, hash: new Uint8Array(3) }, keys)).rejects.toThrow(
      code('INVALID_ARGUMENT'),
    );
  });
});

describe('emptyMapHash', () => {
  it('refuses heights that the map does not have', () => {
    for (const height of [-1, 257, 0.5, Number.NaN])
      expect(() => emptyMapHash(height)).toThrow(code('INVALID_ARGUMENT'));
  });
});

/** The siblings must be those of the definition, without the empty ones at the leaf's end. */
function expectSiblings(
  bundle: Uint8Array,
  keys: readonly number[],
  entries: NaiveEntry[],
  empty: 'explicit' | 'absent',
): void {
  decodeMapBundle(bundle).forEach((proof, i) => {
    const all = naiveMapSiblings(entries, sha256(keyNumber(keys[i]!)));
    let first = all.findIndex((hash) => hash !== undefined);
    // As the reference writes it: one sibling for a single entry, none in the empty map.
    if (first < 0) first = empty === 'explicit' ? 255 : 256;
    const expected = all.slice(first).map((hash, above): Hash | undefined => {
      return hash ?? (empty === 'explicit' ? emptyMapHash(first + above) : undefined);
    });
    expect(proof).toEqual(expected);
  });
}
