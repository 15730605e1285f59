/** Sizes, counts and times at which the client gives up. */
export interface Limits {
  /** The longest that a request may take to be answered, in milliseconds. */
  readonly requestTimeout: number;
  /** The longest that a body may make no progress, in milliseconds. */
  readonly idleTimeout: number;
  /** The least that a body must bring, in bytes a second, over any wait of `idleTimeout`. */
  readonly slowestRate: number;
  /**
   * The longest that a registry may take to answer an upload that it has got, in milliseconds, and a millisecond more for each
   * 10 bytes: it hashes content, checks it by its policies and may store it elsewhere before it answers.
   */
  readonly settleTimeout: number;
  /** How often a request that may be repeated is repeated. */
  readonly retries: number;
  /** The greatest size of an answer of `v1/fetch/logs`, in bytes. */
  readonly logsBytes: number;
  /** The greatest size of a proof's answer, in bytes. */
  readonly proofBytes: number;
  /** The greatest size of any other JSON answer, in bytes. */
  readonly jsonBytes: number;
  /** The greatest size of a content, in bytes. */
  readonly contentBytes: number;
  /** How many of the places that a registry names for a content are tried. */
  readonly contentSources: number;
  /** How many packages are asked for in one request. */
  readonly packagesPerRequest: number;
  /** How many leaves are proved in one request. */
  readonly leavesPerRequest: number;
  /** How many records one update may bring. */
  readonly recordsPerUpdate: number;
  /** How many bytes of records one update may bring; the operator log's count, too. */
  readonly bytesPerUpdate: number;
  /** How many redirects are followed. */
  readonly redirects: number;
  /** How often a publish begins again because the package changed meanwhile. */
  readonly publishAttempts: number;
}

/** The limits of a client that is opened without `limits`: times in milliseconds, sizes in bytes, `slowestRate` in bytes a second. */
export const defaultLimits: Limits = {
  requestTimeout: 30_000,
  idleTimeout: 30_000,
  slowestRate: 1024,
  settleTimeout: 300_000,
  retries: 2,
  logsBytes: 64 * 1024 * 1024,
  proofBytes: 32 * 1024 * 1024,
  jsonBytes: 1024 * 1024,
  contentBytes: 2 * 1024 * 1024 * 1024,
  contentSources: 10,
  packagesPerRequest: 1000,
  leavesPerRequest: 1000,
  recordsPerUpdate: 1_000_000,
  bytesPerUpdate: 256 * 1024 * 1024,
  redirects: 5,
  publishAttempts: 5,
};
