// Generates the TypeScript of proto/ into the two packages that own it. `--check` generates into a temporary
// folder instead and compares, so that what is checked in can never drift from the .proto files.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const targets = [
  // Both packages have stricter readers of their own: the generated code is what tests hold them against.
  { proto: 'warg/protocol', generated: 'packages/warg-protocol/test/generated' },
  { proto: 'warg/transparency', generated: 'packages/warg-transparency/test/generated' },
];
const check = process.argv.includes('--check');
const work = mkdtempSync(join(tmpdir(), 'warg-protobuf-'));
let differences = 0;
try {
  const template = {
    version: 'v2',
    plugins: [
      {
        local: join(root, 'node_modules/.bin/protoc-gen-es'),
        out: join(work, 'out'),
        opt: ['target=ts', 'import_extension=ts'],
      },
    ],
  };
  execFileSync(
    join(root, 'node_modules/.bin/buf'),
    ['generate', join(root, 'proto'), '--template', JSON.stringify(template)],
    { stdio: 'inherit', cwd: work },
  );
  for (const { proto, generated } of targets) {
    const fresh = join(work, 'out', proto);
    const kept = join(root, generated);
    if (!check) {
      rmSync(kept, { recursive: true, force: true });
      mkdirSync(dirname(kept), { recursive: true });
      cpSync(fresh, kept, { recursive: true });
      continue;
    }
    const names = new Set([...readdirSync(fresh), ...readdirSync(kept)]);
    for (const name of names) {
      if (read(join(fresh, name)) === read(join(kept, name))) continue;
      differences++;
      console.error(`${generated}/${name} differs from proto/${proto}: run \`npm run generate\``);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(differences === 0 ? 0 : 1);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
