import { downloadLine, updateLine } from './clients.ts';
import { databaseSizeLine } from './database-size.ts';
import { aloneLine, latencyLine, postgresLatencyLine } from './latency.ts';
import type { Line } from './line.ts';
import { memoryLine } from './memory.ts';
import { postgresLine, publishLine } from './publishing.ts';
import { postgresReadLine, readLines } from './reading.ts';
import { logLine, mapLine } from './trees.ts';

/** All that `npm run bench` measures, in order: lines that share servers stand together. */
export const lines: readonly Line[] = [
  mapLine,
  logLine,
  publishLine,
  aloneLine,
  // While both sides hold the same: at parts of its own capacity each gets a number of records of its own.
  ...readLines,
  latencyLine,
  memoryLine,
  postgresLine,
  // Before the next: the reference looks through all records for each log that it is asked for.
  postgresReadLine,
  postgresLatencyLine,
  databaseSizeLine,
  updateLine,
  downloadLine,
];
