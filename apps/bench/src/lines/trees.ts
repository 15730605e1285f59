import { fileURLToPath } from 'node:url';
import { buildRust } from '@warg-apps/programs';
import type { Bench } from '../bench.ts';
import { median } from '../load/distribution.ts';
import { type Growth, startTreeWorker, type TreeWorker } from '../trees/tree-worker.ts';
import type { Line } from './line.ts';

const BATCH = 1024;

/** How many leaves are appended at once with a hash worker, which does not look at fewer than some thousands. */
const LARGE_BATCH = 16 * BATCH;

/** How large the map is before it is measured. The reference keeps about 5 KB for each key. */
const MAP_SIZE = 128 * BATCH;

/** How many entries and leaves a round adds: enough for a third of a second, with its share of the garbage in it. */
const ROUND = { map: 8 * BATCH, log: 1024 * BATCH };

export const mapLine: Line = {
  name: 'map',
  title: `Map: batches of ${BATCH} inserts into a map of ${MAP_SIZE}`,
  method:
    'Keys and values of 32 bytes, hashing of both included, stores in memory, one thread but in the rows that say so. CPU of all threads inside the calls, collection of garbage included; the roots of both sides are compared.',
  measure: async (bench) => {
    const helped: Growth[] = [];
    const measured = await sideBySide(bench, 'map', bench.count(MAP_SIZE), ROUND.map, async (pair, ours) => {
      await ours.startHelper();
      for (let round = 0; round < 2 * bench.options.rounds + 1; round++) helped.push((await pair()).ours);
    });
    const perKey = ({ cpuNanos }: Growth) => cpuNanos / 1000 / ROUND.map;
    const time = ({ nanos }: Growth) => nanos / 1000 / ROUND.map;
    return {
      rows: [
        {
          what: 'map: insert a key, in batches of 1,024: CPU',
          unit: 'µs',
          better: 'less',
          ours: median(measured.ours.map(perKey)),
          reference: median(measured.reference.map(perKey)),
          goal: { times: 1.3, named: '≤ 40 µs' },
        },
        {
          what: 'map: insert a key, time',
          unit: 'µs',
          better: 'less',
          ours: median(measured.ours.map(time)),
          reference: median(measured.reference.map(time)),
        },
        {
          what: 'map: insert a key with a hash worker, time',
          unit: 'µs',
          better: 'less',
          ours: Math.min(...helped.map(time)),
          reference: Math.min(...measured.reference.map(time)),
          goal: { times: 2.4, named: '≤ 22 µs' },
        },
        {
          what: 'map: insert a key with a hash worker, CPU of both threads',
          unit: 'µs',
          better: 'less',
          ours: median(helped.map(perKey)),
          reference: median(measured.reference.map(perKey)),
        },
      ],
      notes: [HELPED],
      details: { ...measured, helped },
    };
  },
};

export const logLine: Line = {
  name: 'log',
  title: `Log: append leaves of 32 bytes, ${BATCH} at a time`,
  method:
    'Leaf bytes in, root out: leaves are hashed within the time on both sides. Stores in memory, one thread but in the row that says so. CPU as for the map. The roots of both sides are compared.',
  measure: async (bench) => {
    const size = bench.count(ROUND.log);
    const hashed: Growth[] = [];
    const helped: Pair[] = [];
    const measured = await sideBySide(bench, 'log', size, size, async (pair, ours) => {
      // With a helper first, while both sides have the same leaves.
      await ours.startHelper();
      for (let round = 0; round < 2 * bench.options.rounds + 1; round++) {
        helped.push(await pair(LARGE_BATCH));
      }
    });
    await alone(async (ours) => {
      for (let round = 0; round < bench.options.rounds; round++) {
        hashed.push(await ours.grow('hashes', size, BATCH));
      }
    });
    const perSecond = ({ cpuNanos }: Growth) => (size * 1000) / cpuNanos;
    const inTime = ({ nanos }: Growth) => (size * 1000) / nanos;
    return {
      rows: [
        {
          what: 'log: append leaves of 32 bytes, a second of CPU',
          unit: 'M/s',
          better: 'more',
          ours: median(measured.ours.map(perSecond)),
          reference: median(measured.reference.map(perSecond)),
          goal: { times: 1, named: '≥ 3.06 M/s' },
        },
        {
          what: 'log: append leaves that are hashed already, a second of CPU',
          unit: 'M/s',
          better: 'more',
          ours: median(hashed.map(perSecond)),
        },
        {
          what: 'log: append leaves of 32 bytes with a hash worker, 16,384 at a time, a second of time',
          unit: 'M/s',
          better: 'more',
          ours: Math.max(...helped.map(({ ours }) => inTime(ours))),
          reference: Math.max(...helped.map(({ reference }) => inTime(reference))),
        },
      ],
      notes: [
        HELPED,
        'The reference hashes every leaf that it appends, so the second row has nothing to be held against.',
      ],
      details: { ...measured, hashed, helped },
    };
  },
};

const HELPED =
  'Rows with a hash worker take the best round of each side, because the second core of this machine may be wanted by others; the roots of those rounds are compared too.';

interface Pair {
  readonly ours: Growth;
  readonly reference: Growth;
}

/** Runs something on our side alone. */
async function alone(run: (ours: TreeWorker) => Promise<void>): Promise<void> {
  const ours = startOurs();
  try {
    await run(ours);
  } finally {
    ours.stop();
  }
}

function startOurs(): TreeWorker {
  return startTreeWorker(process.execPath, [fileURLToPath(new URL('../trees/worker.ts', import.meta.url))]);
}

/** Grows the same tree on both sides, in turn; the first time, to `filled`, is not counted. */
async function sideBySide(
  bench: Bench,
  tree: 'map' | 'log',
  filled: number,
  size: number,
  after: (pair: (batch?: number) => Promise<Pair>, ours: TreeWorker) => Promise<void>,
) {
  const program = await buildRust(
    fileURLToPath(new URL('../../reference/Cargo.toml', import.meta.url)),
    'warg-bench-reference',
  );
  const ours = startOurs();
  const reference = startTreeWorker(program, []);
  const measured: { ours: Growth[]; reference: Growth[] } = { ours: [], reference: [] };
  const pair = async (batch = BATCH): Promise<Pair> => {
    const one = await ours.grow(tree, size, batch);
    const other = await reference.grow(tree, size, batch);
    if (one.root !== other.root) throw new Error(`expected equal roots, found ${one.root} and ${other.root}`);
    return { ours: one, reference: other };
  };
  try {
    await ours.grow(tree, filled, BATCH);
    await reference.grow(tree, filled, BATCH);
    for (let round = 0; round < 2 * bench.options.rounds + 1; round++) {
      const one = await pair();
      measured.ours.push(one.ours);
      measured.reference.push(one.reference);
    }
    await after(pair, ours);
  } finally {
    ours.stop();
    reference.stop();
  }
  return measured;
}
