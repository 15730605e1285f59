// All that must hold before a change is taken, from formatting to golden vectors: `npm test` runs it after the
// set-up. Each step prints a line; the last line counts them all. With names of steps as arguments only those
// are run: `node scripts/check.mjs imports types`.

import { checkChangesets } from './check/changesets.mjs';
import { checkDeployment } from './check/deployment.mjs';
import { checkImports } from './check/imports.mjs';
import { countsLine, exitCode, failed, sum, underCi } from './check/outcome.mjs';
import { checkPackedPackages } from './check/packed.mjs';
import { runNode, runPnpm } from './check/processes.mjs';
import { checkPrograms } from './check/programs.mjs';
import { checkReadmeExamples } from './check/readme-examples.mjs';
import { checkTypes } from './check/types.mjs';
import { checkUnitTests } from './check/unit-tests.mjs';
import { checkVectors } from './check/vector-runs.mjs';

/** @type {Record<string, { title: string, run: () => unknown }>} */
const steps = {
  lint: {
    title: 'format and lint',
    run: async () =>
      exitCode(
        await runNode([
          'node_modules/@biomejs/biome/bin/biome',
          'ci',
          '--colors=off',
          '--error-on-warnings',
          '.',
        ]),
      ),
  },
  layers: {
    title: 'layer boundaries',
    run: async () => exitCode(await runPnpm(['exec', 'turbo', 'boundaries', '--no-color'])),
  },
  imports: { title: 'imports that boundaries does not see', run: checkImports },
  types: { title: 'type check', run: checkTypes },
  generated: {
    title: 'generated protobuf code',
    run: async () => exitCode(await runNode(['scripts/generate-protobuf.mjs', '--check'])),
  },
  changesets: { title: 'changesets', run: checkChangesets },
  programs: { title: 'installed programs', run: checkPrograms },
  packed: { title: 'packed packages (publint, attw, files)', run: checkPackedPackages },
  deployment: { title: 'container image, compose file and systemd unit', run: checkDeployment },
  scripts: {
    title: "tests of the check's own parts",
    run: async () => exitCode(await runNode(['--test', 'scripts/check/*.test.mjs'])),
  },
  vectors: { title: 'golden vectors', run: checkVectors },
  examples: { title: 'README examples', run: checkReadmeExamples },
  tests: { title: 'unit tests', run: checkUnitTests },
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`no step is called ${unknown.join(', ')}: expected any of ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}

const outcomes = [];
for (const [name, step] of Object.entries(steps)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const started = performance.now();
  let outcome = await Promise.resolve()
    .then(step.run)
    .catch((error) => failed(error.stack));
  if (process.env.CI) outcome = underCi(outcome);
  outcomes.push(outcome);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${outcome.failed === 0 ? 'ok  ' : 'FAIL'} ${step.title}: ${countsLine(outcome)} (${seconds} s)`,
  );
  for (const skip of outcome.skipped) console.log(`  skipped: ${skip.what}: ${skip.why}`);
  for (const detail of outcome.details) console.log(detail.replace(/^/gm, '  '));
}
const total = sum(outcomes);
console.log(countsLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
