// Pages of the first version, which knew no tall leaves, and what a store may hold that no page's hash vouches for.

import { createHash } from 'node:crypto';
import { encodeHex, sha256 } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { EMPTY_MAP, type MapRoot, MerkleMap } from './merkle-map.ts';
import { memoryMapStore } from './store.ts';

const named = (what: string) => sha256(new TextEncoder().encode(what));
const keyOf = (number: number) => named(`key ${number}`);
const entries = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => [keyOf(from + i), named(`value ${from + i}`)] as const);

/** The lengths of what is in the places of a page, by their kinds. */
const LENGTHS = [0, 96, 38, 128];

/** Calls `change` with the bytes of each place of a page, and makes a page of what it returns. */
function mapPlaces(
  bytes: Uint8Array,
  version: number,
  change: (kind: number, place: Uint8Array) => readonly [kind: number, place: Uint8Array],
): Uint8Array {
  const places: Uint8Array[] = [];
  const kinds = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
  let newKinds = 0n;
  let at = 6;
  for (let place = 0; place < 16; place++) {
    const kind = (kinds >>> (30 - 2 * place)) & 3;
    const [newKind, newPlace] = change(kind, bytes.slice(at, at + LENGTHS[kind]!));
    at += LENGTHS[kind]!;
    newKinds = 4n * newKinds + BigInt(newKind);
    places.push(newPlace);
  }
  const header = new Uint8Array(6);
  header[0] = version;
  header[1] = bytes[1]!;
  new DataView(header.buffer).setUint32(2, Number(newKinds));
  return Uint8Array.from([...header, ...places.flatMap((place) => [...place])]);
}

/** A page as the first version was written: the hash that is kept with a tall leaf stands before the last one. */
const inFirstVersion = (bytes: Uint8Array) =>
  mapPlaces(bytes, 1, (kind, place) =>
    kind === 3 ? [1, Uint8Array.from([...place.slice(0, 64), ...place.slice(96)])] : [kind, place],
  );

/** A store that changes pages as they are read. */
function changedStore(change: (bytes: Uint8Array) => Uint8Array) {
  const store = memoryMapStore();
  const written: Uint8Array[] = [];
  return {
    ...store,
    written,
    readPages: async (ids: readonly number[]) =>
      (await store.readPages(ids)).map((bytes) => (bytes?.[0] === 2 ? change(bytes) : bytes)),
    write: (update: Parameters<typeof store.write>[0]) => {
      for (const { bytes } of update.pages) written.push(bytes);
      return store.write(update);
    },
  };
}

const uncached = { cacheBytes: 0 };
const corrupt = expect.objectContaining({ code: 'CORRUPT_PAGE' });

async function twoUpdates(map: MerkleMap): Promise<MapRoot> {
  return map.update(await map.update(EMPTY_MAP, entries(0, 40)), entries(40, 60));
}

