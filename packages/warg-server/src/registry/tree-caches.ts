/**
 * How much a process keeps of the trees in memory, bytes, once where it proves and once where it sequences. The upper levels
 * of the map of a million packages take 9 MB; what lies below is asked for all over the place, and the store has it.
 */
export const TREE_CACHES = {
  log: { cacheBytes: 8 * 1024 * 1024 },
  map: { cacheBytes: 16 * 1024 * 1024 },
} as const;
