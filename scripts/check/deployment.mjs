// What `deploy/` says is true: the image's own command lays out a program that runs, and every option and variable that
// the files name is one that the program has.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noFindings, passed, sum } from './outcome.mjs';
import { root, run, runNode } from './processes.mjs';

const dir = join(root, 'deploy');

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkDeployment() {
  return sum([await checkNames(), await checkImage(), await checkUnit()]);
}

async function checkNames() {
  const program = join(root, 'packages/warg-server/bin/warg-server.js');
  const { stdout: help } = await runNode([program, '--help']);
  const known = new Set(help.match(/\bWARG_[A-Z_]+\b|--[a-z][a-z-]+/g));
  const findings = [];
  for (const file of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    for (const name of namesIn(await readFile(path, 'utf8'))) {
      if (!known.has(name))
        findings.push(`${path.slice(root.length + 1)} names ${name}, which warg-server does not have`);
    }
  }
  return noFindings(findings);
}

/** The program's variables, and the options in the `command` of a compose file. */
function namesIn(text) {
  const commands = [...text.matchAll(/^\s*command: (\[.*\])$/gm)].map(([, list]) => list).join('\n');
  return new Set([...(text.match(/\bWARG_[A-Z_]+\b/g) ?? []), ...(commands.match(/--[a-z][a-z-]+/g) ?? [])]);
}

/** Runs the step of the Dockerfile that lays out the program, without the container around it. */
async function checkImage() {
  const text = await readFile(join(dir, 'Dockerfile'), 'utf8');
  const command = /^RUN (npx .* deploy) \/app$/m.exec(text)?.[1];
  if (command === undefined) return noFindings(['deploy/Dockerfile has no `RUN npx … deploy /app`']);
  const temporary = await mkdtemp(join(tmpdir(), 'warg-image-'));
  try {
    const [npx, ...args] = command.split(' ');
    const laid = await run(npx, [...args, join(temporary, 'app')]);
    if (laid.code !== 0) return noFindings([`${command} ended with ${laid.code}\n${laid.output}`]);
    const started = await runNode([join(temporary, 'app/bin/warg-server.js'), '--version']);
    const isRight = started.code === 0 && /^\d+\.\d+\.\d+/.test(started.stdout);
    return noFindings(isRight ? [] : [`what the image holds does not start\n${started.output}`]);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** systemd reads the unit, where there is one. It does not know the program's place, which is whoever installs it to say. */
async function checkUnit() {
  const { code, output } = await run('systemd-analyze', [
    'verify',
    '--man=no',
    join(dir, 'warg-server.service'),
  ]);
  if (code === -1) return passed(0);
  const findings = output.split('\n').filter((line) => line !== '' && !line.includes('is not executable'));
  return noFindings(findings);
}
