import type { EmptyChain } from '../map/empty.ts';

/** Hashes four branches at once: what the plain functions of `hashing/` and `map/empty.ts` define, faster. */
export interface Lanes {
  /** `hashPairs`. */
  hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void;
  /** `hashEmptyChains`, with the hashes of empty subtrees of height 0 to 255 one behind the other. */
  climb(chains: readonly EmptyChain[], emptyHashes: Uint8Array): void;
}
