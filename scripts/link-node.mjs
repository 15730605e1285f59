// Runs after `pnpm install`. Node comes with the install, as one of five platform packages (see
// optionalDependencies in package.json). They do not agree on how their binary is named, so this script puts
// the one that fits this machine at node_modules/.bin/node, where every script that pnpm runs, and the
// programs `warg` and `warg-server` beside it, find it first. A link, not a shim: a shim would be a shell
// process around Node, and `kill -9` of it would leave the server behind it alive.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const packages = [
  `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
  `node-bin-${process.platform}-${process.arch}`,
];
const candidates = packages.map((name) =>
  join(root, 'node_modules', name, 'bin', windows ? 'node.exe' : 'node'),
);
const target = join(root, 'node_modules', '.bin', windows ? 'node.exe' : 'node');

const found = candidates.find((path) => existsSync(path) && runs(path));
rmSync(target, { force: true });
if (found) {
  mkdirSync(dirname(target), { recursive: true });
  if (windows) copyFileSync(found, target);
  else symlinkSync(found, target);
} else {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18) || major === 23) {
    console.error(
      `No Node 24 package exists for ${process.platform}-${process.arch}, and this shell's Node is ${process.version}.\n` +
        'Expected Node 22.18 or newer (24 recommended): install it, put it first on PATH and run `npm run setup` again.',
    );
    process.exit(1);
  }
  console.log(
    `No Node package exists for ${process.platform}-${process.arch}; using this shell's ${process.version}.`,
  );
}

/** True when the binary starts here: an x64 package on a musl system is present but does not run. */
function runs(path) {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
