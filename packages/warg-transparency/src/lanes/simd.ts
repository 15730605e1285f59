import { ROUND_CONSTANTS } from '../hashing/branch.ts';
import type { EmptyChain } from '../map/empty.ts';
import { branchModule, LANES, MEMORY, ROW_PAIRS } from './branch-module.ts';
import type { Lanes } from './lanes.ts';

const HASH_BYTES = 32;
const HEIGHTS = 256;

/** What the module exports. */
interface BranchExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly rows: (count: number) => void;
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
    ROUND_CONSTANTS.forEach((constant, i) => {
      this.#view.setInt32(MEMORY.constants + 4 * i, constant, true);
    });
  }

  hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void {
    for (let done = 0; done < count; done += ROW_PAIRS) {
      const pairs = Math.min(ROW_PAIRS, count - done);
      const source = (from + 2 * done) * HASH_BYTES;
      this.#bytes.set(hashes.subarray(source, source + 2 * pairs * HASH_BYTES), MEMORY.rows);
      // A last group that is not full hashes what is left from another time, and nobody reads it.
      this.#exports.rows(Math.ceil(pairs / LANES) * LANES);
      const result = this.#bytes.subarray(MEMORY.rows, MEMORY.rows + pairs * HASH_BYTES);
      hashes.set(result, (to + done) * HASH_BYTES);
    }
  }

  climb(chains: readonly EmptyChain[], emptyHashes: Uint8Array): void {
    this.#setEmptyHashes(emptyHashes);
    const byStart = new Map<number, EmptyChain[]>();
    for (const chain of chains) {
      const group = byStart.get(chain.from);
      if (group === undefined) byStart.set(chain.from, [chain]);
      else group.push(chain);
    }
    for (const [from, group] of byStart) {
      for (let at = 0; at < group.length; at += LANES) this.#climbTogether(from, group.slice(at, at + LANES));
    }
  }

  #climbTogether(from: number, chains: readonly EmptyChain[]): void {
    const top = chains.reduce((highest, { to }) => Math.max(highest, to), from);
    if (top === from) return;
    for (let lane = 0; lane < LANES; lane++) {
      const chain = chains[lane];
      this.#view.setInt32(MEMORY.tops + 4 * lane, chain?.to ?? from, true);
      if (chain === undefined) continue;
      for (let word = 0; word < HASH_BYTES / 4; word++) {
        this.#view.setInt32(MEMORY.paths + 16 * word + 4 * lane, wordAt(chain.path, 4 * word), true);
      }
      this.#bytes.set(chain.hash, MEMORY.chains + HASH_BYTES * lane);
    }
    this.#exports.climb(from, top);
    chains.forEach(({ hash }, lane) => {
      const at = MEMORY.chains + HASH_BYTES * lane;
      hash.set(this.#bytes.subarray(at, at + HASH_BYTES));
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

/** Undefined where WebAssembly is missing, has no vectors, or may not be used (a content security policy). */
export const lanes: Lanes | undefined = simdLanes();

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
