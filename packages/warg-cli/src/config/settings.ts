import { join, resolve } from 'node:path';
import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { type LoadedConfig, resolveConfigPath } from './config-file.ts';
import { platformDirectories } from './directories.ts';
import { isSameRegistry, parseRegistryUrl } from './registry-url.ts';

/** What holds once options, configuration and defaults are put together. Paths are absolute. */
export interface Settings {
  /** The registry of `--registry` or the configuration, in one spelling; undefined where none is named. */
  readonly registry: string | undefined;
  /** The registry as it was written. */
  readonly registryAsWritten: string | undefined;
  readonly registriesDir: string;
  readonly contentDir: string;
  readonly namespaceMapPath: string;
  /** Whom to trust as the registry's operator, where the user said so. */
  readonly operatorKey: string | undefined;
  /** In seconds. */
  readonly maxCheckpointAge: number | undefined;
}

/** The options that override the configuration. */
export interface SettingOptions {
  readonly registry?: string | undefined;
  readonly operatorKey?: string | undefined;
  readonly maxCheckpointAge?: number | undefined;
}

/**
 * Puts options, configuration and the platform's defaults together.
 *
 * @throws UsageError if the registry cannot be read
 */
export async function resolveSettings(
  environment: Environment,
  { config, path }: LoadedConfig,
  options: SettingOptions = {},
): Promise<Settings> {
  const cache = join(platformDirectories(environment).cache, 'warg');
  const place = async (configured: string | undefined, name: string): Promise<string> =>
    configured === undefined ? join(cache, name) : resolveConfigPath(path, configured);
  const asWritten = options.registry ?? config.homeUrl;
  const registry = asWritten === undefined ? undefined : parseRegistryUrl(asWritten);
  return {
    registry,
    registryAsWritten: asWritten,
    registriesDir: await place(config.registriesDir, 'registries'),
    contentDir: await place(config.contentDir, 'content'),
    namespaceMapPath: await place(config.namespaceMapPath, 'namespaces'),
    operatorKey: options.operatorKey ?? operatorKeyFor(registry, config.operatorKeys),
    maxCheckpointAge: options.maxCheckpointAge ?? config.maxCheckpointAge,
  };
}

/**
 * The registry to talk to.
 *
 * @throws CliError `NO_REGISTRY`
 */
export function requireRegistry(settings: Settings): string {
  if (settings.registry !== undefined) return settings.registry;
  throw new CliError('NO_REGISTRY', 'no registry is named', {
    hint: 'Name one with --registry URL, or make it the home registry with `warg config --registry URL`.',
  });
}

/** A path that the user gave on the command line: absolute. */
export function resolveArgumentPath(environment: Environment, path: string): string {
  return resolve(environment.workingDirectory, path);
}

function operatorKeyFor(
  registry: string | undefined,
  keys: Readonly<Record<string, string>>,
): string | undefined {
  if (registry === undefined) return undefined;
  return Object.entries(keys).find(([name]) => isSameRegistry(name, registry))?.[1];
}
