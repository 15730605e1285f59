import { TransparencyError } from '../errors.ts';
import { HASH_BYTES } from '../hashing/hash.ts';

/** The number of hashes in a complete tile. */
export const TILE_WIDTH = 256;

/** The number of tree levels from one level of tiles to the next. */
export const TILE_HEIGHT = 8;

/**
 * Names a tile: `level` 0 holds leaf hashes, level L the hashes of complete subtrees of height 8 L; tile `index`
 * holds those with the positions 256 index … 256 index + 255. The cut is that of the tiles of C2SP's tlog-tiles.
 */
export interface TileId {
  readonly level: number;
  readonly index: number;
}

/** A tile: 1 to 256 hashes of 32 bytes, one behind the other. The tile at the right edge has fewer than 256. */
export interface LogTile extends TileId {
  readonly hashes: Uint8Array;
}

/** Hashes of a tile, from number `first` on. */
export interface TilePart extends TileId {
  readonly first: number;
}

/** One append, as a store sees it. */
export interface LogChange {
  /** The length that the log had, in leaves. The store refuses the change if it has another one. */
  readonly from: number;
  /** The length that the log has afterwards. */
  readonly length: number;
  /**
   * Every tile that is new or longer than it was. A tile replaces the shorter one with the same id. The bytes belong to whoever
   * asks for the change, and are others as soon as it is written: a store copies what it keeps.
   */
  readonly tiles: readonly LogTile[];
}

/**
 * Where a log keeps its tiles. Hashes that were written never change; tiles at the right edge grow.
 *
 * A store makes one `write` visible as a whole or not at all; where several things must be committed together, it
 * writes inside the transaction of its caller.
 */
export interface LogStore {
  /** How many leaves are stored. */
  length(): Promise<number>;
  /** The tiles with these ids, in their order; undefined for one that is not stored. */
  readTiles(ids: readonly TileId[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * `count` hashes of each part, in their order, as they stand in their tiles; undefined for one whose tile is not stored.
   * A store that has it is spared to give whole tiles where 256 bytes of each are wanted.
   */
  readParts?(parts: readonly TilePart[], count: number): Promise<readonly (Uint8Array | undefined)[]>;
  /** @throws TransparencyError `LOG_CONFLICT` if the stored length is not `change.from`; then nothing is written */
  write(change: LogChange): Promise<void>;
}

/** A number for each tile id, different for different ids. */
export function tileKey({ level, index }: TileId): number {
  return level * 2 ** 40 + index;
}

/** The error of a store whose log has another length than an append began with. */
export function logConflict(expected: number, found: number): TransparencyError {
  return new TransparencyError(
    'LOG_CONFLICT',
    `expected the stored log to have ${expected} leaves, found ${found}: somebody else appends, reload and retry`,
  );
}

/** A log store that forgets everything with the process. */
export function memoryLogStore(): LogStore {
  const tiles = new Map<number, Uint8Array>();
  let length = 0;
  return {
    async length() {
      return length;
    },
    async readTiles(ids) {
      return ids.map((id) => tiles.get(tileKey(id)));
    },
    async write(change) {
      if (change.from !== length) throw logConflict(change.from, length);
      // The caller goes on using its arrays.
      for (const tile of change.tiles) tiles.set(tileKey(tile), new Uint8Array(tile.hashes));
      length = change.length;
    },
  };
}

/** How many hashes stand in the tile when the log has `length` leaves; 0 if it does not exist. */
export function tileWidth({ level, index }: TileId, length: number): number {
  const complete = Math.floor(length / 2 ** (TILE_HEIGHT * level));
  return Math.min(Math.max(complete - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** The number of hashes in the bytes of a tile, or undefined if they cannot be a tile. */
export function storedWidth(hashes: Uint8Array): number | undefined {
  const width = hashes.length / HASH_BYTES;
  return Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH ? width : undefined;
}