describe('pages of the first version', () => {
  it('are those that were written then', async () => {
    const store = changedStore((bytes) => bytes);
    await twoUpdates(await MerkleMap.open(store));
    const hash = createHash('sha256');
    for (const page of store.written) hash.update(inFirstVersion(page));
    // Of what the encoder of the first version wrote for these entries.
    expect(hash.digest('hex')).toBe('5f30d09c10dec710a9f3e9ebfc4a4c371d7ebdab92b8973945d89c2f00593fbe');
  });

  it('are read, proved and updated to the same roots', async () => {
    const store = changedStore(inFirstVersion);
    const old = await MerkleMap.open(store, uncached);
    const now = await MerkleMap.open(memoryMapStore(), uncached);
    const [first, expectedFirst] = [await twoUpdates(old), await twoUpdates(now)];
    expect(encodeHex(first.hash)).toBe('4b71027c4014999eef0621fb295e526efb80fbcd1fb08341a4560f200694dd8a');
    const keys = entries(0, 60).map(([key]) => key);
    const absent = entries(100, 160).map(([key]) => key);
    expect(await old.prove(first, keys)).toEqual(await now.prove(expectedFirst, keys));
    expect(await old.proveAbsence(first, absent)).toEqual(await now.proveAbsence(expectedFirst, absent));
    await old.check(first, keys);
    const next = await old.update(first, entries(50, 300));
    expect(next.hash).toEqual((await now.update(expectedFirst, entries(50, 300))).hash);
    await old.check(next, [...keys, ...entries(60, 300).map(([key]) => key)]);
  });

  it('become pages of the second where their leaves are climbed again, and the others stay as they are', async () => {
    const store = memoryMapStore();
    const first = await twoUpdates(await MerkleMap.open(store));
    const old = {
      ...store,
      readPages: async (ids: readonly number[]) =>
        (await store.readPages(ids)).map((bytes) => bytes && inFirstVersion(bytes)),
    };
    const written: Uint8Array[] = [];
    const map = await MerkleMap.open(
      { ...old, write: async ({ pages }) => void written.push(...pages.map(({ bytes }) => bytes)) },
      uncached,
    );
    await map.update(first, entries(60, 70));
    const kinds = new Set(
      written.flatMap((bytes) => {
        const found: number[] = [];
        mapPlaces(bytes, 2, (kind, place) => {
          found.push(kind);
          return [kind, place];
        });
        return found;
      }),
    );
    expect(kinds).toEqual(new Set([0, 1, 2, 3]));
    expect(written.map((bytes) => bytes[0])).toEqual(written.map(() => 2));
  });
});

describe('what no hash of a page vouches for', () => {
  // Path, leaf hash, and the hash that is kept: in that order at 0, 32 and 64.
  it.each([
    ['a path', 31],
    ['a leaf hash', 40],
    ['a kept hash', 64],
  ])('%s that is not true is found by a check, and makes no other root and no other proof', async (_, at) => {
    let isDamaged = false;
    const store = changedStore((bytes) =>
      mapPlaces(bytes, 2, (kind, place) => {
        if (kind === 3 && isDamaged) place[at]! ^= 1;
        return [kind, place];
      }),
    );
    const map = await MerkleMap.open(store, uncached);
    const root = await twoUpdates(map);
    const keys = entries(0, 60).map(([key]) => key);
    const absent = entries(1000, 1100).map(([key]) => key);
    await map.check(root, keys);
    const [proof, next] = [await map.proveAbsence(root, absent), await map.update(root, entries(1000, 1100))];
    isDamaged = true;
    // A path that is another one is no longer that of its key.
    const found = at === 31 ? expect.objectContaining({ code: 'KEY_NOT_FOUND' }) : corrupt;
    await expect(map.check(root, keys)).rejects.toEqual(found);
    if (at === 64) {
      await expect(map.update(root, entries(1000, 1100))).rejects.toEqual(corrupt);
      await expect(map.proveAbsence(root, absent)).rejects.toEqual(corrupt);
    } else {
      // Nothing of them is needed from the hash upwards that is kept.
      expect((await map.update(root, entries(1000, 1100))).hash).toEqual(next.hash);
      expect(await map.proveAbsence(root, absent)).toEqual(proof);
    }
  });

  it('nor a leaf hash that is climbed from', async () => {
    const store = memoryMapStore();
    const root = await twoUpdates(await MerkleMap.open(store));
    const damaged = {
      ...store,
      readPages: async (ids: readonly number[]) =>
        (await store.readPages(ids)).map(
          (bytes) =>
            bytes &&
            mapPlaces(inFirstVersion(bytes), 1, (kind, place) => {
              if (kind === 1) place[40]! ^= 1;
              return [kind, place];
            }),
        ),
    };
    const map = await MerkleMap.open(damaged, uncached);
    await expect(map.update(root, entries(60, 100))).rejects.toEqual(corrupt);
  });
});
