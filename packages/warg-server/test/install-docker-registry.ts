import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { TestProject } from 'vitest/node';

/** Where Debian puts docker-registry, the OCI registry that the tests run against. */
export const dockerRegistry = '/usr/bin/docker-registry';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why docker-registry cannot be had; empty if it can. */
    noDockerRegistry: string;
  }
}

/** Runs once before all tests. Where root may install packages, docker-registry is installed if it is missing. */
export default function setup(project: TestProject): void {
  project.provide('noDockerRegistry', install() ?? '');
}

function install(): string | undefined {
  if (isProgram(dockerRegistry)) return undefined;
  if (process.getuid?.() !== 0 || !isProgram('/usr/bin/apt-get')) {
    return 'docker-registry is not installed, and only root can install it, with apt-get';
  }
  for (let attempt = 1; ; attempt++) {
    // The lists of a fresh machine are empty.
    const output = `${aptGet('update')}${aptGet('install', '-y', '--no-install-recommends', 'docker-registry')}`;
    if (isProgram(dockerRegistry)) return undefined;
    const isBusy = /could not get lock|unable to (acquire|lock)/i.test(output);
    if (!isBusy || attempt === 20) return `apt-get cannot install docker-registry: ${output.slice(-500)}`;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  }
}

function aptGet(...args: string[]): string {
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120'];
  // A run level in which nothing is started: the package is a service, and the tests want the program alone.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', LC_ALL: 'C' };
  const run = spawnSync('/usr/bin/apt-get', [...options, ...args], {
    env,
    timeout: 300_000,
    encoding: 'utf8',
  });
  return `${run.stdout}${run.stderr}${run.error?.message ?? ''}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
