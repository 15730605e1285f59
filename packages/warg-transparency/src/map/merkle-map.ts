import { equalBytes } from '@warg/crypto';
import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';
import { type Hash, requireHash } from '../hashing/hash.ts';
import { encodeMapBundle } from './bundle.ts';
import { EMPTY_MAP_ROOT } from './empty.ts';
import { pageHash, storedBytes } from './page.ts';
import { PageReader, type PageRef } from './pages.ts';
import { pathsOf } from './path.ts';
import { checkPaths, type PresenceProof, proveAbsence, provePresence } from './prove.ts';
import type { MapStore } from './store.ts';
import { byPath, type PathEntry, updatePages } from './update.ts';
import { requireNotEmptyLeaf } from './verify.ts';

/** One state of a map. Keep it with the checkpoint that signs `hash`. */
export interface MapRoot {
  /** The root of the Merkle tree, 32 bytes. */
  readonly hash: Hash;
  /** The id of the page at the root; 0 for the empty map. */
  readonly page: number;
}

/** The state of a map without entries. */
export const EMPTY_MAP: MapRoot = { hash: EMPTY_MAP_ROOT, page: 0 };

/** How a map is opened. */
export interface MerkleMapOptions {
  /**
   * How many bytes of pages are kept in memory; 32 MiB, some ten thousand pages, if not given. Pages that were written together
   * leave it together, and may take twice as much until then.
   */
  readonly cacheBytes?: number;
}

/**
 * A sparse Merkle tree of height 256 over a store, with proofs of presence and of absence.
 *
 * It holds no state but a cache: every call names the {@link MapRoot} that it speaks of. Pages are never changed,
 * so that older roots can be read and proved while new ones are written, from this object or from another one on
 * the same store, until their pages are collected.
 *
 * A store inside a transaction can take an update back without this object knowing: call {@link reload} after
 * every rollback.
 *
 * @example
 * const map = await MerkleMap.open(memoryMapStore());
 * const root = await map.update(EMPTY_MAP, [[key, hashLeaf(value)]]);
 * const bundle = await map.prove(root, [key]);
 */
