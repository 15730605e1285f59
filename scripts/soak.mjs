// The long variants of tests that `npm test` runs short: a million mutated proofs, a server killed five hundred times under
// load, with its fast paths and without, ten minutes of requests made from openapi.json, and stores of a million packages.
// Each takes its length from the environment, so that one may ask for other ones: `WARG_KILLS=50 npm run soak`.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsLine, failed, passed, sum } from './check/outcome.mjs';
import { testMember } from './check/unit-tests.mjs';
import { members } from './check/workspace.mjs';

process.env.WARG_MUTATIONS ??= '1000000';
process.env.WARG_KILLS ??= '500';
process.env.WARG_LARGE_STORE ??= '1000000';
process.env.WARG_SCHEMATHESIS_SECONDS ??= '600';
const work = mkdtempSync(join(tmpdir(), 'warg-soak-'));
process.env.WARG_FIGURES ??= join(work, 'figures');

const runs = [
  { name: '@warg/transparency', file: 'test/mutations.test.ts' },
  { name: '@warg/server', file: 'test/kills/kill.test.ts' },
  {
    name: '@warg/server',
    file: 'test/kills/kill.test.ts',
    // Signatures and hashes in plain JavaScript, and every request by the way that is common to all hosts.
    env: { NODE_OPTIONS: '--conditions=warg-portable', WARG_WITHOUT_FAST_PATH: 'true' },
  },
  { name: '@warg/server', file: 'test/large-store/large-store.test.ts' },
];

const outcomes = [];
for (const { name, file, env = {} } of runs) {
  const member = members().find(({ manifest }) => manifest.name === name);
  const started = performance.now();
  const before = { ...process.env };
  Object.assign(process.env, env);
  const outcome = await testMember(member, [file]);
  for (const variable of Object.keys(env)) {
    if (before[variable] === undefined) delete process.env[variable];
    else process.env[variable] = before[variable];
  }
  outcomes.push(outcome);
  console.log(
    `${name} ${file}${Object.keys(env).length > 0 ? ' without fast paths' : ''}: ${countsLine(outcome)} (${((performance.now() - started) / 1000).toFixed(0)} s)`,
  );
  for (const detail of outcome.details) console.log(detail.replace(/^/gm, '  '));
}
const requests = spawnSync(process.execPath, ['apps/interop/src/openapi/main.ts'], { encoding: 'utf8' });
console.log(`requests made from openapi.json:\n${requests.stdout}${requests.stderr}`.trimEnd());
const count = Number(/^(\d+) passed, 0 failed$/m.exec(requests.stdout)?.[1] ?? 0);
outcomes.push(requests.status === 0 && count > 0 ? passed(count) : failed('requests made from openapi.json'));
const figures = process.env.WARG_FIGURES;
if (existsSync(figures)) console.log(readFileSync(figures, 'utf8').trimEnd());
rmSync(work, { recursive: true });
const total = sum(outcomes);
console.log(countsLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
