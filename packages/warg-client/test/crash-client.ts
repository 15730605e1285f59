// Run by the crash test in a process of its own, which is killed at any moment: updates again and again.
import { WargClient } from '../src/client.ts';
import { fileStorage } from '../src/node/file-storage.ts';

const [folder, registry, ...names] = process.argv.slice(2) as [string, string, ...string[]];

for (;;) {
  const client = await WargClient.open({ registry, storage: fileStorage(folder) });
  const { checkpoint } = await client.update(names);
  process.stdout.write(`${checkpoint.contents.logLength}\n`);
}
