// The tables of docs/scaling.md.

import { readCurves } from '../growth/results.ts';
import { writeBetween } from '../report/document.ts';
import { readResults } from '../report/results.ts';
import { formatFigure } from '../report/table.ts';
import {
  BATCH,
  BUSY,
  CONNECTIONS,
  CONTENT_BYTES,
  cached,
  checkpointKept,
  DISK_READS,
  DISK_READS_TO_PUBLISH,
  disks,
  MOST_CONNECTIONS,
  npm,
  prices,
  ROUND_TRIP,
  SEQUENCERS,
  STATEMENTS,
} from './assumptions.ts';
import { type Figures, figuresOf } from './figures.ts';
import { cachings, type NpmSize, npmSize, type Room } from './npm-size.ts';

/** What the text of the document calls the first, the second and the third bottleneck. */
const NAMED: readonly Room['bottleneck'][] = ['disk', 'connections', 'writer'];

/** Writes the tables anew, if all that they rest on has been measured. @returns what there is to say about it */
export function writeScaling(): string {
  const figures = figuresOf(readResults(), readCurves());
  if (typeof figures === 'string') return `docs/scaling.md stays as it is without ${figures}`;
  const size = npmSize(figures);
  writeBetween('scaling.md', 'measured', measuredTable(figures));
  writeBetween('scaling.md', 'assumed', assumedTable());
  writeBetween('scaling.md', 'computed', computedTable(figures, size));
  writeBetween('scaling.md', 'reading', readingTable(size));
  writeBetween('scaling.md', 'room', roomTable(size));
  const found = [...new Set(size.room.map(({ bottleneck }) => bottleneck))];
  if (NAMED.every((name, i) => found[i] === name)) return 'computed: docs/scaling.md';
  return `computed: docs/scaling.md; its text calls ${NAMED.join(', then ')} the bottleneck, the figures say ${found.join(', then ')}: mend it`;
}

type Cells = readonly string[];
const figure = formatFigure;
const micros = (value: number) => `${figure(value)} µs`;
const percent = (part: number) => `${figure(100 * part)} %`;
const bytesText = (value: number) => {
  if (value >= 1e12) return `${figure(value / 1e12)} TB`;
  return value >= 1e9 ? `${figure(value / 1e9)} GB` : `${figure(value)} bytes`;
};

export function measuredTable(figures: Figures): string {
  const last = figures.sizes.at(-1)!;
  const at = `at ${last.packages.toLocaleString('en')} packages`;
  const growth = '`npm run bench -- growth`';
  const line = (name: string) => `\`npm run bench -- ${name}\``;
  return table(
    ['measured, the database on the same machine', '', 'command'],
    [
      ['records published a second, at most', figure(figures.rate), line('publish-postgres')],
      [`the same ${at}`, figure(last.publishedPerSecond), growth],
      ['CPU of a published record', micros(figures.publishCpu), line('publish-postgres')],
      [`the same ${at}`, micros(last.publishCpuMicros), growth],
      ...(last.publishDatabaseCpuMicros === undefined
        ? []
        : [[`of it, that of PostgreSQL, ${at}`, micros(last.publishDatabaseCpuMicros), growth]]),
      ['of it, hashing a key of the map in large batches', micros(figures.mapKey), line('map')],
      ['CPU of a log with its proofs, asked for again', micros(figures.repeated), line('read-postgres')],
      ...(last.firstReads === undefined
        ? []
        : [
            [`the same, asked for the first time, ${at}`, micros(last.firstReads.cpuMicros), growth],
            [`its answer, ${at}`, bytesText(last.firstReads.bytes), growth],
          ]),
      ['CPU of the checkpoint', micros(figures.checkpoint), line('read-postgres')],
      ['database, a new package', bytesText(figures.newPackage), line('database-size')],
      ['database, a further release', bytesText(figures.release), line('database-size')],
      ...(figures.alone === undefined
        ? []
        : [['database, a new package published alone', bytesText(figures.alone), line('database-size')]]),
      [`memory of a process ${at}`, `${figure(last.rssMebibytes)} MiB`, growth],
      [`start of a process ${at}`, `${figure(last.restartMillis)} ms`, growth],
    ],
  );
}

