import { describe, expect, it } from 'vitest';
import type { Size } from '../growth/measure.ts';
import type { Curve } from '../growth/results.ts';
import type { LineResult } from '../report/results.ts';
import { type Figures, figuresOf, grownTo } from './figures.ts';
import { npmSize } from './npm-size.ts';
import { assumedTable, computedTable, measuredTable, readingTable, roomTable } from './report.ts';

const sizeAt = (packages: number, more: Partial<Size> = {}) =>
  ({
    packages,
    publishedPerSecond: 2000,
    publishCpuMicros: 500,
    rssMebibytes: 300,
    restartMillis: 200,
    ...more,
  }) as Size;

const measured: Record<string, number> = {
  'publish (PostgreSQL)': 2000,
  'publish (PostgreSQL): CPU a record': 500,
  'map: insert a key, in batches of 1,024: CPU': 40,
  'fetch the checkpoint (PostgreSQL): CPU': 50,
  'fetch a log (PostgreSQL): CPU': 20,
  'prove inclusion of 1 (PostgreSQL): CPU': 60,
  'database: a new package': 4000,
  'database: a further release': 4000,
};
const linesOf = (figures: Record<string, number>) =>
  [{ rows: Object.entries(figures).map(([what, ours]) => ({ what, ours })) }] as unknown as LineResult[];
const curvesOf = (...sizes: Size[]) => [{ store: 'PostgreSQL', sizes }] as unknown as Curve[];

const rounded = (value: number) => Number(value.toPrecision(6));
const known = (lines: LineResult[], curves: Curve[]): Figures => {
  const figures = figuresOf(lines, curves);
  if (typeof figures === 'string') throw new Error(`expected figures, found ${figures} missing`);
  return figures;
};
const tables = (figures: Figures): string => {
  const size = npmSize(figures);
  const all = [
    measuredTable(figures),
    assumedTable(),
    computedTable(figures, size),
    readingTable(size),
    roomTable(size),
  ];
  return all.join('\n\n');
};

describe('figuresOf', () => {
  it('says what is missing', () => {
    const { 'publish (PostgreSQL)': _, ...others } = measured;
    expect(figuresOf(linesOf(others), curvesOf(sizeAt(1000), sizeAt(10_000)))).toBe(
      'publish (PostgreSQL), in docs/benchmarks.json',
    );
    expect(figuresOf(linesOf(measured), [])).toBe('two sizes on PostgreSQL, in docs/growth.json');
  });
});

describe('grownTo', () => {
  const growing = [sizeAt(1000, { publishCpuMicros: 400 }), sizeAt(10_000, { publishCpuMicros: 500 })];

  it('goes on along the logarithm', () => {
    expect(grownTo(growing, 1_000_000, (size) => size.publishCpuMicros)).toBeCloseTo(700);
  });

  it('takes nothing to shrink, and nothing to be known that was measured once', () => {
    const shrinking = growing.map((size) => ({ ...size, publishCpuMicros: 900 - size.publishCpuMicros }));
    expect(grownTo(shrinking, 1_000_000, (size) => size.publishCpuMicros)).toBe(400);
    expect(grownTo(growing.slice(1), 1_000_000, (size) => size.publishCpuMicros)).toBeUndefined();
  });
});

describe("npm's size", () => {
  const firstReads = { cpuMicros: 1000, bytes: 4000 };

  it('is computed from what there is', () => {
    const old = known(linesOf(measured), curvesOf(sizeAt(1000), sizeAt(100_000)));
    expect(npmSize(old)).toMatchObject({
      database: { together: 200e9, alone: undefined },
      publishCpu: 500,
      publishing: { peak: 0.05 },
      // Half a millisecond a record; 40 answers of half a millisecond for 256 of them.
      capacity: { near: 2000, apart: 256_000 / 148 },
      first: undefined,
    });
    expect(npmSize(old).reading.map(({ coresAtLeast }) => rounded(coresAtLeast))).toEqual([
      0.26, 0.18, 0.0165,
    ]);
    expect(tables(old)).not.toMatch(/NaN|undefined/);
  });

  it('counts processes for what nobody has asked for, where that was measured', () => {
    const sizes = [1000, 100_000].map((packages) => sizeAt(packages, { firstReads }));
    const lines = linesOf({ ...measured, 'database: a new package, published alone': 10_000 });
    const figures = known(lines, curvesOf(...sizes));
    const size = npmSize(figures);
    expect(size.reading.map(({ coresAtMost }) => rounded(coresAtMost!))).toEqual([2.1, 1.1, 0.2005]);
    expect(size.reading.map(({ processes }) => processes)).toEqual([5, 3, 2]);
    expect(size.database.alone).toBe(500e9);
    expect(tables(figures)).not.toMatch(/NaN|undefined/);
  });

  it('puts first what ends first behind a CDN', () => {
    const { room } = npmSize(known(linesOf(measured), curvesOf(sizeAt(1000), sizeAt(100_000))));
    const last = room.map(({ times }) => times.at(-1)!);
    expect(last).toEqual(last.toSorted((a, b) => a - b));
    expect(room.map(({ bottleneck }) => bottleneck)).toEqual(['disk', 'writer', 'disk', 'connections']);
  });
});
