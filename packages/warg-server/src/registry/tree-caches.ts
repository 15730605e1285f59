/**
 * How much a process keeps of the trees in memory where it sequences, bytes. The upper levels of the map of a million packages
 * take 9 MB; what lies below is changed all over the place, and the store has it.
 */
export const TREE_CACHES = {
  log: { cacheBytes: 8 * 1024 * 1024 },
  map: { cacheBytes: 16 * 1024 * 1024 },
} as const;

/**
 * The same where it proves. The map of 75,000 packages has room here: to read and hash a page costs far more than all else that
 * is done with it. The log takes twice its number at most: as much again holds what is hashed over the tiles of a million leaves.
 */
export const PROVING_CACHES = {
  log: { cacheBytes: 8 * 1024 * 1024 },
  map: { cacheBytes: 32 * 1024 * 1024 },
} as const;
