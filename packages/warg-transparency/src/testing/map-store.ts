import { HASH_BYTES } from '../hashing/hash.ts';
import { EMPTY_MAP, type MapRoot, MerkleMap } from '../map/merkle-map.ts';
import type { MapStore } from '../map/store.ts';
import { verifyMapAbsence, verifyMapBundle } from '../map/verify.ts';
import {
  expectBytes,
  expectCode,
  expectEqual,
  hashNamed,
  type TestApi,
  type Transaction,
  withFixture,
} from './test-api.ts';

/** An empty map store to test. */
export interface MapStoreFixture {
  readonly store: MapStore;
  /** Another store on the same data, such as another connection; committed writes are seen there. */
  readonly reader?: MapStore;
  readonly transaction?: Transaction;
  close?(): Promise<void>;
}

type Entry = readonly [key: Uint8Array, leafHash: Uint8Array];

/**
 * Defines the tests that every {@link MapStore} must pass.
 *
 * @param api the test runner
 * @param name what the store is called
 * @param open makes a new, empty store for each test
 * @example testMapStore({ describe, it }, 'memory', async () => ({ store: memoryMapStore() }));
 */
export function testMapStore(api: TestApi, name: string, open: () => Promise<MapStoreFixture>): void {
  const test = (title: string, body: (fixture: MapStoreFixture) => Promise<void>) =>
    api.it(title, () => withFixture(open, body));

  api.describe(`map store: ${name}`, () => {
    test('is empty at first', async ({ store }) => {
      expectEqual(await store.lastPage(), 0, 'last page');
      const [page] = await store.readPages([1]);
      expectBytes(page, undefined, 'page');
      expectEqual(await store.collect(100, 100), 0, 'collected pages');
    });

    test('gives pages back in the order asked for', async ({ store }) => {
      const pages = [1, 2, 5].map((id) => ({ id, bytes: hashNamed(`page ${id}`) }));
      const large = { id: 2 ** 40, bytes: new Uint8Array(100_000).fill(7) };
      await store.write({ from: 0, root: 5, pages, superseded: [] });
      await store.write({ from: 5, root: 2 ** 40, pages: [large], superseded: [5] });
      expectEqual(await store.lastPage(), 2 ** 40, 'last page');
      const found = await store.readPages([5, 3, 1, 2 ** 40, 5]);
      const expected = [pages[2]!.bytes, undefined, pages[0]!.bytes, large.bytes, pages[2]!.bytes];
      expected.forEach((bytes, i) => {
        expectBytes(found[i], bytes, `page at ${i}`);
      });
    });

    test('keeps no hold of the arrays of its caller', async ({ store }) => {
      const bytes = hashNamed('page').slice();
      await store.write({ from: 0, root: 1, pages: [{ id: 1, bytes }], superseded: [] });
      bytes.fill(0);
      const [page] = await store.readPages([1]);
      expectBytes(page, hashNamed('page'), 'page');
    });

    test('collects what was superseded, up to a root and a limit', async ({ store }) => {
      const page = (id: number) => ({ id, bytes: new Uint8Array(HASH_BYTES).fill(id) });
      await store.write({ from: 0, root: 3, pages: [1, 2, 3].map(page), superseded: [] });
      await store.write({ from: 3, root: 5, pages: [4, 5].map(page), superseded: [1, 3] });
      await store.write({ from: 5, root: 7, pages: [6, 7].map(page), superseded: [4, 5] });
      const stored = async () =>
        (await store.readPages([1, 2, 3, 4, 5, 6, 7])).map((bytes) => bytes?.[0] ?? 0).join('');
      expectEqual(await store.collect(4, 100), 0, 'collected before root 5');
      expectEqual(await store.collect(5, 1), 1, 'collected with a limit');
      expectEqual(await store.collect(5, 100), 1, 'collected to root 5');
      expectEqual(await stored(), '0204567', 'pages');
      expectEqual(await store.collect(7, 100), 2, 'collected to root 7');
      expectEqual(await stored(), '0200067', 'pages');
      expectEqual(await store.collect(7, 100), 0, 'collected again');
    });

    test('does not collect what a fork of the history needs', async ({ store }) => {
      const page = (id: number) => ({ id, bytes: new Uint8Array(HASH_BYTES).fill(id) });
      await store.write({ from: 0, root: 2, pages: [1, 2].map(page), superseded: [] });
      await store.write({ from: 2, root: 3, pages: [3].map(page), superseded: [1, 2] });
      // From root 2 again: it still reaches page 1, and so does root 4.
      await store.write({ from: 2, root: 4, pages: [4].map(page), superseded: [2] });
      await store.collect(4, 100);
      const [one, two] = await store.readPages([1, 2]);
      expectBytes(one, page(1).bytes, 'page 1');
      expectBytes(two, undefined, 'page 2');
    });

    test('holds a map with all its states', async ({ store, reader }) => {
      const map = await MerkleMap.open(store);
      const states = await grow(map, EMPTY_MAP, 20, 30, 'value');
      for (const opened of [map, await MerkleMap.open(store), await MerkleMap.open(reader ?? store)]) {
        for (const state of states) await proveAndVerify(opened, state);
      }
    });

    test('collects pages that later states do not need, and no others', async ({ store }) => {
      const map = await MerkleMap.open(store);
      const states = await grow(map, EMPTY_MAP, 20, 30, 'value');
      const oldest = states[10]!;
      let collected = 0;
      for (;;) {
        const count = await map.collect(oldest.root, 7);
        collected += count;
        if (count < 7) break;
      }
      if (collected === 0) throw new Error('expected pages to collect, found none');
      const opened = await MerkleMap.open(store);
      for (const state of states.slice(10)) await proveAndVerify(opened, state);
      const gone = states[1]!;
      await expectCode(opened.prove(gone.root, [gone.entries[0]![0]]), 'PAGE_NOT_FOUND');
      // Everything but the last state, and on from there.
      while ((await map.collect(states.at(-1)!.root, 100)) > 0);
      const [last] = await grow(opened, states.at(-1)!.root, 1, 10, 'later');
      await proveAndVerify(opened, { root: last!.root, entries: last!.entries.slice(0, 10) });
    });

    test('forgets what is rolled back', async ({ store, reader, transaction }) => {
      if (transaction === undefined) return;
      const map = await MerkleMap.open(store);
      await transaction.begin();
      const [before] = await grow(map, EMPTY_MAP, 1, 40, 'value');
      await transaction.commit();
      const pages = await store.lastPage();
      for (let round = 0; round < 3; round++) {
        await transaction.begin();
        const [lost] = await grow(map, before!.root, 1, 40, `lost ${round}`);
        await proveAndVerify(map, lost!);
        await transaction.rollback();
        expectEqual(await store.lastPage(), pages, 'last page after the rollback');
        await map.reload();
        await proveAndVerify(map, before!);
        await expectCode(map.prove(lost!.root, [lost!.entries[0]![0]]), 'PAGE_NOT_FOUND');
      }
      await transaction.begin();
      const [after] = await grow(map, before!.root, 1, 40, 'kept');
      await transaction.commit();
      for (const opened of [map, await MerkleMap.open(reader ?? store)]) {
        await proveAndVerify(opened, before!);
        await proveAndVerify(opened, after!);
      }
    });
  });
}

