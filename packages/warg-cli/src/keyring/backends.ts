import { join } from 'node:path';
import { platformDirectories } from '../config/directories.ts';
import type { Environment } from '../environment.ts';
import { CliError, UsageError } from '../errors.ts';
import { flatFileKeyring } from './flat-file.ts';
import type { Keyring } from './keyring.ts';

/** A backend that the configuration may name. */
export interface KeyringBackend {
  readonly name: string;
  readonly description: string;
}

const FLAT_FILE: KeyringBackend = {
  name: 'flat-file',
  description: 'unencrypted files that only you can read, in your configuration folder',
};
const MOCK: KeyringBackend = { name: 'mock', description: 'keeps nothing; for the reference’s own tests' };
const SECRET_SERVICE: KeyringBackend = { name: 'secret-service', description: 'GNOME Keyring or KWallet' };
const KEYUTILS: KeyringBackend = {
  name: 'linux-keyutils',
  description: 'the Linux kernel’s keys, lost at reboot',
};

/** The backends that a configuration may name on a platform; the reference knows the same. */
export function keyringBackends(platform: NodeJS.Platform): readonly KeyringBackend[] {
  switch (platform) {
    case 'linux':
      return [SECRET_SERVICE, FLAT_FILE, KEYUTILS, MOCK];
    case 'darwin':
      return [{ name: 'macos', description: 'the macOS Keychain' }, FLAT_FILE, MOCK];
    case 'win32':
      return [{ name: 'windows', description: 'the Windows Credential Manager' }, FLAT_FILE, MOCK];
    case 'freebsd':
    case 'openbsd':
      return [SECRET_SERVICE, FLAT_FILE, MOCK];
    default:
      return [FLAT_FILE, MOCK];
  }
}

/** @throws UsageError */
export function parseKeyringBackend(text: string, platform: NodeJS.Platform): string {
  const backends = keyringBackends(platform).map(({ name }) => name);
  if (backends.includes(text)) return text;
  throw new UsageError(`${JSON.stringify(text)} is not a keyring backend of this platform`, {
    hint: `There are: ${backends.join(', ')}.`,
  });
}

/** The folder of the flat-file keyring. */
export function keyringDirectory(environment: Environment): string {
  return join(platformDirectories(environment).config, 'warg', 'keyring');
}

/** A keyring to use, and whether it is another than the one that the configuration asks for. */
export interface ChosenKeyring {
  readonly keyring: Keyring;
  /** The configured backend that this version cannot use. */
  readonly unavailable: string | undefined;
}

/**
 * The keyring to use. This version has the flat-file one alone, and uses it where the configuration asks for no other.
 *
 * @param configured `keyringBackend` of the configuration or an option
 */
export function chooseKeyring(environment: Environment, configured: string | undefined): ChosenKeyring {
  return {
    keyring: flatFileKeyring(keyringDirectory(environment)),
    unavailable: configured === undefined || configured === FLAT_FILE.name ? undefined : configured,
  };
}

/**
 * The error for a secret that would have to be written elsewhere than the configuration says.
 *
 * @param noun what it is
 * @param variable the environment variable that may hold it instead
 */
export function backendUnavailable(backend: string, noun: string, variable: string): CliError {
  return new CliError(
    'KEYRING_BACKEND_UNAVAILABLE',
    `the keyring backend ${JSON.stringify(backend)} of the configuration is not available in this version`,
    {
      hint:
        `Keep the ${noun} in an unencrypted file that only you can read with --keyring-backend flat-file, make that ` +
        `the rule with \`warg config --keyring-backend flat-file\`, or give the ${noun} in ${variable}.`,
    },
  );
}
