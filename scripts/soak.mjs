// The long variants of tests that `npm test` runs short: a million mutated proofs, and a server killed five
// hundred times under load. Each takes its length from the environment, so that one may ask for other ones:
// `WARG_KILLS=50 npm run soak`.

import { countsLine, sum } from './check/outcome.mjs';
import { testMember } from './check/unit-tests.mjs';
import { members } from './check/workspace.mjs';

process.env.WARG_MUTATIONS ??= '1000000';
process.env.WARG_KILLS ??= '500';

const runs = [
  { name: '@warg/transparency', file: 'test/mutations.test.ts' },
  { name: '@warg/server', file: 'test/kills/kill.test.ts' },
];

const outcomes = [];
for (const { name, file } of runs) {
  const member = members().find(({ manifest }) => manifest.name === name);
  const started = performance.now();
  const outcome = await testMember(member, [file]);
  outcomes.push(outcome);
  console.log(
    `${name} ${file}: ${countsLine(outcome)} (${((performance.now() - started) / 1000).toFixed(0)} s)`,
  );
  for (const detail of outcome.details) console.log(detail.replace(/^/gm, '  '));
}
const total = sum(outcomes);
console.log(countsLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
