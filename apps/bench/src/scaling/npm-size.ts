// What a registry of npm's size costs, computed from what was measured: the tables of docs/scaling.md.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Size } from '../growth/measure.ts';
import { readCurves } from '../growth/results.ts';
import { slopeOf } from '../lines/memory.ts';
import { writeBetween } from '../report/document.ts';
import type { LineResult } from '../report/results.ts';
import { formatFigure } from '../report/table.ts';

/** npm, rounded. */
const load = {
  packages: 3_500_000,
  releases: 50_000_000,
  readsPerSecond: 2000,
  publishesPerSecond: 5,
  publishesAtPeak: 100,
};

/** A process has ten connections that read, and one each to write, to hold the lease, and to listen. */
const CONNECTIONS = 13;
/** What PostgreSQL allows if nobody changes it, less the three that it keeps for its administrators. */
const MOST_CONNECTIONS = 97;
/** A core is not planned to be busier than that. */
const BUSY = 0.5;

const docs = (name: string) => fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url));

/** Writes the tables anew, if all that they rest on has been measured. @returns what is missing */
export function writeScaling(): string | undefined {
  if (!existsSync(docs('benchmarks.json')) || !existsSync(docs('growth.json'))) {
    return 'docs/benchmarks.json and docs/growth.json';
  }
  const { lines } = JSON.parse(readFileSync(docs('benchmarks.json'), 'utf8')) as { lines: LineResult[] };
  const onPostgres = readCurves().find(({ store }) => store === 'PostgreSQL')?.sizes ?? [];
  const ours = new Map(lines.flatMap(({ rows }) => rows.map((row) => [row.what, row.ours] as const)));
  const needed = [
    'publish (PostgreSQL)',
    'publish (PostgreSQL): CPU a record',
    'fetch the checkpoint (PostgreSQL): CPU',
    'fetch a log (PostgreSQL): CPU',
    'prove inclusion of 1 (PostgreSQL): CPU',
    'database: a new package',
    'database: a further release',
  ];
  const missing = needed.find((what) => !ours.has(what));
  if (missing !== undefined) return `${missing}, in docs/benchmarks.json`;
  if (onPostgres.length < 2) return 'two sizes on PostgreSQL, in docs/growth.json';
  const [rate, publishCpu, checkpoint, log, proof, newPackage, release] = needed.map(
    (what) => ours.get(what)!,
  );
  const figures: Figures = {
    rate: rate!,
    publishCpu: publishCpu!,
    checkpoint: checkpoint!,
    proved: log! + proof!,
    newPackage: newPackage!,
    release: release!,
    sizes: onPostgres,
  };
  writeBetween('scaling.md', 'measured', measuredTable(figures));
  writeBetween('scaling.md', 'computed', computedTable(figures));
  return undefined;
}

interface Figures {
  readonly rate: number;
  /** µs, the database's share included, as all below. */
  readonly publishCpu: number;
  readonly checkpoint: number;
  /** A log and its proofs. */
  readonly proved: number;
  /** Bytes in the database. */
  readonly newPackage: number;
  readonly release: number;
  /** On PostgreSQL, growing. */
  readonly sizes: readonly Size[];
}

