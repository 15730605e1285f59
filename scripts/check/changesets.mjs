// A package that changed since the main line has a changeset that says so.

import { exitCode, skipped } from './outcome.mjs';
import { run, runNode } from './processes.mjs';

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkChangesets() {
  const since = await firstKnown(['main', 'origin/main', 'HEAD']);
  if (!since) {
    // Sources without history (an unpacked archive) have nothing that they could have changed from.
    const why = 'there is no git history to compare with';
    return skipped({ what: 'changesets', why, allowedInCi: true });
  }
  return exitCode(await runNode(['node_modules/@changesets/cli/bin.js', 'status', `--since=${since}`]));
}

async function firstKnown(names) {
  for (const name of names) {
    const { code } = await run('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
    if (code === 0) return name;
  }
  return undefined;
}
