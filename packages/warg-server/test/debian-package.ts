import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const APT_GET = '/usr/bin/apt-get';

/**
 * Installs a Debian package that tests need, where root may do so.
 *
 * @returns why it cannot be had; undefined if `isThere` says that it is
 */
export function installDebianPackage(name: string, isThere: () => boolean): string | undefined {
  if (isThere()) return undefined;
  if (process.getuid?.() !== 0 || !existsSync(APT_GET)) {
    return `${name} is not installed, and only root can install it, with apt-get`;
  }
  for (let attempt = 1; ; attempt++) {
    // The lists of a fresh machine are empty.
    const output = `${aptGet('update')}${aptGet('install', '-y', '--no-install-recommends', name)}`;
    if (isThere()) return undefined;
    const isBusy = /could not get lock|unable to (acquire|lock)/i.test(output);
    if (!isBusy || attempt === 20) return `apt-get cannot install ${name}: ${output.slice(-500)}`;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  }
}

function aptGet(...args: string[]): string {
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120'];
  // A run level in which nothing is started: the package is a service, and the tests want the program alone.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', LC_ALL: 'C' };
  const run = spawnSync(APT_GET, [...options, ...args], { env, timeout: 300_000, encoding: 'utf8' });
  return `${run.stdout}${run.stderr}${run.error?.message ?? ''}`;
}
