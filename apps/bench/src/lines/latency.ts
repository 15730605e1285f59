import type { Bench } from '../bench.ts';
import type { Latencies, PacedLatencies } from '../load/jobs.ts';
import type { Pair, Target } from '../servers/targets.ts';
import type { Line, Outcome, Row } from './line.ts';
import { capacityOf } from './publishing.ts';

const SECONDS = 10;
/** How long it is tried whether a rate can be held. */
const TRIAL_SECONDS = 5;
/**
 * Where records are acknowledged later than this behind such a trial, in the median of its last second, a queue grows: one
 * twentieth too much makes it a quarter of a second by then. What no queue makes wait is far below.
 */
const HELD_MILLIS = 100;

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
  method: `Records are sent at a fixed rate for ${SECONDS} s, whether answers come or not, on up to 500 connections, and count from the moment when they were to be sent. Capacity is the highest rate that is held in this way for ${TRIAL_SECONDS} s without a queue that grows: tried are the rate that 64 connections reached which wait for each answer, then nine tenths of it, eight, and so on. Each side at parts of its own capacity, and ours at the rate that is 90 % of the reference's.`,
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
  const held = await heldRate(bench, ours);
  const referenceHeld = reference && (await heldRate(bench, reference));
  const capacity = held.perSecond;
  const referenceCapacity = referenceHeld?.perSecond;
  const rates = [0.5, 0.9].map((part) => ({
    name: `${100 * part} %`,
    ours: part * capacity,
    reference: referenceCapacity && part * referenceCapacity,
  }));
  // What ours does where the reference is busy: figures at unequal rates say little about each other.
  if (referenceCapacity !== undefined && referenceCapacity < capacity) {
    rates.push({ ...rates[1]!, name: "the reference's 90 %", ours: 0.9 * referenceCapacity });
  }
  const rows: Row[] = [];
  const details: unknown[] = [{ capacity: { ours: held, reference: referenceHeld } }];
  const notes = [
    `Capacity${suffix}: ours ${heldText(held)}${referenceHeld === undefined ? '' : `, the reference ${heldText(referenceHeld)}`}.`,
  ];
  let atReference: Latencies | undefined;
  for (const rate of rates) {
    const one = await atRate(bench, ours, rate.ours);
    // The third rate is the second one for the reference: that is measured already.
    if (reference && rates.indexOf(rate) < 2) atReference = await atRate(bench, reference, rate.reference!);
    details.push({ rate, ours: one, reference: atReference });
    const side = (perSecond: number | undefined) => `${Math.round(perSecond ?? 0)}/s`;
    notes.push(
      `${rate.name}${suffix}: ours at ${side(rate.ours)}, the reference at ${side(rate.reference)}; the generator came to send ours up to ${one.late.p99.toFixed(1)} ms late (p99).`,
    );
    for (const state of ['acknowledged', 'published'] as const) {
      for (const percentile of ['p50', 'p99'] as const) {
        rows.push({
          what: `submit → ${state} at ${rate.name}${suffix}: ${percentile}`,
          unit: 'ms',
          better: 'less',
          ours: one[state][percentile],
          reference: atReference?.[state][percentile],
        });
      }
    }
  }
  return { rows, notes, details };
}

interface Held {
  readonly perSecond: number;
  /** What as many connections as publish in other lines reach, each waiting for its answers. */
  readonly closedLoop: number;
  readonly trials: readonly { readonly perSecond: number; readonly latencies: PacedLatencies }[];
}

/** The highest tenth of what the closed loop reached at which no queue grows. */
async function heldRate(bench: Bench, target: Target): Promise<Held> {
  const closedLoop = await capacityOf(bench, target);
  const trials: Held['trials'][number][] = [];
  for (let tenths = 10; tenths > 1; tenths--) {
    const perSecond = (tenths / 10) * closedLoop;
    const latencies = await atRate(bench, target, perSecond, TRIAL_SECONDS);
    trials.push({ perSecond, latencies });
    if (latencies.lastAcknowledged.p50 <= HELD_MILLIS) return { perSecond, closedLoop, trials };
  }
  throw new Error(
    `a queue grows at a fifth of the ${Math.round(closedLoop)} records a second of the closed loop`,
  );
}

function heldText({ perSecond, closedLoop }: Held): string {
  return `${Math.round(perSecond)}/s, of ${Math.round(closedLoop)}/s in the closed loop`;
}

async function atRate(
  bench: Bench,
  target: Target,
  perSecond: number,
  seconds = SECONDS,
): Promise<PacedLatencies> {
  await target.load.run('sign', { packages: bench.count(perSecond * seconds) });
  return target.load.run('publishAt', { perSecond });
}
