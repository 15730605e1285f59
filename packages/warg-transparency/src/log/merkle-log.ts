import { requireCount } from '../arguments.ts';
import { ByteCache } from '../cache.ts';
import { TransparencyError } from '../errors.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { encodeLogBundleOf } from './bundle.ts';
import { EMPTY_LOG_ROOT } from './empty-root.ts';
import { joinRoots } from './evaluate.ts';
import { edgeOf, extendLevel, LeafCopies } from './extend.ts';
import { balancedRoots, existsFromLength } from './nodes.ts';
import {
  type LogStore,
  type LogTile,
  TILE_WIDTH,
  type TileId,
  type TilePart,
  tileKey,
  tileWidth,
} from './store.ts';
import {
  BLOCK,
  blockOf,
  CROWN_BYTES,
  type Crown,
  crownOf,
  type HashPlaces,
  locateHashes,
  type NodePlace,
  placeOf,
  requireBlock,
  type SparseTile,
  TILE_BYTES,
  type Tile,
  tileFromStore,
} from './tile.ts';
import { type LogProofPlan, planLogProofs } from './walk.ts';

/** The greatest length of a log: node numbers are 32 bits on the wire. */
export const MAX_LOG_LENGTH = 2 ** 31 - 1;

/** What stands for a block until it is read. */
const NOT_READ = new Uint8Array(0);

/** How a log is opened. */
export interface MerkleLogOptions {
  /**
   * How many bytes of tiles are kept in memory; 16 MiB, about a thousand tiles, if not given. Up to as many again are kept
   * of the upper rows of complete tiles, which take an eighth of the room and are nearly all of the work.
   */
  readonly cacheBytes?: number;
}

/** What one bundle shall prove about a log. At least one leaf or one older length. */
export interface LogProofQuery {
  /** The length of the log, in leaves, at which everything is proved. */
  readonly length: number;
  /** The leaves whose inclusion is proved: indices from 0, below `length`. */
  readonly leaves?: readonly number[];
  /** The older lengths whose consistency is proved: up to `length`. */
  readonly from?: readonly number[];
}

/**
 * A Merkle log over a store: RFC 6962, with proofs for every length it ever had.
 *
 * Complete tiles never change, so that any number of proofs may be made while the log grows, from this object or
 * from another one on the same store. One object appends at a time.
 *
 * A store inside a transaction can take an append back without this object knowing: call {@link reload} after
 * every rollback.
 *
 * @example
 * const log = await MerkleLog.open(memoryLogStore());
 * await log.append([hashLeaf(first), hashLeaf(second)]);
 * const root = await log.rootAt(log.length);
 * const bundle = await log.prove({ length: log.length, leaves: [0] });
 */
export class MerkleLog {
  readonly #store: LogStore;
  readonly #tiles: ByteCache<Tile>;
  /** Of complete tiles of leaves that were read: a large log has more of them than are kept. */
  readonly #crowns: ByteCache<Crown>;
  readonly #copies = new LeafCopies();
  #length: number;
  // The length when it was last read from the store. What lies behind it may still be rolled back.
  #settled: number;
  // Counts reloads: tiles that were asked for before one must not be kept after it.
  #epoch = 0;
  #lastChange: Promise<void> = Promise.resolve();

  private constructor(store: LogStore, length: number, options: MerkleLogOptions) {
    this.#store = store;
    this.#length = length;
    this.#settled = length;
    const cacheBytes = options.cacheBytes ?? 16 * 1024 * 1024;
    this.#tiles = new ByteCache(cacheBytes, () => TILE_BYTES);
    this.#crowns = new ByteCache(cacheBytes, () => CROWN_BYTES);
  }

  /** Opens the log that is in a store; an empty store holds the empty log. */
  static async open(store: LogStore, options: MerkleLogOptions = {}): Promise<MerkleLog> {
    return new MerkleLog(store, await store.length(), options);
  }

  /** The number of leaves, as far as this object knows. */
  get length(): number {
    return this.#length;
  }

