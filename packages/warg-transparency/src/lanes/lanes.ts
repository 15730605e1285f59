import type { EmptyChain } from '../map/empty.ts';

/** Messages of about the same length. */
export interface PaddedMessages {
  readonly messages: readonly Uint8Array[];
  /** The first of them to hash, and where to end. */
  readonly start: number;
  readonly end: number;
  /** A byte that stands before each. */
  readonly prefix: number | undefined;
  /** How many blocks of 64 bytes each takes with its prefix and padding: a few. */
  readonly blocks: number;
  /** Where hash i goes, 32 bytes at 32 i. */
  readonly hashes: Uint8Array;
}

/** How many hashes of a row there is room for in {@link Lanes.hashTrees}. */
export const TREE_HASHES = 1024;

/** Hashes four branches at once: what the plain functions of `hashing/` and `map/empty.ts` define, faster. */
export interface Lanes {
  /** `hashMessages`, for messages that are padded to as many blocks. */
  hashMessages(messages: PaddedMessages): void;
  /** `hashPairs`. */
  hashPairs(hashes: Uint8Array, from: number, to: number, count: number): void;
  /** `hashTrees`, each of up to {@link TREE_HASHES} hashes. The roots may be written over the hashes. */
  hashTrees(hashes: Uint8Array, size: number, roots: Uint8Array): void;
  /** `hashEmptyChains`, with the hashes of empty subtrees of height 0 to 255 one behind the other. */
  climb(chains: readonly EmptyChain[], emptyHashes: Uint8Array): void;
}
