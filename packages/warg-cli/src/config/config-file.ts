import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { fileAccessError, isNotFound, writeFileAtomically } from '../files/atomic-file.ts';
import { type Config, emptyConfig, encodeConfig, parseConfig } from './config.ts';
import { platformDirectories } from './directories.ts';

/** The name of a configuration file that holds for a folder and what is below it. */
export const PROJECT_CONFIG_NAME = 'warg-config.json';

/** More than any configuration; a file of this size is something else. */
const LARGEST_CONFIG = 1024 * 1024;

/** A configuration and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that it was read from, or the one that it would be written to: absolute. */
  readonly path: string;
  /** How the file was chosen. */
  readonly origin: 'option' | 'project' | 'user';
  /** False where there is no such file, and the configuration is the empty one. */
  readonly exists: boolean;
}

/** The user's own configuration file: `warg/config.json` in the platform's configuration folder. */
export function userConfigPath(environment: Environment): string {
  return join(platformDirectories(environment).config, 'warg', 'config.json');
}

/**
 * Finds and reads the configuration: the file that `--config` names, else the nearest `warg-config.json` in the
 * working directory or above it, else the user's own file, else nothing.
 *
 * @param named the value of `--config`
 * @throws CliError `CONFIG_NOT_FOUND` if the named file is not there, `FOREIGN_CONFIG` if one that was found is another
 *   user's, `INVALID_CONFIG`, `FILE_ACCESS`
 */
export async function loadConfig(environment: Environment, named: string | undefined): Promise<LoadedConfig> {
  if (named !== undefined) {
    const path = resolve(environment.workingDirectory, named);
    const config = await readConfig(path);
    if (config === undefined) {
      throw new CliError('CONFIG_NOT_FOUND', `there is no configuration file ${path}`, {
        hint: `Create one with \`warg config --registry URL ${named}\`.`,
      });
    }
    return { config, path, origin: 'option', exists: true };
  }
  const project = await findProjectConfig(environment.workingDirectory);
  if (project !== undefined) {
    await requireOwner(project, environment.userId);
    const config = await readConfig(project);
    if (config !== undefined) return { config, path: project, origin: 'project', exists: true };
  }
  const path = userConfigPath(environment);
  const config = await readConfig(path);
  return { config: config ?? emptyConfig, path, origin: 'user', exists: config !== undefined };
}

/** Reads one configuration file; undefined where there is none. */
export async function readConfig(path: string): Promise<Config | undefined> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > LARGEST_CONFIG)
      throw new CliError('INVALID_CONFIG', `${path} is too large for a configuration file`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw fileAccessError('read', path, error);
  }
  return parseConfig(text, path);
}

/** Writes a configuration in one step; another `warg` sees the old file or the new one. */
export async function writeConfig(path: string, config: Config): Promise<void> {
  await writeFileAtomically(path, encodeConfig(config), { when: 'replace' });
}

/**
 * Refuses a file of another user. Whoever may write to a folder above the working directory, `/tmp` for one, could
 * otherwise choose the registry that we talk to, and whom we trust there.
 */
async function requireOwner(path: string, userId: number | undefined): Promise<void> {
  if (userId === undefined) return;
  for (const look of [lstat, stat]) {
    const owner = (await look(path).catch(() => undefined))?.uid;
    if (owner === undefined || owner === userId || owner === 0) continue;
    throw new CliError('FOREIGN_CONFIG', `the configuration file ${path} belongs to another user`, {
      hint: `It says which registry is used and whom to trust. If you trust it, name it: --config ${path}.`,
    });
  }
}

/** The nearest `warg-config.json`, from a folder upwards. */
export async function findProjectConfig(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, PROJECT_CONFIG_NAME);
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile()) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Where a path of the configuration file leads: relative ones start at the file's own, real folder. */
export async function resolveConfigPath(configPath: string, path: string): Promise<string> {
  return resolve(await realFolder(configPath), path);
}

/** How the configuration file should write a path: relative to its own folder, as the reference does. */
export async function relativeToConfig(configPath: string, path: string): Promise<string> {
  return relative(await realFolder(configPath), path) || '.';
}

/** The folder without symbolic links, because `..` after one leads elsewhere than the text says. */
async function realFolder(configPath: string): Promise<string> {
  const folder = dirname(configPath);
  return realpath(folder).catch(() => folder);
}
