import type { Size } from '../growth/measure.ts';
import type { Curve } from '../growth/results.ts';
import { slopeOf } from '../lines/memory.ts';
import type { LineResult } from '../report/results.ts';

/** What was measured on PostgreSQL. CPU has the database's share in it, µs; sizes are bytes. */
export interface Figures {
  /** Records published a second, at most. */
  readonly rate: number;
  readonly publishCpu: number;
  /** For one key of the map, in batches. */
  readonly mapKey: number;
  readonly checkpoint: number;
  /** A log with its proofs, when it is asked for again and again. */
  readonly repeated: number;
  readonly newPackage: number;
  readonly release: number;
  /** Of a record that is published alone; undefined where it was not measured yet. */
  readonly alone: number | undefined;
  /** On PostgreSQL, growing; two at least. */
  readonly sizes: readonly Size[];
}

/** Finds what the tables rest on. @returns what is missing, as a text, where something is */
export function figuresOf(lines: readonly LineResult[], curves: readonly Curve[]): Figures | string {
  const ours = new Map(lines.flatMap(({ rows }) => rows.map((row) => [row.what, row.ours] as const)));
  const missing: string[] = [];
  const find = (what: string): number => {
    const found = ours.get(what);
    if (found === undefined) missing.push(what);
    return found ?? Number.NaN;
  };
  const figures: Figures = {
    rate: find('publish (PostgreSQL)'),
    publishCpu: find('publish (PostgreSQL): CPU a record'),
    mapKey: find('map: insert a key, in batches of 1,024: CPU'),
    checkpoint: find('fetch the checkpoint (PostgreSQL): CPU'),
    repeated: find('fetch a log (PostgreSQL): CPU') + find('prove inclusion of 1 (PostgreSQL): CPU'),
    newPackage: find('database: a new package'),
    release: find('database: a further release'),
    alone: ours.get('database: a new package, published alone'),
    sizes: curves.find(({ store }) => store === 'PostgreSQL')?.sizes ?? [],
  };
  if (missing.length > 0) return `${missing.join(', ')}, in docs/benchmarks.json`;
  if (figures.sizes.length < 2) return 'two sizes on PostgreSQL, in docs/growth.json';
  return figures;
}

/**
 * Goes on with a figure to a larger registry, along the logarithm of its size: trees and indexes get a level each time that
 * it is some times larger. What did not grow is not taken to shrink.
 *
 * @returns undefined where it was not measured at two sizes
 */
export function grownTo(
  sizes: readonly Size[],
  records: number,
  of: (size: Size) => number | undefined,
): number | undefined {
  const points = sizes.flatMap((size): [number, number][] => {
    const value = of(size);
    return value === undefined ? [] : [[Math.log10(size.packages), value]];
  });
  const last = points.at(-1);
  if (last === undefined || points.length < 2) return undefined;
  return last[1] + Math.max(0, slopeOf(points)) * Math.max(0, Math.log10(records) - last[0]);
}