export function assumedTable(): string {
  return table(
    ['assumed', ''],
    [
      ['packages', npm.packages.toLocaleString('en')],
      ['releases, each a record of its own', npm.releases.toLocaleString('en')],
      ['reads a second, each the checkpoint and a log with its proofs', figure(npm.readsPerSecond)],
      ['publishes a second, mean and peak', `${npm.publishesPerSecond} and ${npm.publishesAtPeak}`],
      ['mean size of a content', bytesText(CONTENT_BYTES)],
      [
        'part of the answers that a CDN has while each client asks for the newest checkpoint',
        percent(cached.newest),
      ],
      [
        `the same while it hands out one checkpoint for ${checkpointKept.seconds} s, from ${checkpointKept.places} places`,
        percent(cached.shared),
      ],
      ['random reads of the disk for an answer that nobody has asked for', String(DISK_READS)],
      ['the same for a record that is published', String(DISK_READS_TO_PUBLISH)],
      [
        'what a disk over a network has of them a second, and a local one',
        `${figure(disks.network)} and ${figure(disks.local)}`,
      ],
      ['from a process to the database and back', `${ROUND_TRIP} ms`],
      ['most that a core is busy', percent(BUSY)],
      [
        'prices of a CDN, to be replaced by yours',
        `$${prices.perMillionRequests} a million requests, $${prices.perGigabyte} a GB`,
      ],
    ],
  );
}

export function computedTable({ sizes }: Figures, size: NpmSize): string {
  const { database, capacity, month } = size;
  const tenfold = Math.log10(npm.releases) - Math.log10(sizes.at(-1)!.packages);
  const grown = `grown on by the slope of \`growth\`, ${figure(tenfold)} times tenfold`;
  const millions = (count: number) => `${figure(count / 1e6)} M`;
  return table(
    ["npm's size", 'computed', 'how'],
    [
      [
        'database',
        bytesText(database.together),
        `${millions(npm.packages)} packages and ${millions(npm.releases - npm.packages)} further releases`,
      ],
      ...(database.alone === undefined
        ? []
        : [
            [
              'database, at most',
              bytesText(database.alone),
              'each published alone, nothing collected or vacuumed',
            ],
          ]),
      ['what it grows by in a year', bytesText(database.yearly), `${npm.publishesPerSecond}/s`],
      ['contents', bytesText(size.contents), 'in S3, not in the database'],
      ['CPU of a published record', micros(size.publishCpu), grown],
      [
        'publishing, mean',
        `${figure(size.publishing.mean)} cores`,
        `${npm.publishesPerSecond}/s, in batches`,
      ],
      ['publishing, peak', `${figure(size.publishing.peak)} cores`, `${npm.publishesAtPeak}/s`],
      ['records that one process can sequence', `${figure(capacity.near)}/s`, grown],
      [
        'the same with the database on another machine',
        `${figure(capacity.apart)}/s`,
        `${BATCH} in a batch, which waits for ${STATEMENTS} answers more`,
      ],
      ['part of it that is used at peak', percent(npm.publishesAtPeak / capacity.apart), ''],
      ...(size.first === undefined
        ? []
        : [
            ['CPU of a log with its proofs, asked for the first time', micros(size.first.cpu), grown],
            ['its answer', bytesText(size.first.bytes), grown],
          ]),
      [
        'processes that serve, for which PostgreSQL has connections',
        String(size.servingByConnections),
        `${CONNECTIONS} each, of the ${MOST_CONNECTIONS} that its defaults leave; ${SEQUENCERS} more processes sequence`,
      ],
      [
        'requests in a month',
        millions(1.5 * month.requests),
        'a checkpoint, a log with its proofs, and a content for each read',
      ],
      ...(month.answerBytes === undefined
        ? []
        : [
            [
              'traffic of answers in a month',
              bytesText(month.answerBytes),
              'logs of one record; checkpoints left out',
            ],
          ]),
      ['traffic of contents in a month', bytesText(month.contentBytes), 'if each read downloads one'],
      ['the CDN in a month', `$${figure(month.price)}`, 'all of that, at the prices above'],
    ],
  );
}

export function readingTable({ reading }: NpmSize): string {
  const row = (what: string, of: (each: (typeof reading)[number]) => string): Cells => [
    what,
    ...reading.map(of),
  ];
  return table(
    [`${figure(npm.readsPerSecond)} reads a second`, ...cachings.map(({ name }) => name)],
    [
      row('requests that reach the registry, a second', ({ requests }) => figure(requests)),
      row('cores, if all was asked for before', ({ coresAtLeast }) => figure(coresAtLeast)),
      ...(reading[0]!.coresAtMost === undefined
        ? []
        : [row('cores, if nothing was', ({ coresAtMost }) => figure(coresAtMost!))]),
      row(`processes that serve, ${percent(BUSY)} of a core each`, ({ processes }) => String(processes)),
      row('random reads of the disk, if nothing is in memory', ({ diskReads }) => figure(diskReads)),
    ],
  );
}

export function roomTable({ room }: NpmSize): string {
  return table(
    ["ends at so many times npm's load", ...cachings.map(({ name }) => name)],
    room.map(({ what, times }) => [what, ...times.map((each) => `${figure(each)}×`)]),
  );
}

/** The first column is text, and what explains; figures stand to the right. */
function table(head: Cells, rows: readonly Cells[]): string {
  const isText = (name: string) => ['command', 'how'].includes(name);
  const lines = head.map((name, i) => (i === 0 || isText(name) ? '---' : '--:'));
  return [head, lines, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
