import type { Distribution } from '../load/distribution.ts';
import { median } from '../load/distribution.ts';
import { startLoad } from '../load/load.ts';
import { cpuMicros, cpuMicrosOfFamily, rssKibibytes } from '../machine/process-figures.ts';
import { type FirstReads, readFirst } from './first-reads.ts';
import { filledName, type GrowingStore, namespace } from './stores.ts';

/** What our server does on a store of some size. */
export interface Size {
  readonly packages: number;
  readonly publishedPerSecond: number;
  /** CPU of the server and its database, for one published record, µs. */
  readonly publishCpuMicros: number;
  /** The database's share of it; missing where there is none, or it was not measured yet. */
  readonly publishDatabaseCpuMicros?: number;
  /** One connection, all over the log, ms. */
  readonly proveOne: Distribution;
  readonly proveFifty: Distribution;
  /** Missing in what was measured before it was. */
  readonly firstReads?: FirstReads;
  /** Of the server, when all of that was done, MiB. */
  readonly rssMebibytes: number;
  /** From the start of the program to its first checkpoint, ms. */
  readonly restartMillis: number;
  readonly bytes: number;
}

const PUBLISHED = 5000;
const STARTS = 3;
/** How many packages a store has got more of when it was measured: the generator begins with one. */
export const MEASURED_PACKAGES = 1 + PUBLISHED / 5 + PUBLISHED;

/**
 * Fills a store to a size and measures there.
 *
 * @param from how many packages it has already, which were not all filled
 */
export async function measureAt(
  store: GrowingStore,
  from: number,
  packages: number,
  connections: number,
): Promise<Size> {
  await store.fillTo(packages);
  // The first start behind a filling may find work to do.
  await (await store.start()).program.stop();
  const bytes = await store.size();
  const starts: number[] = [];
  for (let i = 2; i < STARTS; i++) {
    const { program, startMillis } = await store.start();
    starts.push(startMillis);
    await program.stop();
  }
  const { database } = store;
  const databaseCpu = () => (database === undefined ? 0 : cpuMicrosOfFamily(database));
  // By a server of its own: it fills caches that the others would find.
  const fresh = await store.start();
  starts.push(fresh.startMillis);
  let firstReads: FirstReads;
  try {
    const cpu = () => cpuMicros(fresh.program.pid) + databaseCpu();
    firstReads = await readFirst(fresh.url, packages - from, (n) => filledName(from + n), cpu);
  } finally {
    await fresh.program.stop();
  }
  const { url, program, startMillis } = await store.start();
  starts.push(startMillis);
  const load = await startLoad(url, namespace);
  try {
    // Not counted: what is compiled and opened when it is first needed.
    await load.run('sign', { packages: PUBLISHED / 5 });
    await load.run('publish', { connections });
    await load.run('sign', { packages: PUBLISHED });
    const before = { server: cpuMicros(program.pid), database: databaseCpu() };
    const { publishedPerSecond } = await load.run('publish', { connections });
    const publishDatabaseCpuMicros = (databaseCpu() - before.database) / PUBLISHED;
    const publishCpuMicros = publishDatabaseCpuMicros + (cpuMicros(program.pid) - before.server) / PUBLISHED;
    const prove = async (kind: 'inclusion1' | 'inclusion50', count: number) => {
      return (await load.run('read', { kind, count, connections: 1 })).millis;
    };
    await prove('inclusion1', 500);
    const proveOne = await prove('inclusion1', 4000);
    const proveFifty = await prove('inclusion50', 400);
    const rssMebibytes = rssKibibytes(program.pid) / 1024;
    const restartMillis = median(starts);
    return {
      packages,
      publishedPerSecond,
      publishCpuMicros,
      ...(database === undefined ? {} : { publishDatabaseCpuMicros }),
      proveOne,
      proveFifty,
      firstReads,
      rssMebibytes,
      restartMillis,
      bytes,
    };
  } finally {
    load.stop();
    await program.stop();
  }
}