interface State {
  readonly root: MapRoot;
  readonly entries: readonly Entry[];
}

/** Updates in `batches`: each sets `size` keys, half of them new, and the states after each. */
async function grow(
  map: MerkleMap,
  from: MapRoot,
  batches: number,
  size: number,
  name: string,
): Promise<State[]> {
  const states: State[] = [];
  const values = new Map<string, Entry>();
  let root = from;
  for (let batch = 0; batch < batches; batch++) {
    const entries = Array.from({ length: size }, (_, i): Entry => {
      const key = `key ${Math.floor((batch * size) / 2) + i}`;
      return [hashNamed(key), hashNamed(`${name} ${batch} of ${key}`)];
    });
    root = await map.update(root, entries);
    entries.forEach((entry, i) => {
      values.set(`key ${Math.floor((batch * size) / 2) + i}`, entry);
    });
    states.push({ root, entries: [...values.values()] });
  }
  return states;
}

async function proveAndVerify(map: MerkleMap, { root, entries }: State): Promise<void> {
  const sample = entries.filter((_, i) => i % 7 === 0);
  const bundle = await map.prove(
    root,
    sample.map(([key]) => key),
  );
  verifyMapBundle(bundle, { root: root.hash, entries: sample.map(([key, leafHash]) => ({ key, leafHash })) });
  const absent = [hashNamed('absent 1'), hashNamed('absent 2'), hashNamed('absent 3')];
  verifyMapAbsence(await map.proveAbsence(root, absent), { root: root.hash, keys: absent });
  await expectCode(map.prove(root, absent), 'KEY_NOT_FOUND');
  await expectCode(map.proveAbsence(root, [sample[0]![0]]), 'KEY_FOUND');
}
