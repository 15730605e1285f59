import type { Bench } from '../bench.ts';
import { type Series, svgOf } from '../report/plot.ts';
import type { Target } from '../servers/targets.ts';
import type { Line } from './line.ts';
import { fill } from './publishing.ts';

const CHUNKS = 8;
const CHUNK = 5000;

interface Samples {
  /** Behind each chunk. */
  readonly chunks: readonly { readonly packages: number; readonly kibibytes: number }[];
  /** Four a second. */
  readonly overTime: readonly { readonly seconds: number; readonly kibibytes: number }[];
}

export const memoryLine: Line = {
  name: 'memory',
  title: `Memory: ${(CHUNKS * CHUNK).toLocaleString('en')} more packages`,
  method:
    'Resident memory of the server while packages are published as fast as it takes them, behind what the other lines published; the slope is that of the best straight line through the figures behind every 5,000.',
  measure: async (bench) => {
    const { ours, reference } = await bench.pair();
    const one = await sample(bench, ours);
    const other = await sample(bench, reference);
    const series = [seriesOf('ours (SQLite)', one), seriesOf('reference (in memory)', other)];
    // Memory that is given back is as good as a very small slope.
    const slope = (samples: Samples) =>
      Math.max(0.01, slopeOf(samples.chunks.map((c) => [c.packages, c.kibibytes])));
    const peak = (samples: Samples) => Math.max(...samples.overTime.map(({ kibibytes }) => kibibytes)) / 1024;
    return {
      rows: [
        {
          what: 'memory: RSS for each further package',
          unit: 'KiB',
          better: 'less',
          ours: slope(one),
          reference: slope(other),
          goal: { times: 5.5, named: '≤ 1 KB, bounded' },
        },
        {
          what: 'memory: highest RSS',
          unit: 'MiB',
          better: 'less',
          ours: peak(one),
          reference: peak(other),
        },
      ],
      charts: {
        'benchmarks-memory.svg': svgOf([
          { title: 'Memory while publishing', x: 'seconds', y: 'MiB', series },
        ]),
      },
      notes: ['![memory over time](benchmarks-memory.svg)'],
      details: { ours: one, reference: other },
    };
  },
};

async function sample(bench: Bench, target: Target): Promise<Samples> {
  await fill(bench, target);
  const chunks: { packages: number; kibibytes: number }[] = [];
  const overTime: { seconds: number; kibibytes: number }[] = [];
  const started = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - started) / 1000;
    overTime.push({ seconds, kibibytes: target.rssKibibytes() });
  }, 250);
  try {
    for (let chunk = 1; chunk <= CHUNKS; chunk++) {
      await target.load.run('sign', { packages: bench.count(CHUNK) });
      await target.load.run('publish', { connections: bench.options.connections });
      chunks.push({ packages: chunk * bench.count(CHUNK), kibibytes: target.rssKibibytes() });
    }
  } finally {
    clearInterval(timer);
  }
  return { chunks, overTime };
}

function seriesOf(name: string, { overTime }: Samples): Series {
  return { name, points: overTime.map(({ seconds, kibibytes }) => [seconds, kibibytes / 1024]) };
}

/** Least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const product = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return product / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
