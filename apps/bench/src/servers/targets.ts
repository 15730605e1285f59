// The servers that are measured, each with what it takes to know what it costs.

import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import {
  type Registry,
  type RegistryOptions,
  rustPrograms,
  rustServerWithPostgres,
  startOurServer,
  startRustServer,
} from '@warg-apps/programs';
import { type Load, startLoad } from '../load/load.ts';
import { cpuMicros, cpuMicrosOfFamily, rssKibibytes } from '../machine/process-figures.ts';
import { startPostgres, storeArguments } from './postgres.ts';

export const namespace = 'bench';

/** A server, with the load generator that works on it. */
export interface Target {
  readonly url: string;
  readonly pid: number;
  readonly load: Load;
  /** CPU of all its processes and threads so far, µs: the database's, too. */
  cpuMicros(): number;
  /** Memory of the server itself. */
  rssKibibytes(): number;
  stop(): Promise<void>;
}

/** Ours and the Rust one, on stores of one kind. */
export interface Pair {
  readonly ours: Target;
  readonly reference: Target;
  stop(): Promise<void>;
}

/** Both on PostgreSQL. */
export interface PostgresPair extends Pair {
  /** The database of ours, and that of the reference. */
  readonly urls: readonly string[];
}

function registryOptions(work: string, more: readonly string[] = []): RegistryOptions {
  return { work, operatorKey: encodePrivateKey(generatePrivateKey()), namespace, more };
}

/** Ours on SQLite, synchronous, as it runs by default; the Rust one in memory, the only way it runs as cargo installs it. */
export async function startPair(work: string): Promise<Pair> {
  const { server } = await rustPrograms();
  const ours = await target(await startOurServer(registryOptions(work)));
  const reference = await target(await startRustServer(server, registryOptions(work)));
  return pair(ours, reference);
}

/** Both on one PostgreSQL with its own defaults, a database for each; one is measured while the other waits. */
export async function startPostgresPair(work: string): Promise<PostgresPair> {
  const rust = await rustServerWithPostgres();
  const { pid, urls, stop } = await startPostgres();
  const options = (i: number) => registryOptions(work, storeArguments(urls[i]!));
  const ours = await target(await startOurServer(options(0)), pid);
  const reference = await target(await startRustServer(rust, options(1)), pid);
  return { ...pair(ours, reference, stop), urls };
}

/** Ours alone, on SQLite in a folder of its own. */
export async function startOurs(work: string): Promise<Target> {
  return target(await startOurServer(registryOptions(work)));
}

function pair(ours: Target, reference: Target, after = async () => {}): Pair {
  return {
    ours,
    reference,
    stop: async () => {
      await ours.stop();
      await reference.stop();
      await after();
    },
  };
}

async function target({ url, program }: Registry, database?: number): Promise<Target> {
  const load = await startLoad(url, namespace);
  return {
    url,
    pid: program.pid,
    load,
    cpuMicros: () => cpuMicros(program.pid) + (database === undefined ? 0 : cpuMicrosOfFamily(database)),
    rssKibibytes: () => rssKibibytes(program.pid),
    stop: async () => {
      load.stop();
      await program.stop();
    },
  };
}
