import { ByteCache } from '../cache.ts';
import { HASH_BYTES } from '../hashing/hash.ts';
import { type LogStore, TILE_WIDTH, type TileId, type TilePart, tileKey, tileWidth } from './store.ts';
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

/** What stands for a block until it is read. */
const NOT_READ = new Uint8Array(0);

/** Reads the tiles of a log, and keeps those that may be asked for again. */
export class TileReader {
  readonly #store: LogStore;
  readonly #tiles: ByteCache<Tile>;
  /** Of complete tiles of leaves that were read: a large log has more of them than are kept. */
  readonly #crowns: ByteCache<Crown>;
  /** Counts how often was forgotten: tiles that were asked for before must not be kept after it. */
  #epoch = 0;

  /** @param cacheBytes most bytes of tiles that are kept, and most of crowns */
  constructor(store: LogStore, cacheBytes: number) {
    this.#store = store;
    this.#tiles = new ByteCache(cacheBytes, () => TILE_BYTES);
    this.#crowns = new ByteCache(cacheBytes, () => CROWN_BYTES);
  }

  /** Keeps tiles as they were written. */
  keep(tiles: readonly Tile[]): void {
    for (const tile of tiles) this.#tiles.set(tileKey(tile), tile);
  }

  /** Forgets what a log of that many leaves does not have. */
  forgetBehind(length: number): void {
    this.#epoch++;
    this.#tiles.retain((tile) => tile.width <= tileWidth(tile, length));
    this.#crowns.retain((crown) => tileWidth(crown, length) === TILE_WIDTH);
  }

  /**
   * Where the hashes of complete nodes are, in the order asked for.
   *
   * @param nodes in-order numbers
   * @throws TransparencyError `CORRUPT_TILE`
   */
  async locate(nodes: readonly number[]): Promise<HashPlaces> {
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
    const tiles = await this.read(wanted.filter((place) => !sparse.has(tileKey(place))));
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
  async read(wanted: readonly (TileId & { readonly width: number })[]): Promise<Map<number, Tile>> {
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
