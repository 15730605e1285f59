import { describe, expect, it } from 'vitest';
import type { Row } from '../lines/line.ts';
import { slopeOf } from '../lines/memory.ts';
import { distributionOf, median } from '../load/distribution.ts';
import { formatFigure, tableOf } from './table.ts';

const row: Row = { what: 'work', unit: 'µs', better: 'less', ours: 40, reference: 60, goal: { times: 1.3 } };
const verdictOf = (changed: Partial<Row>) => tableOf([{ ...row, ...changed }])[1]!.slice(3);

describe('tableOf', () => {
  it('has ratios above 1 where ours is better, be that less or more', () => {
    expect(verdictOf({})).toEqual(['1.5×', '≥ 1.3×', 'met']);
    expect(verdictOf({ better: 'more' })).toEqual(['0.667×', '≥ 1.3×', 'missed']);
  });

  it('judges nothing without a reference', () => {
    expect(verdictOf({ reference: undefined })).toEqual(['–', '≥ 1.3×', '']);
  });
});

describe('figures', () => {
  it('have the digits that count', () => {
    expect([0.012345, 1.2345, 123.45, 12345.6].map(formatFigure)).toEqual([
      '0.0123',
      '1.23',
      '123',
      '12,346',
    ]);
  });

  it('come from all values', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(distributionOf(values)).toEqual({ count: 100, p50: 51, p90: 91, p99: 100, max: 100 });
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect(
      slopeOf([
        [0, 1],
        [10, 21],
        [20, 41],
      ]),
    ).toBe(2);
  });
});
