import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, ourWarg, rustPrograms } from '@warg-apps/programs';
import { type Cost, costInHomes, costOf, without } from '../clients/costs.ts';
import { homesWithContent, ourHome, rustHome } from '../clients/rust-home.ts';
import { median } from '../load/distribution.ts';
import type { Goal, Line, Row } from './line.ts';

const RECORDS = 10;

interface OurRun {
  readonly start: Cost;
  readonly first: Cost & { readonly packages: number };
  readonly again: readonly Cost[];
}

export const updateLine: Line = {
  name: 'client-update',
  title: `Client: cold update of 1,000 packages with ${RECORDS} records each`,
  method:
    'Both clients against our server on SQLite, each with an empty folder; everything is fetched, verified and stored. Without the start of the process, which has rows of its own: for the Rust client it is what `warg --version` takes.',
  measure: async (bench) => {
    const { url, names } = await bench.history(bench.count(1000), RECORDS);
    const { warg } = await rustPrograms();
    const starts: Cost[] = [];
    const theirs: Cost[] = [];
    const runs: OurRun[] = [];
    for (let round = 0; round <= bench.options.rounds; round++) {
      const run = await ours(
        'update',
        url,
        join(mkdtempSync(join(bench.work, 'our-client-')), 'store'),
        names,
      );
      if (run.first.packages !== names.length)
        throw new Error(`expected ${names.length} packages, found ${run.first.packages}`);
      const home = await rustHome(warg, bench.work, url, names);
      const start = await costOf(warg, ['--version'], home.env, 20);
      const cost = without(await costOf(warg, ['update'], home.env), start);
      const updated = home.packagesWith(`1.${RECORDS - 1}.0`);
      if (updated !== names.length)
        throw new Error(`expected ${names.length} packages updated by the reference, found ${updated}`);
      // The first round warms what the server keeps, for whoever comes second.
      if (round === 0) continue;
      runs.push(run);
      starts.push(start);
      theirs.push(cost);
    }
    const goal = { times: 2 };
    return {
      rows: [
        ...rowsOf(
          'client: cold update of 1,000 packages',
          runs.map(({ first }) => first),
          theirs,
          goal,
        ),
        ...rowsOf(
          'client: start of the process',
          runs.map(({ start }) => start),
          starts,
        ),
      ],
      details: { ours: runs, reference: theirs, referenceStarts: starts },
    };
  },
};

export const downloadLine: Line = {
  name: 'client-download',
  title: 'Client: verify one download, the content in the cache',
  method:
    'Each client has the content in its cache and knows nothing else of the registry. It asks our server for a checkpoint, the package and the proofs, verifies them, takes the content from the cache and writes the file; ours hashes the content, the reference trusts its cache. A process of its own each time, its start left out as in the update; and for ours once more in a process that goes on. The rows of a repeated download have all in store: then the reference asks and verifies nothing, while ours folds and verifies what it stored and hashes the content. Ours brings what it verified and the file to the disk (fsync) in each of them, the reference nothing. The rows of the command have the start of the process in them, ours with what Node keeps of compiled code.',
  measure: async (bench) => {
    const { url, names } = await bench.history(bench.count(1000), RECORDS);
    const { warg } = await rustPrograms();
    const home = await rustHome(warg, bench.work, url, []);
    const folder = join(mkdtempSync(join(bench.work, 'our-client-')), 'store');
    const args = ['download', names[0]!, '--output', join(home.folder, 'downloaded.wasm')];
    // Fills the caches.
    await costOf(warg, args, home.env);
    await ours('verify', url, folder, names.slice(0, 1));
    const own = await ourHome(bench.work, url, names[0]!);
    const ourArgs = [ourWarg, 'download', names[0]!, '--output', 'new.wasm'];
    const starts: Cost[] = [];
    const ourStarts: Cost[] = [];
    const ourCommands: Cost[] = [];
    const theirCommands: Cost[] = [];
    const theirs: Cost[] = [];
    const theirsStored: Cost[] = [];
    const runs: OurRun[] = [];
    const stored: OurRun[] = [];
    for (let round = 0; round < 3 * bench.options.rounds; round++) {
      runs.push(await ours('verify', url, folder, names.slice(0, 1)));
      stored.push(await ours('stored', url, folder, names.slice(0, 1)));
      const start = await costOf(warg, ['--version'], home.env, 20);
      starts.push(start);
      const homes = homesWithContent(home, bench.work, 20);
      const command = await costInHomes(warg, args, home.env, homes);
      theirCommands.push(command);
      theirs.push(without(command, start));
      ourStarts.push(await costOf(process.execPath, [ourWarg, '--version'], own.env, 5));
      ourCommands.push(
        await costInHomes(process.execPath, ourArgs, own.env, homesWithContent(own, bench.work, 5)),
      );
      theirsStored.push(without(await costOf(warg, args, home.env, 20), start));
    }
    const again = runs.map((run) => costAt(run.again, median));
    const storedAgain = stored.map((run) => costAt(run.again, median));
    const goal = { times: 2 };
    return {
      rows: [
        ...rowsOf(
          'client: verify a download',
          runs.map(({ first }) => first),
          theirs,
          goal,
        ),
        ...rowsOf('client: verify a download, in a process that goes on', again, theirs),
        ...rowsOf('client: repeat a download, in a process that goes on', storedAgain, theirsStored),
        ...rowsOf('client: start of the command, `warg --version`', ourStarts, starts),
        ...rowsOf('client: the command, its start and verifying a download', ourCommands, theirCommands),
        ...rowsOf(
          'client: start of the process',
          runs.map(({ start }) => start),
          starts,
        ),
      ],
      notes: [
        'The reference verifies a download when it fetches the package for the first time; from then on it believes its own files. Ours verifies what it reads each time.',
      ],
      details: {
        ours: runs.map(({ start, first }) => ({ start, first })),
        again,
        stored: stored.map(({ start, first }) => ({ start, first })),
        storedAgain,
        reference: theirs,
        referenceStored: theirsStored,
        referenceStarts: starts,
        ourStarts,
        ourCommands,
        referenceCommands: theirCommands,
      },
    };
  },
};

async function ours(
  what: 'update' | 'verify' | 'stored',
  url: string,
  folder: string,
  names: readonly string[],
): Promise<OurRun> {
  const worker = fileURLToPath(new URL('../clients/worker.ts', import.meta.url));
  const { stdout } = await costOf(
    process.execPath,
    [worker, what, url, folder, ...names],
    cleanEnvironment(),
  );
  return JSON.parse(stdout) as OurRun;
}

function costAt(costs: readonly Cost[], pick: (values: readonly number[]) => number): Cost {
  return {
    millis: pick(costs.map(({ millis }) => millis)),
    cpuMillis: pick(costs.map(({ cpuMillis }) => cpuMillis)),
  };
}

function rowsOf(what: string, ours: readonly Cost[], theirs: readonly Cost[], goal?: Goal): Row[] {
  const [one, other] = [costAt(ours, median), costAt(theirs, median)];
  const common = { unit: 'ms', better: 'less' as const, ...(goal && { goal }) };
  return [
    { what, ...common, ours: one.millis, reference: other.millis },
    { what: `${what}: CPU`, ...common, ours: one.cpuMillis, reference: other.cpuMillis },
  ];
}
