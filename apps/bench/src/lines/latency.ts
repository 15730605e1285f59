import type { Bench } from '../bench.ts';
import type { Latencies } from '../load/jobs.ts';
import type { Pair, Target } from '../servers/targets.ts';
import type { Line, Outcome, Row } from './line.ts';
import { capacityOf } from './publishing.ts';

const SECONDS = 10;

export const aloneLine: Line = {
  name: 'alone',
  title: 'Submit → published, alone',
  method:
    'One publisher, the next record when the one before stands in a signed checkpoint, which is looked at every 2 ms. The reference makes a checkpoint every 5 s: who publishes one record after the other waits for all of them, who comes once by chance waits for half of one.',
  measure: async (bench) => {
    const { ours, reference } = await bench.pair();
    const one = await alone(ours, bench.count(300));
    const other = reference && (await alone(reference, bench.count(6)));
    const row = (what: string, pick: (latencies: Latencies) => number): Row => ({
      what,
      unit: 'ms',
      better: 'less',
      ours: pick(one),
      reference: other && pick(other),
    });
    return {
      rows: [
        {
          ...row('submit → published, alone: p50', ({ published }) => published.p50),
          goal: { times: 100, named: '≤ 50 ms' },
        },
        row('submit → published, alone: p99', ({ published }) => published.p99),
        row('submit → acknowledged, alone: p50', ({ acknowledged }) => acknowledged.p50),
        row('submit → acknowledged, alone: p99', ({ acknowledged }) => acknowledged.p99),
      ],
      details: { ours: one, reference: other },
    };
  },
};

export const latencyLine: Line = {
  name: 'latency',
  title: 'Latencies of publishing at 50 % and 90 % of capacity, ours on SQLite',
  method: `Records are sent at a fixed rate for ${SECONDS} s, whether answers come or not, and count from the moment when they were to be sent. Each side at parts of its own capacity.`,
  measure: async (bench) => underLoad(bench, await bench.pair(), ''),
};

export const postgresLatencyLine: Line = {
  name: 'latency-postgres',
  title: 'Latencies of publishing at 50 % and 90 % of capacity, both on PostgreSQL',
  method: 'As on SQLite.',
  measure: async (bench) => underLoad(bench, await bench.postgresPair(), ' (PostgreSQL)'),
};

async function alone({ load }: Target, packages: number): Promise<Latencies> {
  await load.run('sign', { packages });
  return load.run('publishAlone', null);
}

async function underLoad(bench: Bench, { ours, reference }: Pair, suffix: string): Promise<Outcome> {
  const rows: Row[] = [];
  const details: unknown[] = [];
  const notes: string[] = [];
  for (const part of [0.5, 0.9]) {
    const one = await atRate(bench, ours, part);
    const other = reference && (await atRate(bench, reference, part));
    details.push({ part, ours: one, reference: other });
    const rates = [one, other].map((side) => (side ? `${Math.round(side.perSecond)}/s` : 'none'));
    const late = one.latencies.late.p99;
    notes.push(
      `${100 * part} %${suffix}: ours at ${rates[0]}, the reference at ${rates[1]}; sent ${late.toFixed(1)} ms late in 99 of 100.`,
    );
    for (const state of ['acknowledged', 'published'] as const) {
      for (const percentile of ['p50', 'p99'] as const) {
        rows.push({
          what: `submit → ${state} at ${100 * part} %${suffix}: ${percentile}`,
          unit: 'ms',
          better: 'less',
          ours: one.latencies[state][percentile],
          reference: other?.latencies[state][percentile],
        });
      }
    }
  }
  return { rows, notes, details };
}

async function atRate(bench: Bench, target: Target, part: number) {
  const perSecond = part * (await capacityOf(bench, target));
  await target.load.run('sign', { packages: bench.count(perSecond * SECONDS) });
  return { perSecond, latencies: await target.load.run('publishAt', { perSecond }) };
}
