// Our client in a process of its own: `node worker.ts update|verify|stored URL FOLDER NAMES`. Prints what the process cost
// until its modules were there, and what the call itself cost.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { WargClient } from '@warg/client';
import { fileStorage, nodeExchange } from '@warg/client/node';

const started = { millis: performance.now(), cpu: cpuMillis() };
const [what, url, folder, ...names] = process.argv.slice(2) as [string, string, string, ...string[]];
const registries = join(folder, 'registries');
const storage = fileStorage({ registries, content: join(folder, 'content') });

async function work(): Promise<number> {
  const client = await WargClient.open({ registry: url, storage, exchange: nodeExchange() });
  if (what === 'update') return (await client.update(names)).packages.length;
  const to = join(folder, 'downloaded.wasm');
  await client.download(names[0]!, '*', { to, ...(what === 'stored' && { refresh: false }) });
  return 1;
}

async function timed(): Promise<{ millis: number; cpuMillis: number; packages: number }> {
  // The content stays, and nothing else.
  if (what === 'verify') rmSync(registries, { recursive: true, force: true });
  const [millis, cpu] = [performance.now(), cpuMillis()];
  const packages = await work();
  return { millis: performance.now() - millis, cpuMillis: cpuMillis() - cpu, packages };
}

function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const first = await timed();
// In a process that goes on, such as an editor's or a build's: the code is compiled by then.
const again = [];
if (what !== 'update') for (let i = 0; i < 100; i++) again.push(await timed());
console.log(JSON.stringify({ start: { millis: started.millis, cpuMillis: started.cpu }, first, again }));
