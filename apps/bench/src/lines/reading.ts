import type { Bench } from '../bench.ts';
import { median } from '../load/distribution.ts';
import type { ReadKind } from '../load/jobs.ts';
import type { Pair, Target } from '../servers/targets.ts';
import type { Goal, Line, Row } from './line.ts';
import { fill } from './publishing.ts';

/** How long a round is: CPU is read to a tick of 10 ms, and varies by a tenth from one short round to the next. */
const SECONDS = 3;

interface Reading {
  readonly kind: ReadKind;
  readonly what: string;
  readonly goal?: Goal;
}

const readings: readonly Reading[] = [
  { kind: 'logs', what: 'fetch a log', goal: { times: 1, named: '≤ 45 µs' } },
  { kind: 'checkpoint', what: 'fetch the checkpoint', goal: { times: 1, named: '≤ 30 µs' } },
  { kind: 'consistency', what: 'prove consistency', goal: { times: 1, named: '≤ 38 µs' } },
  { kind: 'inclusion1', what: 'prove inclusion of 1', goal: { times: 1, named: '≤ 88 µs' } },
  { kind: 'inclusion50', what: 'prove inclusion of 50', goal: { times: 3.9, named: '≤ 500 µs' } },
];

export const readLines: readonly Line[] = readings.map((reading) => ({
  name: `read-${reading.kind}`,
  title: `Read: ${reading.what}`,
  method:
    'CPU of all threads of the server for a request, all over what was published before, many connections at once, in rounds of 3 s, the first of each side not counted. The rate depends on how server and generator share the cores, and has no goal.',
  measure: async (bench) => measureReading(bench, await bench.pair(), reading),
}));

export const postgresReadLine: Line = {
  name: 'read-postgres',
  title: 'Read, both on PostgreSQL',
  method: 'As above; CPU is that of the server and of all processes of PostgreSQL.',
  measure: async (bench) => {
    const pair = await bench.postgresPair();
    const rows: Row[] = [];
    const details: Record<string, unknown> = {};
    for (const { goal: _, ...reading } of readings) {
      const outcome = await measureReading(bench, pair, { ...reading, what: `${reading.what} (PostgreSQL)` });
      rows.push(...outcome.rows);
      details[reading.kind] = outcome.details;
    }
    return { rows, details };
  },
};

async function measureReading(bench: Bench, { ours, reference }: Pair, reading: Reading) {
  const { kind, what, goal } = reading;
  const sides = reference === undefined ? [ours] : [ours, reference];
  const rounds = sides.map((): Awaited<ReturnType<typeof readOnce>>[] => []);
  for (const side of sides) {
    await fill(bench, side);
    await readOnce(bench, side, kind);
  }
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const [i, side] of sides.entries()) rounds[i]!.push(await readOnce(bench, side, kind));
  }
  const cpu = rounds.map((side) => median(side.map(({ cpuMicros }) => cpuMicros)));
  const rate = rounds.map((side) => median(side.map(({ perSecond }) => perSecond)));
  const rows: Row[] = [
    {
      what: `${what}: CPU`,
      unit: 'µs',
      better: 'less',
      ours: cpu[0]!,
      reference: cpu[1],
      ...(goal && { goal }),
    },
    { what: `${what}: rate`, unit: '/s', better: 'more', ours: rate[0]!, reference: rate[1] },
  ];
  return {
    rows,
    details: { ours: rounds[0], reference: rounds[1] },
  };
}

async function readOnce(bench: Bench, target: Target, kind: ReadKind) {
  const seconds = SECONDS / bench.options.divisor;
  const before = target.cpuMicros();
  const done = await target.load.run('read', { kind, seconds, connections: bench.options.connections });
  return { ...done, cpuMicros: (target.cpuMicros() - before) / done.count };
}
