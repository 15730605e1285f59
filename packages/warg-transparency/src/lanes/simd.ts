import { lastBlocks } from '../hashing/branch.ts';
import { ROUND_CONSTANTS } from '../hashing/compress.ts';
import { copyHash } from '../hashing/copy-hash.ts';
import type { EmptyChain } from '../map/empty.ts';
import { branchModule } from './branch-module.ts';
import { type Lanes, type PaddedMessages, TREE_HASHES } from './lanes.ts';
import { LANES, MEMORY, ROW_BYTES, ROW_PAIRS } from './memory.ts';
import { SHORT_BYTES } from './rounds.ts';

const HASH_BYTES = 32;
const HEIGHTS = 256;

/** What the module exports. */
interface BranchExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly pairs: (from: number, to: number, count: number) => void;
  readonly messages: (from: number, to: number, count: number, blocks: number) => void;
  readonly short: (from: number, to: number, count: number) => void;
  readonly climb: (from: number, to: number) => void;
}

/** The part of the WebAssembly API that is used. Node and browsers have it, neutral type libraries do not. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

class SimdLanes implements Lanes {
  readonly #exports: BranchExports;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #emptyHashes: Uint8Array | undefined;

  constructor(exports: BranchExports) {
    this.#exports = exports;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#view = new DataView(exports.memory.buffer);
    this.#setNumbers(MEMORY.constants, ROUND_CONSTANTS);
    this.#setNumbers(MEMORY.lastBlocks, lastBlocks());
  }

  hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void {
    for (let done = 0; done < count; done += ROW_PAIRS) {
      const pairs = Math.min(ROW_PAIRS, count - done);
      const source = (from + 2 * done) * HASH_BYTES;
      this.#bytes.set(hashes.subarray(source, source + 2 * pairs * HASH_BYTES), MEMORY.rows);
      // A last group that is not full hashes what is left from another time, and nobody reads it. Every group writes over
      // pairs that were read by it or before.
      this.#exports.pairs(MEMORY.rows, MEMORY.rows, pairs);
      const result = this.#bytes.subarray(MEMORY.rows, MEMORY.rows + pairs * HASH_BYTES);
      hashes.set(result, (to + done) * HASH_BYTES);
    }
  }

  hashTrees(hashes: Uint8Array, size: number, roots: Uint8Array): void {
    const bytes = this.#bytes;
    // As many as fit together: their rows follow each other on every level, so that no group of pairs but the last is not full.
    const room = Math.floor(TREE_HASHES / size) * size * HASH_BYTES;
    for (let at = 0, to = 0; at < hashes.length; at += room) {
      const some = at === 0 && hashes.length <= room ? hashes : hashes.subarray(at, at + room);
      bytes.set(some, MEMORY.rows);
      const count = some.length / HASH_BYTES;
      for (let pairs = count / 2, left = size; left > 1; pairs /= 2, left /= 2) {
        this.#exports.pairs(MEMORY.rows, MEMORY.rows, pairs);
      }
      const result = (count / size) * HASH_BYTES;
      roots.set(bytes.subarray(MEMORY.rows, MEMORY.rows + result), to);
      to += result;
    }
  }

  hashMessages({ messages, start, end, prefix, blocks, hashes }: PaddedMessages): void {
    const size = 64 * blocks;
    const room = Math.floor(ROW_BYTES / (size + HASH_BYTES) / LANES) * LANES;
    const results = MEMORY.rows + room * size;
    const bytes = this.#bytes;
    const lead = prefix === undefined ? 0 : 1;
    for (let done = start; done < end; done += room) {
      const count = Math.min(room, end - done);
      bytes.fill(0, MEMORY.rows, MEMORY.rows + count * size);
      let longest = 0;
      // The prefix, the message, and what FIPS 180-4 (5.1.1) has behind them where zeros are.
      for (let i = 0, at = MEMORY.rows; i < count; i++, at += size) {
        const message = messages[done + i]!;
        const length = lead + message.length;
        if (prefix !== undefined) bytes[at] = prefix;
        bytes.set(message, at + lead);
        bytes[at + length] = 0x80;
        bytes[at + size - 2] = length >> 5;
        bytes[at + size - 1] = length << 3;
        if (length > longest) longest = length;
      }
      if (longest < SHORT_BYTES) this.#exports.short(MEMORY.rows, results, count);
      else this.#exports.messages(MEMORY.rows, results, count, blocks);
      hashes.set(bytes.subarray(results, results + count * HASH_BYTES), done * HASH_BYTES);
    }
  }

  climb(chains: readonly EmptyChain[], emptyHashes: Uint8Array): void {
    this.#setEmptyHashes(emptyHashes);
    // Those that climb as far stand together, so that hardly any lane waits for others.
    const sorted = chains.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from || a.to - b.to);
    for (let start = 0, end = 0; start < sorted.length; start = end) {
      const { from } = sorted[start]!;
      while (end < sorted.length && end < start + LANES && sorted[end]!.from === from) end++;
      this.#climbTogether(sorted, start, end);
    }
  }

  /** Climbs up to four chains that begin at the same height, by rising tops. */
  #climbTogether(chains: readonly EmptyChain[], start: number, end: number): void {
    const bytes = this.#bytes;
    for (let i = start, at = 0; i < end; i++, at += HASH_BYTES) {
      copyHash(chains[i]!.hash, 0, bytes, MEMORY.chains + at);
      copyHash(chains[i]!.path, 0, bytes, MEMORY.chainPaths + at);
    }
    let height = chains[start]!.from;
    for (let i = start, at = MEMORY.chains; i < end; i++, at += HASH_BYTES) {
      const { to, hash } = chains[i]!;
      if (to > height) this.#exports.climb(height, to);
      height = to;
      copyHash(bytes, at, hash, 0);
    }
  }

  #setNumbers(at: number, numbers: Int32Array): void {
    numbers.forEach((value, i) => {
      this.#view.setInt32(at + 4 * i, value, true);
    });
  }

  #setEmptyHashes(emptyHashes: Uint8Array): void {
    if (this.#emptyHashes === emptyHashes) return;
    this.#emptyHashes = emptyHashes;
    for (let word = 0; word < (HEIGHTS * HASH_BYTES) / 4; word++) {
      this.#view.setInt32(MEMORY.empty + 4 * word, wordAt(emptyHashes, 4 * word), true);
    }
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

// Making them takes as long as hashing so many branches without them. A program that verifies one download never has as
// many, and one that has is done sooner from here on.
const WORTH_MAKING = 10_000;
let made: { readonly lanes: Lanes | undefined } | undefined;
let hashed = 0;

/**
 * Undefined where WebAssembly is missing, has no vectors, or may not be used (a content security policy), and until enough
 * was hashed without them.
 *
 * @param hashes about how many hashes they are wanted for
 */
export function lanes(hashes: number): Lanes | undefined {
  if (made === undefined) {
    hashed += hashes;
    if (hashed < WORTH_MAKING) return undefined;
    made = { lanes: simdLanes() };
  }
  return made.lanes;
}

/**
 * Has everything that this thread hashes from now on go by way of others.
 *
 * @param share makes them of those that this thread has
 * @returns what takes it back; undefined where there are no lanes
 */
export function shareLanes(share: (own: Lanes) => Lanes): (() => void) | undefined {
  const own = lanes(Number.POSITIVE_INFINITY);
  if (own === undefined) return undefined;
  made = { lanes: share(own) };
  return () => {
    made = { lanes: own };
  };
}

function simdLanes(): Lanes | undefined {
  const exports = compile();
  return exports === undefined ? undefined : new SimdLanes(exports);
}

function compile(): BranchExports | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return undefined;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(branchModule())).exports as BranchExports;
  } catch {
    return undefined;
  }
}
