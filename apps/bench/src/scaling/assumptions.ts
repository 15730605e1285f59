// What docs/scaling.md takes for granted, and nobody measured. It stands in a table there.

/** npm, rounded. */
export const npm = {
  packages: 3_500_000,
  releases: 50_000_000,
  readsPerSecond: 2000,
  publishesPerSecond: 5,
  publishesAtPeak: 100,
};

/** Mean size of a content, bytes. */
export const CONTENT_BYTES = 100_000;

/** How long a CDN hands out one checkpoint where it is told to, s; and from how many places, each of which asks for its own. */
export const checkpointKept = { seconds: 10, places: 100 };

/** Parts of the answers that a CDN has: where each client asks for the newest checkpoint, and where they share one for a while. */
export const cached = { newest: 0.5, shared: 0.9 };

/**
 * Places on the disk that an answer needs which nobody has asked for: two pages of the map, a tile of the log, an index, and a row
 * for each record of a log of the mean length, of which a client that knows nothing asks for all.
 */
export const DISK_READS = 4 + Math.ceil(npm.releases / npm.packages);

/** The same for a record that is published: pages, and rows of what its package has come to. */
export const DISK_READS_TO_PUBLISH = 5;

/** What disks read at random a second: one over a network if nothing more is paid for, and a local NVMe disk. */
export const disks = { network: 3000, local: 100_000 };

/** From a process to the database and back, where they are two machines in one place, ms. */
export const ROUND_TRIP = 0.5;

/** Statements of a batch, one after the other, however many records it has: counted-statements.test.ts of the server. */
export const STATEMENTS = 40;

/** Records of a batch when more are waiting: the registry gathers as many before it signs. */
export const BATCH = 256;

/** A process has ten connections that read, and one each to write, to hold the lease, and to listen. */
export const CONNECTIONS = 13;

/** The process that sequences, and the one that is ready to. */
export const SEQUENCERS = 2;

/** What PostgreSQL allows if nobody changes it, less the three that it keeps for its administrators. */
export const MOST_CONNECTIONS = 97;

/** A core is not planned to be busier than that. */
export const BUSY = 0.5;

/** Of a CDN: not asked for of anybody, to be replaced by those of a contract. */
export const prices = { perMillionRequests: 0.5, perGigabyte: 0.03 };
