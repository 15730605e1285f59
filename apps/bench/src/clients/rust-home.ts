// Homes of the Rust client: it updates what it has seen before, so a cold one has the names alone.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { cleanEnvironment, must, runProgram } from '@warg-apps/programs';
import { homeVariables } from './costs.ts';

export interface RustHome {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
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
  const folder = mkdtempSync(join(work, 'rust-client-'));
  const env = cleanEnvironment({ ...Object.fromEntries(homeVariables(folder)), NO_COLOR: '1' });
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
    folder,
    env,
    packagesWith: (version) => {
      const files = readdirSync(logs).filter((file) => !file.startsWith('.'));
      return files.filter((file) => readFileSync(join(logs, file), 'utf8').includes(`"${version}"`)).length;
    },
  };
}

/** Copies of a home that have its configuration and its contents, and nothing that it knows of registries. */
export function homesWithContent(home: RustHome, work: string, count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    const folder = mkdtempSync(join(work, 'rust-copy-'));
    cpSync(home.folder, folder, { recursive: true });
    rmSync(join(folder, '.cache/warg/registries'), { recursive: true });
    return folder;
  });
}
