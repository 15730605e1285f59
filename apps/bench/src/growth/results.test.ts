import { expect, it } from 'vitest';
import { growthTable } from './report.ts';
import { type Curve, withCurve } from './results.ts';

const curve = (store: Curve['store'], ...packages: number[]) =>
  ({
    store,
    sizes: packages.map((count) => ({
      packages: count,
      publishedPerSecond: 1000,
      publishCpuMicros: 400,
      proveOne: { p50: 1 },
      proveFifty: { p50: 10 },
      rssMebibytes: 100,
      restartMillis: 200,
      bytes: count * 1000,
    })),
  }) as unknown as Curve;

it('puts a curve in the place of the one of its store, whatever sizes that had', () => {
  const before = [curve('SQLite', 1000, 10_000), curve('PostgreSQL', 1000)];
  const after = withCurve(before, curve('SQLite', 1000));
  expect(after).toEqual([curve('SQLite', 1000), curve('PostgreSQL', 1000)]);
});

it('gives each size one column', () => {
  const curves = withCurve([curve('SQLite', 1000)], curve('SQLite', 1000, 10_000));
  expect(growthTable(curves).split('\n')[0]).toBe('| SQLite | 1,000 | 10,000 | ten times as many packages |');
});
