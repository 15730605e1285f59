// The golden vectors, once with what is fast and once with what is portable: Node's cryptography or noble's, four branches
// hashed at once or one. They must agree in every case.

import { join } from 'node:path';
import { failed, sum } from './outcome.mjs';
import { root, runNode } from './processes.mjs';
import { readJson } from './workspace.mjs';

const portable = 'warg-portable';
/** What is exchanged under that condition. */
const seams = { 'warg-crypto': '#backend', 'warg-transparency': '#lanes' };

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkVectors() {
  for (const [name, seam] of Object.entries(seams)) {
    const { imports } = readJson(join(root, `packages/${name}/package.json`));
    if (Object.hasOwn(imports[seam], portable)) continue;
    return failed(
      `${name} has no condition ${portable} for ${seam}: both runs would test the same implementation`,
    );
  }
  return sum([await runVectors('node:crypto', []), await runVectors('noble', [`--conditions=${portable}`])]);
}

async function runVectors(backend, nodeOptions) {
  const { code, output, stdout } = await runNode(
    [...nodeOptions, 'apps/conformance/vectors.mjs', 'vectors'],
    {
      env: { ...process.env, INIT_CWD: root },
    },
  );
  const line = stdout.match(/^vectors: (\d+) passed, (\d+) failed$/m);
  if (!line) return failed(`vectors with ${backend} ended with ${code} and no counts\n${output.trim()}`);
  const counts = { passed: Number(line[1]), failed: Number(line[2]), skipped: [], details: [] };
  console.log(`  ${backend}: ${counts.passed} passed, ${counts.failed} failed`);
  if (code === 0 && counts.failed === 0) return counts;
  return {
    ...counts,
    failed: Math.max(counts.failed, 1),
    details: [`vectors with ${backend}\n${output.trim()}`],
  };
}
