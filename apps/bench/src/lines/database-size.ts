import type { Bench } from '../bench.ts';
import { databaseBytes } from '../servers/postgres.ts';
import type { Target } from '../servers/targets.ts';
import type { Line, Row } from './line.ts';
import { fill } from './publishing.ts';

const PACKAGES = 2000;
const HISTORIES = 200;

interface Sizes {
  readonly perPackage: number;
  readonly perRelease: number;
}

export const databaseSizeLine: Line = {
  name: 'database-size',
  title: 'Size of the database, both on PostgreSQL',
  method: `How much a database grows by ${PACKAGES.toLocaleString('en')} new packages of one record, and by as many further releases, ten for each of ${HISTORIES} packages: indexes included, and what is not vacuumed yet.`,
  measure: async (bench) => {
    const { ours, reference, urls } = await bench.postgresPair();
    const one = await sizesOf(bench, ours, urls[0]!);
    const other = await sizesOf(bench, reference, urls[1]!);
    const row = (what: string, pick: (sizes: Sizes) => number): Row => ({
      what: `database: ${what}`,
      unit: 'bytes',
      better: 'less',
      ours: pick(one),
      reference: pick(other),
    });
    return {
      rows: [row('a new package', (s) => s.perPackage), row('a further release', (s) => s.perRelease)],
      details: { ours: one, reference: other },
    };
  },
};

async function sizesOf(bench: Bench, target: Target, url: string): Promise<Sizes> {
  await fill(bench, target);
  const grownBy = async (work: () => Promise<unknown>) => {
    const before = await databaseBytes(url);
    await work();
    return (await databaseBytes(url)) - before;
  };
  const packages = bench.count(PACKAGES);
  await target.load.run('sign', { packages });
  const single = await grownBy(() => target.load.run('publish', { connections: bench.options.connections }));
  const histories = bench.count(HISTORIES);
  const several = await grownBy(() =>
    target.load.run('publishHistory', { packages: histories, records: 11 }),
  );
  const perPackage = single / packages;
  return { perPackage, perRelease: (several - histories * perPackage) / (10 * histories) };
}
