// Builds what changed since the last time. Turborepo tells its makers how it is used unless it is told not to, and
// npm has no way of setting a variable that every system's shell understands; hence a script.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
const { status } = spawnSync(process.execPath, [turbo, 'run', 'build', '--output-logs=errors-only'], {
  env: { TURBO_TELEMETRY_DISABLED: '1', ...process.env },
  stdio: 'inherit',
});
process.exit(status ?? 1);
