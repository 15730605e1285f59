// Run by the crash test in a process of its own, which is killed at any moment: writes commit after commit,
// all documents of one commit saying the same number, and prints the number when the commit is made.
import { fileStorage } from '../src/node/file-storage.ts';

const [folder, registryName] = process.argv.slice(2) as [string, string];
const registry = fileStorage(folder).registry(registryName);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

for (;;) {
  await registry.exclusive(
    async () => {
      const snapshot = await registry.snapshot();
      const last = await snapshot.read('registry');
      const next = (last === undefined ? 0 : Number(decoder.decode(last))) + 1;
      const keys = ['registry', 'package/0', 'package/1', 'package/2'];
      await registry.commit(snapshot, new Map(keys.map((key) => [key, encoder.encode(String(next))])));
      process.stdout.write(`${next}\n`);
    },
    { signal: undefined },
  );
}
