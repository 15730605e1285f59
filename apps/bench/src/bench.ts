import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Pair,
  type PostgresPair,
  startOurs,
  startPair,
  startPostgresPair,
  type Target,
} from './servers/targets.ts';

export interface BenchOptions {
  /** Everything is counted by this much less: to try the bench, not to measure. */
  readonly divisor: number;
  /** How often each side is measured, in turn; what is reported is the median. */
  readonly rounds: number;
  /** Connections that publish and read at once. */
  readonly connections: number;
}

/** A registry whose packages have several records. */
export interface History {
  readonly url: string;
  readonly names: readonly string[];
  readonly server: Target;
}

/** One run: what its lines share. */
export class Bench {
  readonly options: BenchOptions;
  /** A folder for everything that is written, on a file system that holds what is synced. */
  readonly work = mkdtempSync(join(process.env['WARG_BENCH_DIR'] ?? tmpdir(), 'warg-bench-'));
  #pair: Promise<Pair> | undefined;
  #postgresPair: Promise<PostgresPair> | undefined;
  #history: Promise<History> | undefined;
  readonly #capacities = new Map<object, number>();

  constructor(options: BenchOptions) {
    this.options = options;
    process.once('exit', () => rmSync(this.work, { recursive: true, force: true }));
  }

  count(full: number): number {
    return Math.max(1, Math.round(full / this.options.divisor));
  }

  /** Ours on SQLite and the reference in memory: the same two for all lines, so that they hold the same. */
  pair(): Promise<Pair> {
    this.#pair ??= startPair(this.work);
    return this.#pair;
  }

  /** Both on PostgreSQL. */
  postgresPair(): Promise<PostgresPair> {
    this.#postgresPair ??= startPostgresPair(this.work);
    return this.#postgresPair;
  }

  /** A registry of ours for clients to read. */
  history(packages: number, records: number): Promise<History> {
    this.#history ??= (async () => {
      const server = await startOurs(this.work);
      const names = await server.load.run('publishHistory', { packages, records });
      return { url: server.url, names, server };
    })();
    return this.#history;
  }

  /** Remembers how many records a second a server publishes at most; asks for it to be measured when it is not known. */
  async capacityOf(target: object, measure: () => Promise<number>): Promise<number> {
    const known = this.#capacities.get(target) ?? (await measure());
    this.#capacities.set(target, known);
    return known;
  }

  /** Ends PostgreSQL and what runs on it. */
  async endPostgres(): Promise<void> {
    await (await this.#postgresPair)?.stop();
    this.#postgresPair = undefined;
  }

  async end(): Promise<void> {
    await this.endPostgres();
    await (await this.#pair)?.stop();
    await (await this.#history)?.server.stop();
    this.#pair = undefined;
    this.#history = undefined;
  }
}
