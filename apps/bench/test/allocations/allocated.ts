// What some work allocates, counted in a process that was started with `flags`. Node has no counter of it, so everything that
// would blur the difference of two looks at the heap is turned off: collections, compilers that leave allocations away once code
// is hot, and threads whose pace decides when something is done.

import { GCProfiler } from 'node:v8';

/** MiB. Larger than what anything here allocates, so that nothing is collected in between. */
const NEW_SPACE = 512;

/** How a process is started in which {@link allocatedBy} counts. */
export const flags: readonly string[] = [
  '--expose-gc',
  '--single-threaded',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--no-lazy-feedback-allocation',
  '--no-flush-bytecode',
  '--random-seed=1',
  `--min-semi-space-size=${NEW_SPACE}`,
  `--max-semi-space-size=${NEW_SPACE}`,
  `--scavenger-max-new-space-capacity-mb=${NEW_SPACE}`,
];

// Node makes small buffers from a piece of 64 KiB, which would be counted where it happens to be used up.
Buffer.poolSize = 0;

/** Bytes. */
export interface Allocated {
  /** On the heap of the thread that works. */
  readonly heap: number;
  /** What lies behind array buffers, outside of the heap. */
  readonly buffers: number;
}

/**
 * Counts what work allocates for each unit of it. Do the same work a few times before: what is made once is not counted then.
 *
 * @param units how many keys, records or answers there are in the work
 * @throws Error if something was collected in between
 */
export async function allocatedBy(units: number, work: () => unknown): Promise<Allocated> {
  if (globalThis.gc === undefined) throw new Error(`expected a process with ${flags[0]}`);
  // Twice: what is freed outside of the heap is counted off when the next one begins.
  globalThis.gc();
  globalThis.gc();
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage();
  await work();
  const after = process.memoryUsage();
  const { statistics } = profiler.stop();
  if (statistics.length > 0) {
    const kinds = statistics.map(({ gcType }) => gcType).join(', ');
    throw new Error(`expected no collection while allocations are counted, found ${kinds}`);
  }
  return {
    heap: (after.heapUsed - before.heapUsed) / units,
    buffers: (after.arrayBuffers - before.arrayBuffers) / units,
  };
}
