// `npm run bench`: our libraries, server and client beside the Rust ones.

import { parseArgs } from 'node:util';
import { Bench } from './bench.ts';
import { measureGrowth } from './growth/growth.ts';
import type { Line } from './lines/line.ts';
import { lines } from './lines/lines.ts';
import { busyCores, describeMachine } from './machine/machine.ts';
import { machineText, writeDocument } from './report/document.ts';
import { type LineResult, readResultsOf, writeResults } from './report/results.ts';
import { textTable } from './report/table.ts';
import { writeScaling } from './scaling/report.ts';

const usage = `npm run bench                measure every line, and write docs/benchmarks.md and docs/benchmarks.json
npm run bench -- NAME…       measure these lines alone; with --write they replace what was measured before
npm run bench -- growth      our server on stores that grow to a million packages (an hour); with --write, or as a whole,
                             its curves replace those of the same stores
npm run bench -- scaling     compute docs/scaling.md anew from what those two have written
npm run bench -- --list      the names of all lines

  --write          write the documents after some lines, too
  --rounds N       how often each side is measured, in turn; 3 if not given
  --connections N  that publish and read at once; 64 if not given
  --sizes N,…      growth: packages; 1000,10000,100000,1000000 if not given
  --store KIND     growth: sqlite or postgres; both if not given
  --divide N       do so many times less of everything: to try the bench, not to measure`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    divide: { type: 'string', default: '1' },
    sizes: { type: 'string' },
    store: { type: 'string' },
  },
});

if (values.help) console.log(usage);
else if (values.list) for (const { name, title } of lines) console.log(`${name.padEnd(20)} ${title}`);
else if (positionals.includes('growth')) await grow();
else if (positionals.includes('scaling')) console.log(writeScaling());
else await run(positionals.length === 0 ? lines : linesNamed(positionals));

async function run(chosen: readonly Line[]): Promise<void> {
  const [rounds, connections, divisor] = [values.rounds, values.connections, values.divide].map(
    positiveInteger,
  );
  const bench = new Bench({ rounds: rounds!, connections: connections!, divisor: divisor! });
  const machine = describeMachine(bench.work);
  console.log(machineText(machine));
  const results: LineResult[] = [];
  const isWritten = divisor === 1 && (values.write || chosen === lines);
  try {
    for (const line of chosen) {
      try {
        results.push(await measure(bench, line, machine));
        // Behind each line: somebody who ends it keeps what is there.
        if (isWritten) write(results, machine);
      } catch (error) {
        // The others are worth something without it.
        console.error(`${line.name} failed: ${error instanceof Error ? error.stack : error}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await bench.end();
  }
  console.log(`\n${textTable(results.flatMap(({ rows }) => rows))}`);
  if (!isWritten) return;
  console.log('\nwritten: docs/benchmarks.md and docs/benchmarks.json');
  console.log(writeScaling());
}

/** Puts what was measured in place of what was measured before. */
function write(results: readonly LineResult[], machine: LineResult['machine']): void {
  const measured = new Set(results.map(({ name }) => name));
  const all = [...readResultsOf(machine).filter(({ name }) => !measured.has(name)), ...results];
  const order = lines.map(({ name }) => name);
  writeResults(all, order);
  writeDocument(all.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name)));
}

/** Growth alone: it takes as long as all lines together, and more. */
async function grow(): Promise<void> {
  const bench = new Bench({ rounds: 1, connections: positiveInteger(values.connections), divisor: 1 });
  const machine = describeMachine(bench.work);
  const kinds = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;
  const known = values.store === undefined ? Object.keys(kinds) : [values.store];
  const stores = known.map((name) => kinds[name as keyof typeof kinds] ?? fail(`no store is called ${name}`));
  const sizes = (values.sizes ?? '1000,10000,100000,1000000').split(',').map(positiveInteger);
  // Part of it does not replace what was measured in full, unless that is asked for.
  const write = values.write || (values.sizes === undefined && values.store === undefined);
  const options = [values.sizes && ` --sizes ${values.sizes}`, values.store && ` --store ${values.store}`];
  const command = `npm run bench -- growth${options.filter(Boolean).join('')}`;
  console.log(machineText(machine));
  const { connections } = bench.options;
  await measureGrowth({ sizes, stores, connections, work: bench.work, machine, write, command });
  if (write) console.log(writeScaling());
}

async function measure(bench: Bench, line: Line, machine: LineResult['machine']): Promise<LineResult> {
  const busy = await busyCores();
  console.log(`\n${line.title}`);
  if (busy > 0.2) console.log(`others use ${busy.toFixed(1)} cores: the figures will be too high`);
  const started = performance.now();
  const { rows, notes = [], charts = {}, details } = await line.measure(bench);
  const seconds = Math.round((performance.now() - started) / 1000);
  const command = `npm run bench -- ${line.name}`;
  console.log(textTable(rows));
  for (const note of notes) console.log(note);
  console.log(`${command}: ${seconds} s`);
  const { name, title, method } = line;
  const at = new Date().toISOString();
  return {
    name,
    title,
    method,
    at,
    seconds,
    machine,
    busyCores: busy,
    command,
    rows,
    notes,
    charts,
    details,
  };
}

/** In their own order, whatever the order of the names: a later one may leave behind what an earlier one cannot use. */
function linesNamed(names: readonly string[]): readonly Line[] {
  const unknown = names.find((name) => !lines.some((line) => line.name === name));
  if (unknown !== undefined) {
    fail(`no line is called ${unknown}: expected any of ${lines.map((line) => line.name).join(', ')}`);
  }
  return lines.filter(({ name }) => names.includes(name));
}

function positiveInteger(text: string): number {
  return /^[1-9]\d{0,7}$/.test(text) ? Number(text) : fail(`expected a number from 1 on, found ${text}`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}
