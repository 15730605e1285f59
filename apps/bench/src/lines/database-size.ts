import type { Bench } from '../bench.ts';
import { databaseBytes } from '../servers/postgres.ts';
import type { Target } from '../servers/targets.ts';
import type { Line, Row } from './line.ts';
import { fill } from './publishing.ts';

const PACKAGES = 2000;
const HISTORIES = 200;
const ALONE = 1000;

interface Sizes {
  readonly perPackage: number;
  readonly perRelease: number;
}

export const databaseSizeLine: Line = {
  name: 'database-size',
  title: 'Size of the database, both on PostgreSQL',
  method: `How much a database grows by ${PACKAGES.toLocaleString('en')} new packages of one record, and by as many further releases, ten for each of ${HISTORIES} packages: indexes included, and what is not vacuumed yet. Ours by ${ALONE.toLocaleString('en')} packages more, the next published when the one before is: each has a checkpoint of its own then, and tiles and pages are written anew for it, of which most are collected later.`,
  measure: async (bench) => {
    const { ours, reference, urls } = await bench.postgresPair();
    const one = { ...(await sizesOf(bench, ours, urls[0]!)), alone: await sizeAlone(bench, ours, urls[0]!) };
    const other = await sizesOf(bench, reference, urls[1]!);
    const row = (what: string, pick: (sizes: Sizes) => number): Row => ({
      what: `database: ${what}`,
      unit: 'bytes',
      better: 'less',
      ours: pick(one),
      reference: pick(other),
    });
    return {
      rows: [
        row('a new package', (s) => s.perPackage),
        row('a further release', (s) => s.perRelease),
        { what: 'database: a new package, published alone', unit: 'bytes', better: 'less', ours: one.alone },
      ],
      details: { ours: one, reference: other },
    };
  },
};

async function grownBy(url: string, work: () => Promise<unknown>): Promise<number> {
  const before = await databaseBytes(url);
  await work();
  return (await databaseBytes(url)) - before;
}

async function sizeAlone(bench: Bench, { load }: Target, url: string): Promise<number> {
  const packages = bench.count(ALONE);
  await load.run('sign', { packages });
  return (await grownBy(url, () => load.run('publishAlone', null))) / packages;
}

async function sizesOf(bench: Bench, target: Target, url: string): Promise<Sizes> {
  await fill(bench, target);
  const packages = bench.count(PACKAGES);
  await target.load.run('sign', { packages });
  const single = await grownBy(url, () =>
    target.load.run('publish', { connections: bench.options.connections }),
  );
  const histories = bench.count(HISTORIES);
  const several = await grownBy(url, () =>
    target.load.run('publishHistory', { packages: histories, records: 11 }),
  );
  const perPackage = single / packages;
  return { perPackage, perRelease: (several - histories * perPackage) / (10 * histories) };
}
