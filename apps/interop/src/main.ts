// `npm run interop`: this implementation against the Rust one, with the real programs of both.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bothWays } from './both-ways.ts';
import { fail, finish, skip } from './checks.ts';
import { compareServers } from './differential/run.ts';
import { NoRust, rustPrograms } from './programs/cargo.ts';

const work = mkdtempSync(join(tmpdir(), 'warg-interop-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
try {
  const rust = await rustPrograms();
  await bothWays(rust, work);
  await compareServers(rust, work);
} catch (error) {
  if (error instanceof NoRust && process.env['CI']) fail('the Rust programs', error.message);
  else if (error instanceof NoRust) skip('interoperability', error.message);
  else fail('the run', error instanceof Error ? (error.stack ?? error.message) : String(error));
}
finish();