function measuredTable(figures: Figures): string {
  const last = figures.sizes.at(-1)!;
  const at = `at ${last.packages.toLocaleString('en')} packages`;
  return table(
    ['measured, the database on the same machine', '', 'command'],
    [
      [
        'records published a second, at most',
        formatFigure(figures.rate),
        '`npm run bench -- publish-postgres`',
      ],
      [
        'CPU of a published record',
        `${formatFigure(figures.publishCpu)} µs`,
        '`npm run bench -- publish-postgres`',
      ],
      [`the same ${at}`, `${formatFigure(last.publishCpuMicros)} µs`, '`npm run bench -- growth`'],
      [
        'CPU of a log with its proofs',
        `${formatFigure(figures.proved)} µs`,
        '`npm run bench -- read-postgres`',
      ],
      ['CPU of the checkpoint', `${formatFigure(figures.checkpoint)} µs`, '`npm run bench -- read-postgres`'],
      [
        'database, a new package',
        `${formatFigure(figures.newPackage)} bytes`,
        '`npm run bench -- database-size`',
      ],
      [
        'database, a further release',
        `${formatFigure(figures.release)} bytes`,
        '`npm run bench -- database-size`',
      ],
      [`proof of 1, p50, ${at}`, `${formatFigure(last.proveOne.p50)} ms`, '`npm run bench -- growth`'],
      [`memory of a process ${at}`, `${formatFigure(last.rssMebibytes)} MiB`, '`npm run bench -- growth`'],
      [`start of a process ${at}`, `${formatFigure(last.restartMillis)} ms`, '`npm run bench -- growth`'],
    ],
  );
}

function computedTable({ rate, proved, checkpoint, newPackage, release, sizes }: Figures): string {
  const releases = load.releases - load.packages;
  const bytes = load.packages * newPackage + releases * release;
  // What grows with the size of the registry, grows with its logarithm.
  const logSlope = slopeOf(sizes.map((size) => [Math.log10(size.packages), size.publishCpuMicros]));
  const decades = Math.log10(load.releases) - Math.log10(sizes.at(-1)!.packages);
  const publishCpu = sizes.at(-1)!.publishCpuMicros + Math.max(0, logSlope) * decades;
  const publishing = (perSecond: number) => (perSecond * publishCpu) / 1e6;
  const reading = (part: number) => (part * load.readsPerSecond * proved) / 1e6;
  const checkpoints = (load.readsPerSecond * checkpoint) / 1e6;
  const cores = reading(1) + checkpoints + publishing(load.publishesAtPeak);
  const processes = Math.max(2, Math.ceil(cores / BUSY));
  return table(
    ["npm's size", 'computed', 'how'],
    [
      [
        'database',
        `${formatFigure(bytes / 1e9)} GB`,
        `${formatFigure(load.packages / 1e6)} M packages and ${formatFigure(releases / 1e6)} M further releases`,
      ],
      [
        'CPU of a published record',
        `${formatFigure(publishCpu)} µs`,
        `grown on with the slope of \`growth\`, ${formatFigure(decades)} times tenfold`,
      ],
      [
        'publishing, mean',
        `${formatFigure(publishing(load.publishesPerSecond))} cores`,
        `${load.publishesPerSecond}/s`,
      ],
      [
        'publishing, peak',
        `${formatFigure(publishing(load.publishesAtPeak))} cores`,
        `${load.publishesAtPeak}/s`,
      ],
      [
        'part of what one sequencer can do, at peak',
        `${formatFigure((100 * load.publishesAtPeak) / rate)} %`,
        `${load.publishesAtPeak}/s of ${formatFigure(rate)}/s`,
      ],
      [
        'reading without a CDN',
        `${formatFigure(reading(1))} cores`,
        `${load.readsPerSecond}/s, each a log with its proofs`,
      ],
      [
        'reading behind a CDN that has half',
        `${formatFigure(reading(0.5))} cores`,
        'answers of one checkpoint are asked for again as long as it is the newest that clients know',
      ],
      [
        'reading behind a CDN that has nine in ten',
        `${formatFigure(reading(0.1))} cores`,
        'the same, with checkpoints handed out for some seconds',
      ],
      ['checkpoints', `${formatFigure(checkpoints)} cores`, 'one for each of those reads, none from the CDN'],
      [
        `processes, cores at most ${100 * BUSY} % busy`,
        String(processes),
        `all of that without a CDN, ${formatFigure(cores)} cores, the database's share included; never less than two`,
      ],
      [
        'processes that PostgreSQL has connections for',
        String(Math.floor(MOST_CONNECTIONS / CONNECTIONS)),
        `${CONNECTIONS} each, of the 100 of its defaults less 3`,
      ],
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, ['---', '--:', '---'], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
