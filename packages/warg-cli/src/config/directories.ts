import { posix, win32 } from 'node:path';
import type { Environment } from '../environment.ts';

/** The folders that an environment's platform gives to programs. */
export interface PlatformDirectories {
  /** Where configuration lies, without `warg`. */
  readonly config: string;
  /** Where what can be fetched again lies, without `warg`. */
  readonly cache: string;
}

/**
 * The platform's folders for configuration and caches, by the rules of Rust's `dirs` crate, so that `warg` in either
 * language finds the same files: the XDG variables on Linux (absolute ones only, as the XDG specification demands),
 * `~/Library` on macOS, the roaming and local application data on Windows.
 */
export function platformDirectories(
  environment: Pick<Environment, 'variables' | 'platform' | 'homeDirectory'>,
): PlatformDirectories {
  const { variables, platform, homeDirectory: home } = environment;
  if (platform === 'win32') {
    return {
      config: variables['APPDATA'] || win32.join(home, 'AppData', 'Roaming'),
      cache: variables['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'),
    };
  }
  if (platform === 'darwin') {
    return {
      config: posix.join(home, 'Library', 'Application Support'),
      cache: posix.join(home, 'Library', 'Caches'),
    };
  }
  return {
    config: absolute(variables['XDG_CONFIG_HOME']) ?? posix.join(home, '.config'),
    cache: absolute(variables['XDG_CACHE_HOME']) ?? posix.join(home, '.cache'),
  };
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && posix.isAbsolute(path) ? path : undefined;
}
