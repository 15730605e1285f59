/**
 * Where secrets are kept: texts under a service and a user, as operating systems' keyrings name them. The flat-file
 * keyring is one; the operating system's own can be another behind the same four functions.
 */
export interface Keyring {
  /** The backend's name, as `keyringBackend` in the configuration has it. */
  readonly backend: string;
  /** The secret, or undefined where there is none. */
  get(entry: KeyringEntry): Promise<string | undefined>;
  /**
   * Stores a secret that must not be there yet.
   *
   * @returns false if there was one, which is then unchanged
   */
  create(entry: KeyringEntry, secret: string): Promise<boolean>;
  /** Stores a secret in place of what was there. */
  replace(entry: KeyringEntry, secret: string): Promise<void>;
  /** @returns false if there was none */
  delete(entry: KeyringEntry): Promise<boolean>;
  /** Where a person would look for the secret: a path, or the name of a keyring. */
  describe(entry: KeyringEntry): string;
}

/** The name of a secret. */
export interface KeyringEntry {
  readonly service: string;
  readonly user: string;
}

/** The user of the signing key for every registry that has none of its own. */
export const DEFAULT_USER = 'default';

/** The entry of a signing key. @param user `default`, or a registry */
export function signingKeyEntry(user: string): KeyringEntry {
  return { service: 'warg-signing-key', user };
}

/** The entry of a registry's bearer token. @param label the registry's label */
export function authTokenEntry(label: string): KeyringEntry {
  return { service: `warg-auth-token:${label}`, user: label };
}
