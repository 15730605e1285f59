// Homes of the clients. The Rust one updates what it has seen before, so a cold one has the names alone.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { cleanEnvironment, must, ourWarg, runProgram } from '@warg-apps/programs';
import { homeVariables } from './costs.ts';

/** The home of a client's user. */
export interface Home {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface RustHome extends Home {
  /** How many packages it knows with this version. */
  packagesWith(version: string): number;
}

/** A home for one registry that knows the names of packages, and nothing of what is in them. */
export async function rustHome(
  warg: string,
  work: string,
  url: string,
  names: readonly string[],
): Promise<RustHome> {
  const home = newHome(work);
  const { folder, env } = home;
  await must(
    runProgram(warg, ['config', '--registry', url, '--keyring-backend', 'flat-file'], { env, cwd: folder }),
  );
  const registry = new URL(url).host.replace(':', '-');
  const logs = join(folder, '.cache/warg/registries', registry, 'package-logs/sha256');
  mkdirSync(logs, { recursive: true });
  for (const name of names) {
    const file = packageLogId(parsePackageName(name)).slice('sha256:'.length);
    writeFileSync(join(logs, file), JSON.stringify({ name, registry, state: {} }));
  }
  return {
    ...home,
    packagesWith: (version) => {
      const files = readdirSync(logs).filter((file) => !file.startsWith('.'));
      return files.filter((file) => readFileSync(join(logs, file), 'utf8').includes(`"${version}"`)).length;
    },
  };
}

/** A home of ours for one registry, with one package downloaded. */
export async function ourHome(work: string, url: string, name: string): Promise<Home> {
  const home = newHome(work);
  const { folder, env } = home;
  const run = (...args: string[]) =>
    must(runProgram(process.execPath, [ourWarg, ...args], { env, cwd: folder }));
  await run('config', '--registry', url);
  await run('download', name);
  // The first run made the folder where Node keeps what it compiled; this one fills it, as any other would.
  await run('download', name);
  return home;
}

function newHome(work: string): Home {
  const folder = mkdtempSync(join(work, 'home-'));
  return { folder, env: cleanEnvironment({ ...Object.fromEntries(homeVariables(folder)), NO_COLOR: '1' }) };
}

/** Copies of a home that have its configuration and its contents, and nothing that it knows of registries. */
export function homesWithContent(home: Home, work: string, count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    const folder = mkdtempSync(join(work, 'home-copy-'));
    cpSync(home.folder, folder, { recursive: true });
    rmSync(join(folder, '.cache/warg/registries'), { recursive: true });
    return folder;
  });
}
