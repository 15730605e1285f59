// Schemathesis, which makes requests from an OpenAPI document and holds the answers against it: from PyPI, as it is, in a
// virtual environment for each version, kept in a cache of this workspace.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '@warg-apps/programs';

const version = '4.32.5';
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/warg-interop', import.meta.url));

/** Says why the Python program cannot be had here, in words for the person who has to do something about it. */
export class NoPython extends Error {}

/**
 * The path of `schemathesis`, installed if it is not there at this version (half a minute, once).
 *
 * @throws NoPython when python3 is missing or cannot install it
 */
export async function schemathesis(): Promise<string> {
  const environment = join(cache, `schemathesis-${version}`);
  const bin = join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');
  const program = join(bin, 'schemathesis');
  if (existsSync(program) && (await runProgram(program, ['--version'])).code === 0) return program;
  // One that was broken off is begun anew.
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  console.log(`installing schemathesis ${version} with python3 (half a minute, once)`);
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', environment]],
    [
      join(bin, 'python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`],
    ],
  ];
  for (const [command, args] of steps) {
    const { code, stderr } = await runProgram(command, args, { timeout: 5 * 60_000 });
    if (code === 0) continue;
    rmSync(environment, { recursive: true, force: true });
    throw new NoPython(
      `python3 with venv is needed to install schemathesis ${version}, and ${command} ended with ${code}\n${stderr.slice(-4000)}`,
    );
  }
  return program;
}
