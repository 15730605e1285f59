import { TransparencyError } from '../errors.ts';
import { BranchRow } from '../hashing/branch-row.ts';
import { HASH_BYTES, type Hash, hashPairs } from '../hashing/hash.ts';
import { nodeHeight } from './nodes.ts';
import { storedWidth, TILE_HEIGHT, TILE_WIDTH, type TileId } from './store.ts';

/**
 * A tile in memory: its hashes and those of the branches above them, row by row: 256, 128, … 1. Of each row the
 * first hashes are there, as far as the tile is filled. Never changed once it can be seen by others.
 */
export interface Tile extends TileId {
  /** How many of the 256 hashes of the lowest row are there. */
  readonly width: number;
  /** 511 hashes. Tiles that grew out of each other share them: each has its own first ones of every row. */
  readonly nodes: Uint8Array;
  /** How wide the widest of those is. Only that one grows where it is. */
  readonly shared: { width: number };
}

const TILE_NODES = 2 * TILE_WIDTH - 1;

/** How many bytes a tile takes in memory, about. */
export const TILE_BYTES = TILE_NODES * HASH_BYTES + 200;

/** Where row `row` of a tile begins, counted in hashes. */
function rowStart(row: number): number {
  return 2 * TILE_WIDTH - (2 * TILE_WIDTH) / 2 ** row;
}

/**
 * A tile made of an older state of itself (or nothing) and hashes that come behind; the branches that become
 * complete are hashed.
 *
 * @param hashes whole hashes, one behind the other, as many as fit
 */
export function extendTile(id: TileId, before: Tile | undefined, hashes: Uint8Array): Tile {
  const from = before?.width ?? 0;
  const width = from + hashes.length / HASH_BYTES;
  const growing = before !== undefined && before.shared.width === from ? before : copyNodes(before);
  const { nodes, shared } = growing;
  shared.width = width;
  nodes.set(hashes, from * HASH_BYTES);
  for (let row = 1; row <= TILE_HEIGHT; row++) {
    const first = Math.floor(from / 2 ** row);
    const count = Math.floor(width / 2 ** row) - first;
    if (count > 0) hashPairs(nodes, rowStart(row - 1) + 2 * first, rowStart(row) + first, count);
  }
  return { level: id.level, index: id.index, width, nodes, shared };
}

function copyNodes(before: Tile | undefined): Pick<Tile, 'nodes' | 'shared'> {
  const nodes = new Uint8Array(TILE_NODES * HASH_BYTES);
  if (before !== undefined) nodes.set(before.nodes);
  return { nodes, shared: { width: 0 } };
}

/**
 * A tile from its stored bytes.
 *
 * @param width how many hashes it must have at least
 * @throws TransparencyError `CORRUPT_TILE`
 */
export function tileFromStore(id: TileId, stored: Uint8Array | undefined, width: number): Tile {
  return extendTile(id, undefined, requireStored(id, stored, width));
}

/** @throws TransparencyError `CORRUPT_TILE` */
function requireStored(id: TileId, stored: Uint8Array | undefined, width: number): Uint8Array {
  const found = stored === undefined ? 0 : storedWidth(stored);
  if (stored === undefined || found === undefined || found < width) {
    const what = stored === undefined ? 'none' : `${stored.length} bytes`;
    throw new TransparencyError(
      'CORRUPT_TILE',
      `expected tile ${id.index} of level ${id.level} with ${width} or more hashes in the store, found ${what}`,
    );
  }
  return stored;
}

/** The hashes of the lowest row, as a store keeps them: a view. */
export function tileHashes(tile: Tile): Uint8Array {
  return tile.nodes.subarray(0, tile.width * HASH_BYTES);
}

/** The root of a complete tile: a view. */
export function tileRoot(tile: Tile): Hash {
  return tile.nodes.subarray(rowStart(TILE_HEIGHT) * HASH_BYTES);
}

/** Where the hash of a node stands. */
export interface NodePlace extends TileId {
  /** How many hashes the tile must have for the node to be complete. */
  readonly width: number;
  /** Which row of the tile it stands in. */
  readonly row: number;
  /** Where in the tile's nodes the hash begins, in bytes. */
  readonly at: number;
}

/** Powers of two, for what is asked of each node of a large proof. */
const POWERS = Array.from({ length: 64 }, (_, i) => 2 ** i);

