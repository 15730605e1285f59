/**
 * How much a process keeps of the trees in memory, bytes, once where it proves and once where it sequences. The upper levels
 * of the map of a million packages take 9 MB; what lies below is asked for all over the place, and the store has it. The log
 * takes twice its number at most: as much again holds what is hashed over the tiles of a million leaves.
 */
export const TREE_CACHES = {
  log: { cacheBytes: 8 * 1024 * 1024 },
  map: { cacheBytes: 16 * 1024 * 1024 },
} as const;
