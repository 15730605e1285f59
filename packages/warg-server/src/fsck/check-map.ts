import { digestFromBytes, digestToBytes, encodeHex } from '@warg/crypto';
import { EMPTY_MAP, type MapRoot, MerkleMap, memoryMapStore } from '@warg/transparency';
import { TREE_CACHES } from '../registry/tree-caches.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { messageOf, type Report } from './findings.ts';

const BATCH = 4096;
/** Most keys whose stored pages are read at once. */
const PROVED = 500;

type Entry = readonly [key: Uint8Array, leafHash: Uint8Array];

/** Makes the map again from the heads of all logs, and reads the stored one on the ways to all of them. */
export class MapCheck {
  readonly #store: RegistryStore;
  readonly #head: StoredCheckpoint;
  readonly #report: Report;
  /** The one that is made again. */
  #map: MerkleMap | undefined;
  #stored: MerkleMap | undefined;
  #root: MapRoot = EMPTY_MAP;
  #entries: Entry[] = [];

  constructor(store: RegistryStore, head: StoredCheckpoint, report: Report) {
    this.#store = store;
    this.#head = head;
    this.#report = report;
  }

  async add(key: Uint8Array, leafHash: Uint8Array): Promise<void> {
    this.#entries.push([key, leafHash]);
    if (this.#entries.length >= BATCH) await this.#flush();
  }

  async #flush(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return;
    this.#map ??= await MerkleMap.open(memoryMapStore());
    this.#root = await this.#map.update(this.#root, entries);
    // Of the map that is made only the newest state is of use.
    while ((await this.#map.collect(this.#root)) > 0);
    await this.#readStored(entries);
  }

  /** Every page is checked against the hash that it must have, when it is read, and its leaves with all that is kept with them. */
  async #readStored(entries: readonly Entry[]): Promise<void> {
    const { mapRoot, mapPage } = this.#head;
    const root: MapRoot = { hash: digestToBytes(mapRoot), page: mapPage };
    const prove = (some: readonly Entry[]) =>
      this.#store.read(async (reads) => {
        this.#stored ??= await MerkleMap.open(reads.mapStore, TREE_CACHES.map);
        await this.#stored.check(
          root,
          some.map(([key]) => key),
        );
      });
    for (let first = 0; first < entries.length; first += PROVED) {
      const some = entries.slice(first, first + PROVED);
      try {
        await prove(some);
      } catch {
        // One after the other, to name those that it concerns.
        for (const entry of some) {
          try {
            await prove([entry]);
          } catch (error) {
            const where = `the map, on the way to the log sha256:${encodeHex(entry[0])}`;
            this.#report({ code: 'MAP_PAGE_DAMAGED', where, message: messageOf(error) });
          }
        }
      }
    }
  }

  async end(): Promise<void> {
    await this.#flush();
    const found = digestFromBytes(this.#root.hash);
    const { mapRoot, sequence, logLength } = this.#head;
    if (found === mapRoot) return;
    this.#report({
      code: 'MAP_ROOT_MISMATCH',
      where: `checkpoint ${sequence} (of ${logLength} records)`,
      message: `the heads of the logs lead to ${found}, and what is signed is ${mapRoot}`,
    });
  }
}
