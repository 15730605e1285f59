// The type check of every package and app, tests included.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { noFindings } from './outcome.mjs';
import { mapLimited, root, runNode } from './processes.mjs';
import { filesUnder, members } from './workspace.mjs';

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkTypes() {
  const findings = await mapLimited(members(), 2, async ({ path, dir }) => {
    if (!existsSync(join(path, 'tsconfig.json'))) {
      const sources = filesUnder(path, (name) => name.endsWith('.ts'));
      return sources.length === 0 ? [] : [`${dir} has TypeScript (${sources[0]}) and no tsconfig.json`];
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { code, output } = await runNode([tsc, '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false'], {
      cwd: path,
    });
    return code === 0 ? [] : [`${dir}\n${output.trim()}`];
  });
  return noFindings(findings.flat());
}
