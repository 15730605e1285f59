import type { Bench } from '../bench.ts';
import { median } from '../load/distribution.ts';
import type { Published } from '../load/jobs.ts';
import type { Pair, Target } from '../servers/targets.ts';
import type { Goal, Line, Outcome } from './line.ts';

interface Round extends Published {
  readonly cpuMicrosPerRecord: number;
}

// The reference publishes every 5 s: a round has to be so long that its last wait does not count for much.
const METHOD =
  'New packages of one record (init and release), signed before, content there already. The rate counts until a signed checkpoint has the last record; CPU is that of all threads';

export const publishLine: Line = {
  name: 'publish',
  title: 'Publish, ours durable on SQLite, the reference in memory',
  method: `${METHOD} of the server.`,
  measure: async (bench) => {
    const goals = {
      rate: { times: 2.1, named: '≥ 3,000/s' },
      cpu: { times: 2, named: '≤ 370 µs' },
    };
    return measurePublishing(bench, await bench.pair(), 'publish (SQLite)', 20_000, goals);
  },
};

export const postgresLine: Line = {
  name: 'publish-postgres',
  title: 'Publish, both on PostgreSQL, durable',
  method: `${METHOD} of the server and of all processes of PostgreSQL, which runs with its own defaults on the same machine.`,
  measure: async (bench) => {
    const goals = { rate: { times: 4.9, named: '≥ 1,500/s' } };
    return measurePublishing(bench, await bench.postgresPair(), 'publish (PostgreSQL)', 3000, goals);
  },
};

async function measurePublishing(
  bench: Bench,
  { ours, reference }: Pair,
  what: string,
  records: number,
  goals: { readonly rate?: Goal; readonly cpu?: Goal },
): Promise<Outcome> {
  const measured: { ours: Round[]; reference: Round[] } = { ours: [], reference: [] };
  // Not counted: what is compiled and opened when it is first needed.
  await publish(bench, ours, bench.count(records / 8));
  await publish(bench, reference, bench.count(records / 8));
  for (let round = 0; round < bench.options.rounds; round++) {
    measured.ours.push(await publish(bench, ours, bench.count(records)));
    measured.reference.push(await publish(bench, reference, bench.count(records)));
  }
  const rate = (rounds: readonly Round[]) =>
    median(rounds.map(({ publishedPerSecond }) => publishedPerSecond));
  const cpu = (rounds: readonly Round[]) =>
    median(rounds.map(({ cpuMicrosPerRecord }) => cpuMicrosPerRecord));
  await bench.capacityOf(ours, async () => rate(measured.ours));
  await bench.capacityOf(reference, async () => rate(measured.reference));
  return {
    rows: [
      {
        what,
        unit: '/s',
        better: 'more',
        ours: rate(measured.ours),
        reference: rate(measured.reference),
        ...(goals.rate && { goal: goals.rate }),
      },
      {
        what: `${what}: CPU a record`,
        unit: 'µs',
        better: 'less',
        ours: cpu(measured.ours),
        reference: cpu(measured.reference),
        ...(goals.cpu && { goal: goals.cpu }),
      },
    ],
    details: { connections: bench.options.connections, ...measured },
  };
}

/** Publishes new packages and says what it cost. */
async function publish(bench: Bench, target: Target, packages: number): Promise<Round> {
  await target.load.run('sign', { packages });
  const before = target.cpuMicros();
  const published = await target.load.run('publish', { connections: bench.options.connections });
  return { ...published, cpuMicrosPerRecord: (target.cpuMicros() - before) / packages };
}

/** How many records a second a server publishes at most. */
export function capacityOf(bench: Bench, target: Target): Promise<number> {
  return bench.capacityOf(target, async () => {
    await publish(bench, target, bench.count(2000));
    return (await publish(bench, target, bench.count(20_000))).publishedPerSecond;
  });
}

/** Makes sure that a server has packages to read. */
export async function fill(bench: Bench, target: Target): Promise<void> {
  await capacityOf(bench, target);
}
