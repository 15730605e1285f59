// After the set-up `warg` and `warg-server` stand in node_modules/.bin and run, whatever Node the shell has.

import { delimiter, join } from 'node:path';
import { noFindings } from './outcome.mjs';
import { root, run } from './processes.mjs';

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkPrograms() {
  const bin = join(root, 'node_modules/.bin');
  // The PATH of somebody who never ran an install script: pnpm's and npm's own folders taken out.
  const PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((dir) => !dir.includes('node_modules'))
    .join(delimiter);
  const findings = [];
  for (const name of ['warg', 'warg-server']) {
    const { code, output } = await run(join(bin, name), ['--version'], { env: { ...process.env, PATH } });
    if (code !== 0 || !/\d+\.\d+\.\d+/.test(output)) {
      findings.push(`node_modules/.bin/${name} --version ended with ${code}\n${output.trim()}`);
    }
  }
  return noFindings(findings);
}