export class MerkleMap {
  readonly #store: MapStore;
  readonly #reader: PageReader;
  // Ids up to here were there when the store was last asked outside an update: they are never taken back.
  #settled: number;
  // Ids up to here were given by this object, to pages that may have been rolled back.
  #given: number;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(store: MapStore, lastPage: number, options: MerkleMapOptions) {
    this.#store = store;
    this.#reader = new PageReader(store, options.cacheBytes ?? 32 * 1024 * 1024);
    this.#settled = lastPage;
    this.#given = lastPage;
  }

  /** Opens the map that is in a store; an empty store holds the empty map. */
  static async open(store: MapStore, options: MerkleMapOptions = {}): Promise<MerkleMap> {
    return new MerkleMap(store, await store.lastPage(), options);
  }

  /**
   * Forgets the pages that were written or read since the last time. Call it after a transaction was rolled back. It
   * waits for the updates before it, and those behind it wait for it.
   */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      this.#reader.forgetAbove(this.#settled);
      this.#settled = await this.#store.lastPage();
    });
  }

  /**
   * Sets entries, with one write to the store; the map at `from` stays as it is. Of several entries with one key
   * the last counts. Calls that overlap are done one after the other.
   *
   * @param from the state to begin with
   * @param entries key (hashed here to give the path) and {@link hashLeaf} of the value
   * @returns the new state; `from` itself if nothing changed
   * @throws TransparencyError `INVALID_ARGUMENT` | `EMPTY_LEAF` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  update(from: MapRoot, entries: readonly (readonly [key: Uint8Array, leafHash: Hash])[]): Promise<MapRoot> {
    let sorted: PathEntry[];
    let root: PageRef | undefined;
    try {
      root = rootRef(from);
      sorted = sortEntries(entries);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#inTurn(() => this.#update(from, root, sorted));
  }

  /**
   * Proves that keys are in the map, byte for byte as the reference does.
   *
   * @returns `MapProofBundle` as protobuf, a proof for each key in their order
   * @throws TransparencyError `INVALID_ARGUMENT` | `EMPTY_PROOF` | `KEY_NOT_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  async prove(at: MapRoot, keys: readonly Uint8Array[]): Promise<Uint8Array> {
    return (await this.#prove(at, pathsOf(keys))).bundle;
  }

  /**
   * The same for those who have the paths of the keys.
   *
   * @param paths {@link pathOf} of each key
   * @throws TransparencyError as {@link prove}
   */
  async provePaths(at: MapRoot, paths: readonly Uint8Array[]): Promise<Uint8Array> {
    return (await this.proveEntries(at, paths)).bundle;
  }

  /**
   * The same for those who want to know what it is that is proved.
   *
   * @param paths {@link pathOf} of each key
   * @throws TransparencyError as {@link prove}
   */
  async proveEntries(at: MapRoot, paths: readonly Uint8Array[]): Promise<PresenceProof> {
    for (const path of paths) requireHash(path, 'a path');
    // Copied: what the caller owns may change while pages are read.
    return this.#prove(
      at,
      paths.map((path) => new Uint8Array(path)),
    );
  }

  /**
   * Proves that keys are not in the map.
   *
   * @returns `MapProofBundle` as protobuf, a proof for each key in their order; see {@link verifyMapAbsence}
   * @throws TransparencyError `INVALID_ARGUMENT` | `EMPTY_PROOF` | `KEY_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  async proveAbsence(at: MapRoot, keys: readonly Uint8Array[]): Promise<Uint8Array> {
    const root = rootRef(at);
    requireAny(keys);
    return encodeMapBundle(await proveAbsence(this.#reader, root, pathsOf(keys)));
  }

  /**
   * Reads the pages on the ways to keys, and checks what they hold of the leaves there. The hash of a page, which is checked
   * whenever it is read, does not vouch for all of it: what is wrong there makes an update or a proof of absence fail with
   * `CORRUPT_PAGE` once it is needed, and is found here before. It takes as long as setting the entries anew.
   *
   * @throws TransparencyError `INVALID_ARGUMENT` | `KEY_NOT_FOUND` | `PAGE_NOT_FOUND` | `CORRUPT_PAGE`
   */
  async check(at: MapRoot, keys: readonly Uint8Array[]): Promise<void> {
    return checkPaths(this.#reader, rootRef(at), pathsOf(keys));
  }

  /**
   * Deletes pages that no state from `oldest` on reaches, with writes to the store. Afterwards states before
   * `oldest` may fail with `PAGE_NOT_FOUND`.
   *
   * @param oldest the oldest state that proofs are still asked for
   * @param limit how many pages at most; call again while as many were deleted
   * @returns how many pages were deleted
   */
  async collect(oldest: MapRoot, limit = 10_000): Promise<number> {
    rootRef(oldest);
    requireCount(limit, 'the limit');
    return this.#store.collect(oldest.page, limit);
  }

  async #prove(at: MapRoot, paths: readonly Uint8Array[]): Promise<PresenceProof> {
    const root = rootRef(at);
    requireAny(paths);
    return provePresence(this.#reader, root, paths);
  }

  /** Runs what changes this object after everything that was asked for before. */
  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => {});
    return done;
  }

  async #update(from: MapRoot, root: PageRef | undefined, entries: readonly PathEntry[]): Promise<MapRoot> {
    if (entries.length === 0) return from;
    const firstId = Math.max(await this.#store.lastPage(), this.#given) + 1;
    const { pages, superseded } = await updatePages(this.#reader, root, entries, firstId);
    const newRoot = pages.at(-1);
    if (newRoot === undefined) return from;
    // An id that was tried is not given again, even if the write fails half-way.
    this.#given = newRoot.id;
    await this.#store.write({
      from: from.page,
      root: newRoot.id,
      pages: pages.map((page) => ({ id: page.id, bytes: storedBytes(page) })),
      superseded,
    });
    for (const page of pages) this.#reader.add(page);
    return { hash: pageHash(newRoot).slice(), page: newRoot.id };
  }
}

function rootRef(root: MapRoot): PageRef | undefined {
  requireCount(root.page, 'the page of a map root');
  requireHash(root.hash, 'the hash of a map root');
  // Copied: what the caller owns may change while pages are read.
  if (root.page > 0) return { id: root.page, depth: 0, hash: root.hash.slice() };
  if (equalBytes(root.hash, EMPTY_MAP_ROOT)) return undefined;
  throw new TransparencyError(
    'INVALID_ARGUMENT',
    'expected the root of the empty map with page 0, found another',
  );
}

function requireAny(keys: readonly Uint8Array[]): void {
  if (keys.length === 0) throw new TransparencyError('EMPTY_PROOF', 'a bundle needs a key to prove');
}

/** Copies what the caller owns, hashes keys to paths, sorts by path; the last entry of a path wins. */
function sortEntries(entries: readonly (readonly [key: Uint8Array, leafHash: Hash])[]): PathEntry[] {
  const paths = pathsOf(entries.map(([key]) => key));
  const sorted = entries.map(([, leaf], i): PathEntry => {
    requireHash(leaf, 'leaf hash');
    requireNotEmptyLeaf(leaf);
    return { path: paths[i]!, leaf: new Uint8Array(leaf) };
  });
  // Sorting is stable, so the last entry of a path stays last among its equals.
  sorted.sort(byPath);
  return sorted.filter((entry, i) => i + 1 === sorted.length || byPath(entry, sorted[i + 1]!) !== 0);
}