  /**
   * Reads the length from the store again, and forgets what was appended or read since the last time. Call it
   * after a transaction was rolled back, or to see what others appended. It waits for the appends before it, and
   * those behind it wait for it.
   */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#reload());
  }

  /**
   * Appends leaves, in their order, with one write to the store. Calls that overlap are done one after the other.
   *
   * @param leafHashes {@link hashLeaf} of each leaf: a list, or one array with 32 bytes for each, as {@link hashLeaves}
   *   returns it
   * @throws TransparencyError `INVALID_ARGUMENT` | `LOG_FULL` | `LOG_CONFLICT` | `CORRUPT_TILE`; the log is as before
   */
  append(leafHashes: readonly Hash[] | Uint8Array): Promise<void> {
    return this.#appendCopies(() => this.#copies.take(leafHashes));
  }

  /**
   * Hashes leaves and appends them: {@link append} of their {@link hashLeaves}, with no array in between.
   *
   * @param leaves the bytes of each leaf, with whatever prefix tells this kind of leaf from others
   * @throws TransparencyError `INVALID_ARGUMENT` | `LOG_FULL` | `LOG_CONFLICT` | `CORRUPT_TILE`; the log is as before
   */
  appendLeaves(leaves: readonly Uint8Array[]): Promise<void> {
    return this.#appendCopies(() => this.#copies.hash(leaves));
  }

  /** Makes the copies now, and appends them in turn. */
  #appendCopies(copy: () => Uint8Array): Promise<void> {
    let hashes: Uint8Array;
    try {
      hashes = copy();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#inTurn(async () => {
      try {
        await this.#append(hashes);
      } finally {
        this.#copies.giveBack(hashes);
      }
    });
  }

  /**
   * The root of the log when it had `length` leaves; SHA-256 of nothing for 0.
   *
   * @throws TransparencyError `INVALID_ARGUMENT` | `LENGTH_BEYOND_LOG` | `CORRUPT_TILE`
   */
  async rootAt(length: number): Promise<Hash> {
    await this.#requireLength(length);
    if (length === 0) return EMPTY_LOG_ROOT.slice();
    return joinRoots(await this.#hashesOf(balancedRoots(length)));
  }

  /**
   * The hashes of complete nodes, in the order asked for.
   *
   * @param nodes in-order numbers
   * @throws TransparencyError `INVALID_ARGUMENT` | `LENGTH_BEYOND_LOG` if a node is not complete yet | `CORRUPT_TILE`
   */
  async nodeHashes(nodes: readonly number[]): Promise<Hash[]> {
    for (const node of nodes) requireCount(node, 'a node');
    for (const node of nodes) await this.#requireLength(existsFromLength(node));
    return this.#hashesOf(nodes);
  }

  /**
   * Makes a bundle of proofs, byte for byte the one that the reference makes.
   *
   * @returns `LogProofBundle` as protobuf
   * @throws TransparencyError `INVALID_ARGUMENT` | `EMPTY_PROOF` | `LENGTH_BEYOND_LOG` | `LENGTHS_OUT_OF_ORDER` |
   *   `LEAF_BEYOND_LOG` | `CORRUPT_TILE`
   */
  async prove(query: LogProofQuery): Promise<Uint8Array> {
    const { length } = query;
    const plan = planLogProofs({
      consistency: (query.from ?? []).map((oldLength) => ({ oldLength, length })),
      inclusion: (query.leaves ?? []).map((leaf) => ({ leaf, length })),
    });
    return this.provePlan(plan);
  }

  /**
   * Makes the bundle that {@link planLogProofs} planned.
   *
   * @returns `LogProofBundle` as protobuf
   * @throws TransparencyError `LENGTH_BEYOND_LOG` | `CORRUPT_TILE`
   */
  async provePlan(plan: LogProofPlan): Promise<Uint8Array> {
    await this.#requireLength(plan.logLength);
    return encodeLogBundleOf(plan, plan.nodes, await this.#locate(plan.nodes));
  }

  /** Runs what changes this object after everything that was asked for before. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => {});
    return done;
  }

  async #reload(): Promise<void> {
    this.#epoch++;
    const settled = this.#settled;
    this.#tiles.retain((tile) => tile.width <= tileWidth(tile, settled));
    this.#crowns.retain((crown) => tileWidth(crown, settled) === TILE_WIDTH);
    const length = await this.#store.length();
    this.#length = length;
    this.#settled = length;
  }

  async #append(leafHashes: Uint8Array): Promise<void> {
    if (leafHashes.length === 0) return;
    const from = this.#length;
    const length = from + leafHashes.length / HASH_BYTES;
    if (length > MAX_LOG_LENGTH) {
      throw new TransparencyError(
        'LOG_FULL',
        `expected at most ${MAX_LOG_LENGTH} leaves in a log, found ${length}: begin a new log`,
      );
    }
    const edge = await this.#readTiles(edgeOf(from));
    const tiles: LogTile[] = [];
    const edges: Tile[] = [];
    // Level by level: the roots of the tiles that become complete are appended to the level above.
    for (let level = 0, hashes = leafHashes; hashes.length > 0; level++) {
      const change = extendLevel(level, Math.floor(from / TILE_WIDTH ** level), hashes, edge);
      for (const tile of change.stored) tiles.push(tile);
      for (const tile of change.edges) edges.push(tile);
      hashes = change.roots;
    }
    await this.#store.write({ from, length, tiles });
    this.#length = length;
    for (const tile of edges) this.#tiles.set(tileKey(tile), tile);
  }

  /** Looks into the store before it says that the log is too short: another connection may append. */
  async #requireLength(length: number): Promise<void> {
    requireCount(length, 'the length of the log');
    if (length <= this.#length) return;
    const stored = await this.#store.length();
    if (stored > this.#length) this.#length = stored;
    if (length <= this.#length) return;
    throw new TransparencyError(
      'LENGTH_BEYOND_LOG',
      `the log has ${this.#length} leaves and was never ${length} leaves long`,
    );
  }

  async #hashesOf(nodes: readonly number[]): Promise<Hash[]> {
    const { sources, starts } = await this.#locate(nodes);
    return sources.map((source, i) => source.subarray(starts[i]!, starts[i]! + HASH_BYTES));
  }

  async #locate(nodes: readonly number[]): Promise<HashPlaces> {
    const places = nodes.map(placeOf);
    // Nodes in their order stand together, tile by tile.
    const wanted: NodePlace[] = [];
    let last: NodePlace | undefined;
    for (const place of places) {
      if (last === undefined || last.level !== place.level || last.index !== place.index) wanted.push(place);
      else if (last.width < place.width) wanted[wanted.length - 1] = place;
      else continue;
      last = place;
    }
    const sparse = this.#sparseTiles(wanted);
    await this.#readBlocks(places, sparse);
    const tiles = await this.#readTiles(wanted.filter((place) => !sparse.has(tileKey(place))));
    let tile: Tile | SparseTile | undefined;
    const tileOf = places.map((place) => {
      if (tile?.index === place.index && tile.level === place.level) return tile;
      const key = tileKey(place);
      tile = tiles.get(key) ?? sparse.get(key)!;
      return tile;
    });
    return locateHashes(places, tileOf);
  }

  /**
   * Of tiles that are not in memory as a whole, those whose crown is. They are not kept: where so much is asked for, they would
   * take the place of some that may be asked for sooner.
   */
  #sparseTiles(wanted: readonly NodePlace[]): Map<number, SparseTile> {
    const sparse = new Map<number, SparseTile>();
    for (const { level, index, width } of wanted) {
      const key = tileKey({ level, index });
      const tile = this.#tiles.get(key);
      if (tile !== undefined && tile.width >= width) continue;
      const crown = this.#crowns.get(key);
      if (crown !== undefined) sparse.set(key, { level, index, crown, blocks: new Map() });
    }
    return sparse;
  }

  /** Reads what hashes need of sparse tiles, in one read. @throws TransparencyError `CORRUPT_TILE` */
  async #readBlocks(places: readonly NodePlace[], sparse: ReadonlyMap<number, SparseTile>): Promise<void> {
    if (sparse.size === 0) return;
    const parts: (TilePart & { readonly of: SparseTile; readonly block: number })[] = [];
    for (const place of places) {
      const block = blockOf(place);
      const of = block === undefined ? undefined : sparse.get(tileKey(place));
      if (of === undefined || of.blocks.has(block!)) continue;
      of.blocks.set(block!, NOT_READ);
      parts.push({ level: place.level, index: place.index, first: block! * BLOCK, of, block: block! });
    }
    if (parts.length === 0) return;
    const stored = await this.#readParts(parts);
    for (const [i, { of, block }] of parts.entries()) of.blocks.set(block, requireBlock(of, stored[i]));
  }

  async #readParts(parts: readonly TilePart[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (this.#store.readParts !== undefined) return this.#store.readParts(parts, BLOCK);
    const tiles = await this.#store.readTiles(parts);
    return tiles.map((tile, i) => {
      const start = parts[i]!.first * HASH_BYTES;
      return tile?.subarray(start, start + BLOCK * HASH_BYTES);
    });
  }

  /** The tiles, each at least as wide as asked, by their keys: from memory, or all others in one read. */
  async #readTiles(wanted: readonly (TileId & { readonly width: number })[]): Promise<Map<number, Tile>> {
    const tiles = new Map<number, Tile>();
    const missing = new Map<number, TileId & { readonly width: number }>();
    for (const id of wanted) {
      const key = tileKey(id);
      const cached = tiles.get(key) ?? this.#tiles.get(key);
      if (cached !== undefined && cached.width >= id.width) tiles.set(key, cached);
      else if (id.width > (missing.get(key)?.width ?? 0)) missing.set(key, id);
    }
    if (missing.size === 0) return tiles;
    const ids = [...missing.values()];
    const epoch = this.#epoch;
    const stored = await this.#store.readTiles(ids);
    ids.forEach((id, i) => {
      const key = tileKey(id);
      const tile = tileFromStore(id, stored[i], id.width);
      tiles.set(key, tile);
      if (epoch === this.#epoch && tile.level === 0 && tile.width === TILE_WIDTH) {
        this.#crowns.set(key, crownOf(tile));
      }
      // Another call may have put a longer state of the tile there meanwhile.
      const cached = this.#tiles.get(key);
      if (epoch === this.#epoch && (cached === undefined || cached.width < tile.width))
        this.#tiles.set(key, tile);
    });
    return tiles;
  }
}
