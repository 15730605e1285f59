// Our client in a process of its own: `node worker.ts update|download URL FOLDER NAMES`. Prints what the process cost until
// its modules were there, and what the call itself cost.

import { WargClient } from '@warg/client';
import { fileStorage } from '@warg/client/node';

const started = { millis: performance.now(), cpu: cpuMillis() };
const [what, url, folder, ...names] = process.argv.slice(2);
const client = await WargClient.open({ registry: url!, storage: fileStorage(folder!) });

async function work(): Promise<number> {
  if (what === 'update') return (await client.update(names)).packages.length;
  await client.download(names[0]!, '*', { to: `${folder}/../downloaded.wasm` });
  return 1;
}

async function timed(): Promise<{ millis: number; cpuMillis: number; packages: number }> {
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
if (what === 'download') for (let i = 0; i < 100; i++) again.push(await timed());
console.log(JSON.stringify({ start: { millis: started.millis, cpuMillis: started.cpu }, first, again }));