/** Which tile holds a node, and where. The root of a tile is read from the tile above, whose leaf it is. */
export function placeOf(node: number): NodePlace {
  const height = nodeHeight(node);
  const position = Math.floor(node / POWERS[height + 1]!);
  const level = Math.floor(height / TILE_HEIGHT);
  const row = height % TILE_HEIGHT;
  const size = POWERS[row]!;
  const inRow = TILE_WIDTH / size;
  const index = Math.floor(position / inRow);
  const within = position - index * inRow;
  const start = 2 * TILE_WIDTH - (2 * TILE_WIDTH) / size;
  return { level, index, width: (within + 1) * size, row, at: (start + within) * HASH_BYTES };
}

/** The rows from this one up are the crown of a tile. What lies below one of its hashes is 8 leaves. */
const CROWN_ROW = 3;

/** The upper rows of a complete tile: 63 of its 511 hashes, which stand for nearly all of the work that it takes. */
export interface Crown extends TileId {
  readonly hashes: Uint8Array;
}

/** How many bytes a crown takes in memory, about. */
export const CROWN_BYTES = (TILE_NODES - rowStart(CROWN_ROW)) * HASH_BYTES + 300;

export function crownOf({ level, index, nodes }: Tile): Crown {
  return { level, index, hashes: nodes.slice(rowStart(CROWN_ROW) * HASH_BYTES) };
}

/** How many hashes of the lowest row lie below one of a crown. */
export const BLOCK = 2 ** CROWN_ROW;

/** A complete tile of which there is the crown, and of what lies below it what one proof asks for. */
export interface SparseTile extends TileId {
  readonly crown: Crown;
  /** Of the lowest row, by their numbers, {@link BLOCK} hashes each. */
  readonly blocks: Map<number, Uint8Array>;
}

/** Which block of the lowest row a hash stands in or above; undefined for one of the crown. */
export function blockOf({ row, at }: NodePlace): number | undefined {
  return row < CROWN_ROW ? Math.floor(firstBelow(row, at) / BLOCK) : undefined;
}

/** The first hash of the lowest row that lies below the one at `at`. */
function firstBelow(row: number, at: number): number {
  return (at / HASH_BYTES - rowStart(row)) * 2 ** row;
}

/**
 * A block as it was stored.
 *
 * @throws TransparencyError `CORRUPT_TILE`
 */
export function requireBlock(id: TileId, stored: Uint8Array | undefined): Uint8Array {
  if (stored?.length === BLOCK * HASH_BYTES) return stored;
  // Whoever cannot give so much of it does not have all of it.
  return requireStored(id, undefined, TILE_WIDTH);
}

/** Where hashes stand: hash i begins in `sources[i]` at `starts[i]`. */
export interface HashPlaces {
  readonly sources: readonly Uint8Array[];
  readonly starts: readonly number[];
}

/**
 * Finds hashes.
 *
 * @param tiles for each place its tile. What is missing in those that are sparse is hashed, all of it together
 */
export function locateHashes(
  places: readonly NodePlace[],
  tiles: readonly (Tile | SparseTile)[],
): HashPlaces {
  const sources: Uint8Array[] = [];
  const starts: number[] = [];
  const missing: MissingHash[] = [];
  for (let i = 0; i < places.length; i++) {
    const { row, at } = places[i]!;
    const tile = tiles[i]!;
    if ('nodes' in tile) {
      sources.push(tile.nodes);
      starts.push(at);
    } else if (row >= CROWN_ROW) {
      sources.push(tile.crown.hashes);
      starts.push(at - rowStart(CROWN_ROW) * HASH_BYTES);
    } else {
      const first = firstBelow(row, at);
      const block = tile.blocks.get(Math.floor(first / BLOCK))!;
      const start = (first % BLOCK) * HASH_BYTES;
      const hashes = row === 0 ? block : block.slice(start, start + 2 ** row * HASH_BYTES);
      if (row > 0) missing.push({ row, hashes });
      sources.push(hashes);
      starts.push(row === 0 ? start : 0);
    }
  }
  if (missing.length > 0) hashMissing(missing);
  return { sources, starts };
}

interface MissingHash {
  readonly row: number;
  /** The 2^row hashes of the lowest row below it; in the end the hash itself stands first. */
  readonly hashes: Uint8Array;
}

function hashMissing(missing: readonly MissingHash[]): void {
  const branches = new BranchRow(missing.length * 2 ** (CROWN_ROW - 2));
  for (let row = 1; row < CROWN_ROW; row++) {
    for (const { row: top, hashes } of missing) {
      for (let i = 0; i < Math.floor(2 ** (top - row)); i++) {
        const from = 2 * i * HASH_BYTES;
        branches.add(hashes, from, hashes, from + HASH_BYTES, hashes, i * HASH_BYTES);
      }
    }
    branches.hash();
  }
}
