import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join, relative, sep } from 'node:path';
import { platformDirectories } from './config/directories.ts';
import type { Environment } from './environment.ts';

/**
 * Lets Node keep what it compiled of this program for the next run, which then starts sooner. Whatever is in the way, the
 * program runs without. `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
export function keepCompiledCode(environment: CompileCacheEnvironment): void {
  try {
    const folder = compileCacheFolder(environment);
    if (folder !== undefined) enableCompileCache(folder);
  } catch {
    // Nothing depends on it.
  }
}

type CompileCacheEnvironment = Pick<Environment, 'variables' | 'platform' | 'homeDirectory' | 'userId'>;

/**
 * The folder for compiled code; made where the folder for what can be fetched again has one of ours already.
 *
 * Code that lies there is run. So it and all on the way to it must be the user's own, and nobody else's to write: a shared
 * machine's folder for temporary files is no place for it, and neither is the home of somebody that `sudo` left set.
 *
 * @returns undefined where there is none that is safe, or no telling whether it is, as on Windows
 */
export function compileCacheFolder(environment: CompileCacheEnvironment): string | undefined {
  const { platform, userId, homeDirectory } = environment;
  if (platform === 'win32' || userId === undefined) return undefined;
  const { cache } = platformDirectories(environment);
  const ours = join(cache, 'warg');
  const isOwn = ({ uid, mode }: { readonly uid: number; readonly mode: number }, forbidden: number) =>
    uid === userId && (mode & forbidden) === 0;
  // A home and what lies in it may be links that the user made.
  for (const path of pathDown(homeDirectory, cache)) if (!isOwn(statSync(path), 0o022)) return undefined;
  const found = lstatSync(ours);
  if (!found.isDirectory() || !isOwn(found, 0o022)) return undefined;
  const folder = join(ours, 'compiled');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = lstatSync(folder);
  return made.isDirectory() && isOwn(made, 0o077) ? folder : undefined;
}

/** All folders from a home down to one in it. @throws Error if it is not in it: who may write above it is not known here */
function pathDown(home: string, folder: string): readonly string[] {
  const steps = relative(home, folder).split(sep);
  if (steps[0] === '..' || steps[0] === '') {
    throw new Error(`expected a folder in ${home}, found ${folder}`);
  }
  return [home, ...steps.map((_, count) => join(home, ...steps.slice(0, count + 1)))];
}
