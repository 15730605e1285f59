import { requireCount } from '../arguments.ts';
import { TransparencyError } from '../errors.ts';
import { HASH_BYTES, type Hash } from '../hashing/hash.ts';
import { encodeLogBundleOf } from './bundle.ts';
import { EMPTY_LOG_ROOT } from './empty-root.ts';
import { joinRoots } from './evaluate.ts';
import { edgeOf, extendLevel, LeafCopies } from './extend.ts';
import { balancedRoots, existsFromLength } from './nodes.ts';
import { type LogStore, type LogTile, TILE_WIDTH } from './store.ts';
import type { Tile } from './tile.ts';
import { TileReader } from './tile-reader.ts';
import { type LogProofPlan, planLogProofs } from './walk.ts';

/** The greatest length of a log: node numbers are 32 bits on the wire. */
export const MAX_LOG_LENGTH = 2 ** 31 - 1;

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
  readonly #tiles: TileReader;
  readonly #copies = new LeafCopies();
  #length: number;
  // The length when it was last read from the store. What lies behind it may still be rolled back.
  #settled: number;
  #lastChange: Promise<void> = Promise.resolve();

  private constructor(store: LogStore, length: number, options: MerkleLogOptions) {
    this.#store = store;
    this.#length = length;
    this.#settled = length;
    this.#tiles = new TileReader(store, options.cacheBytes ?? 16 * 1024 * 1024);
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
    return encodeLogBundleOf(plan, plan.nodes, await this.#tiles.locate(plan.nodes));
  }

  /** Runs what changes this object after everything that was asked for before. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => {});
    return done;
  }

  async #reload(): Promise<void> {
    this.#tiles.forgetBehind(this.#settled);
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
    const edge = await this.#tiles.read(edgeOf(from));
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
    this.#tiles.keep(edges);
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
    const { sources, starts } = await this.#tiles.locate(nodes);
    return sources.map((source, i) => source.subarray(starts[i]!, starts[i]! + HASH_BYTES));
  }
}
