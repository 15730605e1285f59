// A PostgreSQL with two empty databases until it is ended by SIGTERM or its parent has ended, for programs that need one: prints its process and the
// URLs as a line of JSON.
//
//   node test/run-postgres.ts [--durable]

import { parseArgs } from 'node:util';
import { startPostgres } from './postgres-process.ts';

const { values } = parseArgs({ options: { durable: { type: 'boolean', default: false } } });
const server = await startPostgres(values);
const urls = [await server.createDatabase(), await server.createDatabase()];
console.log(JSON.stringify({ pid: server.pid, urls }));
// It does not outlive the program that has started it, however that ends.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) void end();
}, 500);
process.once('SIGTERM', end);

async function end(): Promise<void> {
  clearInterval(watch);
  await server.remove();
}
