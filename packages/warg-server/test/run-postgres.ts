// A PostgreSQL with two empty databases until it is ended by SIGTERM, for programs that need one: prints its process and the
// URLs as a line of JSON.
//
//   node test/run-postgres.ts [--durable]

import { parseArgs } from 'node:util';
import { startPostgres } from './postgres-process.ts';

const { values } = parseArgs({ options: { durable: { type: 'boolean', default: false } } });
const server = await startPostgres(values);
const urls = [await server.createDatabase(), await server.createDatabase()];
console.log(JSON.stringify({ pid: server.pid, urls }));
// What keeps it until somebody ends it.
const forever = setInterval(() => {}, 2 ** 30);
process.once('SIGTERM', async () => {
  clearInterval(forever);
  await server.remove();
});
