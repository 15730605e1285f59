// What a registry of npm's size costs, computed from what was measured.

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
import { type Figures, grownTo } from './figures.ts';

const MONTH = (365.25 / 12) * 86_400;

/** How answers are kept between clients and the registry. */
export interface Caching {
  readonly name: string;
  /** Part of the answers that comes from a CDN. */
  readonly part: number;
  /** Requests for the checkpoint that reach the registry, a second. */
  readonly checkpoints: number;
}

export const cachings: readonly Caching[] = [
  { name: 'no CDN', part: 0, checkpoints: npm.readsPerSecond },
  { name: 'a CDN that keeps answers', part: cached.newest, checkpoints: npm.readsPerSecond },
  {
    name: `and checkpoints for ${checkpointKept.seconds} s`,
    part: cached.shared,
    checkpoints: checkpointKept.places / checkpointKept.seconds,
  },
];

/** What reads come to. */
export interface Reading {
  /** Requests that reach the registry, a second. */
  readonly requests: number;
  /** If each were for something that was asked for before. */
  readonly coresAtLeast: number;
  /** If none were; undefined where that was not measured yet. */
  readonly coresAtMost: number | undefined;
  /** Places on the disk, a second, if nothing of them is in memory; those of publishing at its peak included. */
  readonly diskReads: number;
  /** Processes that serve. */
  readonly processes: number;
}

/** How many times npm's load something could bear. */
export interface Room {
  readonly what: string;
  readonly bottleneck: 'disk' | 'writer' | 'connections';
  readonly times: readonly number[];
}

export interface NpmSize {
  readonly database: {
    readonly together: number;
    readonly alone: number | undefined;
    readonly yearly: number;
  };
  readonly publishCpu: number;
  readonly publishing: { readonly mean: number; readonly peak: number };
  /** Records a second: as measured but for the size, and with a database on another machine. */
  readonly capacity: { readonly near: number; readonly apart: number };
  /** Of a log with its proofs that nobody has asked for, µs, and how long the answer is. */
  readonly first: { readonly cpu: number; readonly bytes: number } | undefined;
  /** One for each of {@link cachings}. */
  readonly reading: readonly Reading[];
  /** What clients are sent in a month, wherever it comes from. */
  readonly month: {
    readonly requests: number;
    readonly answerBytes: number | undefined;
    readonly contentBytes: number;
    readonly price: number;
  };
  readonly contents: number;
  /** Processes that serve, for which PostgreSQL has connections. */
  readonly servingByConnections: number;
  /** The one with the least room first, behind a CDN. */
  readonly room: readonly Room[];
}

export function npmSize(figures: Figures): NpmSize {
  const { sizes, newPackage, release, alone } = figures;
  const grown = (of: Parameters<typeof grownTo>[2]) => grownTo(sizes, npm.releases, of);
  const publishCpu = grown((size) => size.publishCpuMicros)!;
  const perRecord = grown((size) => 1000 / size.publishedPerSecond)!;
  const near = 1000 / perRecord;
  const apart = (1000 * BATCH) / (BATCH * perRecord + STATEMENTS * ROUND_TRIP);
  const cpu = grown((size) => size.firstReads?.cpuMicros);
  const bytes = grown((size) => size.firstReads?.bytes);
  const first = cpu === undefined || bytes === undefined ? undefined : { cpu, bytes };
  const cores = (perSecond: number, micros: number) => (perSecond * micros) / 1e6;
  const peak = cores(npm.publishesAtPeak, publishCpu);

  const reading = cachings.map(({ part, checkpoints }): Reading => {
    const asked = (1 - part) * npm.readsPerSecond;
    const forCheckpoints = cores(checkpoints, figures.checkpoint);
    const coresAtLeast = cores(asked, figures.repeated) + forCheckpoints;
    const coresAtMost = first && cores(asked, first.cpu) + forCheckpoints;
    return {
      requests: asked + checkpoints,
      coresAtLeast,
      coresAtMost,
      diskReads: DISK_READS * asked + DISK_READS_TO_PUBLISH * npm.publishesAtPeak,
      processes: Math.max(2, Math.ceil((coresAtMost ?? coresAtLeast) / BUSY)),
    };
  });

  const requests = 2 * npm.readsPerSecond * MONTH;
  const answerBytes = first && npm.readsPerSecond * MONTH * first.bytes;
  const contentBytes = npm.readsPerSecond * MONTH * CONTENT_BYTES;
  // A content is a request of its own.
  const price =
    ((requests + npm.readsPerSecond * MONTH) / 1e6) * prices.perMillionRequests +
    (((answerBytes ?? 0) + contentBytes) / 1e9) * prices.perGigabyte;
  const servingByConnections = Math.floor(MOST_CONNECTIONS / CONNECTIONS) - SEQUENCERS;
  const roomOf = (disk: string, perSecond: number): Room => ({
    what: `${disk}, ${perSecond.toLocaleString('en')} random reads a second`,
    bottleneck: 'disk',
    times: reading.map(({ diskReads }) => perSecond / diskReads),
  });
  const room: Room[] = [
    roomOf('a disk over a network', disks.network),
    roomOf('a local disk', disks.local),
    {
      what: 'the one process that sequences, at peak',
      bottleneck: 'writer',
      times: cachings.map(() => apart / npm.publishesAtPeak),
    },
    {
      what: 'processes that serve, as many as PostgreSQL has connections for',
      bottleneck: 'connections',
      times: reading.map(({ coresAtMost, coresAtLeast }) => {
        return (servingByConnections * BUSY) / (coresAtMost ?? coresAtLeast);
      }),
    },
  ];
  const furtherReleases = npm.releases - npm.packages;
  return {
    database: {
      together: npm.packages * newPackage + furtherReleases * release,
      alone: alone && npm.releases * alone,
      yearly: npm.publishesPerSecond * 12 * MONTH * release,
    },
    publishCpu,
    publishing: { mean: cores(npm.publishesPerSecond, publishCpu), peak },
    capacity: { near, apart },
    first,
    reading,
    month: { requests, answerBytes, contentBytes, price },
    contents: npm.releases * CONTENT_BYTES,
    servingByConnections,
    room: room.toSorted((a, b) => a.times.at(-1)! - b.times.at(-1)!),
  };
}
