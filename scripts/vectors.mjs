// `npm run vectors -- DIR [--file NAME]... [--verbose]`: sets up, then runs the golden vectors of any directory.
// A script of its own because npm and npx each set INIT_CWD anew, and DIR is relative to where the user stands.
// It is started by whatever Node the shell has.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const env = { ...process.env, INIT_CWD: process.env.INIT_CWD ?? process.cwd() };

const setup = spawnSync('npm', ['run', '--silent', 'setup'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
  shell: windows,
});
if (setup.status !== 0) process.exit(setup.status ?? 1);

const installed = join(root, 'node_modules/.bin', windows ? 'node.exe' : 'node');
const node = existsSync(installed) ? installed : process.execPath;
const vectors = join(root, 'apps/conformance/vectors.mjs');
const { status } = spawnSync(node, [vectors, ...process.argv.slice(2)], { cwd: root, env, stdio: 'inherit' });
process.exit(status ?? 1);
