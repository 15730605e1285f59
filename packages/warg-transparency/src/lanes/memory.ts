/** How many hashes are computed at once: a vector has four numbers of 32 bits. */
export const LANES = 4;

/** The bytes of a vector. */
export const VECTOR = 16;

/** The numbers in a hash. */
export const WORDS = 8;

/**
 * Where things are in the memory of the module, in bytes. A vector holds word `i` of four hashes; a hash is eight of them.
 */
export const MEMORY = {
  /** The left and the right hashes that the kernel reads, or the block that is compressed. */
  left: 0,
  right: 128,
  /** The hashes that were computed, or the state that a block is compressed into. */
  out: 256,
  /** The paths that chains climb by, as vectors. */
  paths: 384,
  /** Four hashes of 32 bytes that climb, and their paths, as bytes. */
  chains: 512,
  chainPaths: 640,
  /** The round constants of SHA-256, as numbers. */
  constants: 768,
  /** Hashes of empty subtrees, by height, as numbers. */
  empty: 2048,
  /** What is hashed, as bytes, and room for what it hashes to. */
  rows: 16_384,
  /** The words of the 256 second blocks that a branch can have, with the round constants added. */
  lastBlocks: 65_536,
} as const;

/** How many pairs fit into the rows at once, together with their hashes. */
export const ROW_PAIRS = 512;

/** The room of the rows in bytes. */
export const ROW_BYTES = ROW_PAIRS * 96;

/** The size of the memory, in units of 64 KiB. */
export const MEMORY_PAGES = 2;
