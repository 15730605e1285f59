// What the bench asks of its load generator, and what it is told.

import type { Distribution } from './distribution.ts';

/** What is read back in one request. */
export type ReadKind = 'checkpoint' | 'logs' | 'consistency' | 'inclusion1' | 'inclusion50';

export interface Jobs {
  /** Uploads the content that all packages release. Comes first, and once for each server. */
  begin: { input: { readonly url: string; readonly namespace: string }; output: null };
  /** Signs new packages with one record each, for the jobs that publish. */
  sign: { input: { readonly packages: number }; output: null };
  /** Publishes what was signed, as fast as so many connections take it, and waits until all of it is published. */
  publish: { input: { readonly connections: number }; output: Published };
  /** Publishes what was signed, the next when the one before is published. */
  publishAlone: { input: null; output: Latencies };
  /** Publishes what was signed at a fixed rate, whether answers come or not. */
  publishAt: { input: { readonly perSecond: number }; output: PacedLatencies };
  /** Publishes packages with several records each, record by record. */
  publishHistory: {
    input: { readonly packages: number; readonly records: number };
    output: readonly string[];
  };
  /** Reads back what was published, as fast as so many connections take it. */
  read: { input: ReadJob; output: Readings };
}

export interface ReadJob {
  readonly kind: ReadKind;
  /** It ends behind so many requests, or begins none after so many seconds: whichever comes first of what is given. */
  readonly count?: number;
  readonly seconds?: number;
  readonly connections: number;
}

export interface Readings {
  readonly count: number;
  readonly perSecond: number;
  readonly millis: Distribution;
}

export interface Published {
  readonly records: number;
  /** Until the last was acknowledged, and until the last was published: that is the rate that counts. */
  readonly acknowledgedPerSecond: number;
  readonly publishedPerSecond: number;
  readonly acknowledgedMillis: Distribution;
}

/** From the moment when a record was to be submitted, ms: a generator that falls behind does not hide it. */
export interface Latencies {
  readonly acknowledged: Distribution;
  /** Until a signed checkpoint has it. */
  readonly published: Distribution;
  /** How much later than meant the generator came to send, ms: where this is large it had no free core. */
  readonly late: Distribution;
}

export interface PacedLatencies extends Latencies {
  /** Of the last fifth alone: where they wait longer than all the others a queue grows. */
  readonly lastAcknowledged: Distribution;
}

export type JobName = keyof Jobs;
