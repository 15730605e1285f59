import { encodePrivateKey, type PrivateKey, parsePrivateKey, WargError } from '@warg/crypto';
import { isSameRegistry, parseRegistryUrl, registryLabel } from '../config/registry-url.ts';
import { CliError } from '../errors.ts';
import { DEFAULT_USER, type Keyring, signingKeyEntry } from './keyring.ts';

/** A signing key, and where it was found. */
export interface FoundKey {
  readonly key: PrivateKey;
  readonly source: 'environment' | 'keyring';
  /** The variable, or the path or name of the keyring's entry. */
  readonly place: string;
  /** Whose entry of the keyring it is: `default` or a registry. */
  readonly user: string | undefined;
}

/** An entry of the keyring that holds something under a user's name. */
export interface StoredKey {
  readonly user: string;
  readonly place: string;
  /** The key; undefined where the entry holds something else. */
  readonly key: PrivateKey | undefined;
}

/**
 * Finds the entry that is a registry's own: under the registry as it is written in `keys` or by the user, under its
 * URL, or under its label, which is where the reference looks for the home registry's.
 *
 * @param registry as the user or the configuration writes it
 * @param keys `keys` of the configuration
 */
export async function findRegistryKey(
  keyring: Keyring,
  registry: string,
  keys: readonly string[],
): Promise<StoredKey | undefined> {
  const spelled = keys.filter((user) => user !== DEFAULT_USER && isSameRegistry(user, registry));
  return firstStored(keyring, [...spelled, ...spellings(registry), registryLabel(registry)]);
}

/** Finds the entry for registries that have none of their own. */
export async function findDefaultKey(keyring: Keyring): Promise<StoredKey | undefined> {
  return firstStored(keyring, [DEFAULT_USER]);
}

/**
 * The key that signs for a registry: the registry's own, else the default one.
 *
 * @param registry undefined where none is named
 * @throws CliError `INVALID_KEY` if what is found is not a key
 */
export async function findSigningKey(
  keyring: Keyring,
  registry: string | undefined,
  keys: readonly string[],
): Promise<FoundKey | undefined> {
  const own = registry === undefined ? undefined : await findRegistryKey(keyring, registry, keys);
  const stored = own ?? (await findDefaultKey(keyring));
  if (stored === undefined) return undefined;
  if (stored.key === undefined) throw notAKey(stored.place, '`warg key new --force` puts one there.');
  return { key: stored.key, source: 'keyring', place: stored.place, user: stored.user };
}

/** Stores a key that must not be there yet. @returns false if there was one */
export async function createKey(keyring: Keyring, user: string, key: PrivateKey): Promise<boolean> {
  return keyring.create(signingKeyEntry(user), encodePrivateKey(key));
}

/** Stores a key in place of what was there. */
export async function replaceKey(keyring: Keyring, user: string, key: PrivateKey): Promise<void> {
  await keyring.replace(signingKeyEntry(user), encodePrivateKey(key));
}

/**
 * Reads a private key's text; a line end after it is allowed, as files and pipes have one.
 *
 * @param place where the text is from, for the message
 * @throws CliError `INVALID_KEY`
 */
export function parseSecretKey(text: string, place: string): PrivateKey {
  const key = tryParse(text);
  if (key === undefined) throw notAKey(place);
  return key;
}

function tryParse(text: string): PrivateKey | undefined {
  try {
    return parsePrivateKey(text.trim());
  } catch (error) {
    if (error instanceof WargError) return undefined;
    throw error;
  }
}

// The text itself stays out of the message: it may be a key with one letter too many.
function notAKey(place: string, more = ''): CliError {
  return new CliError('INVALID_KEY', `${place} holds no signing key`, {
    hint: `A signing key is written ecdsa-p256: and 44 letters of base64. ${more}`.trimEnd(),
  });
}

async function firstStored(keyring: Keyring, users: readonly string[]): Promise<StoredKey | undefined> {
  for (const user of new Set(users)) {
    const entry = signingKeyEntry(user);
    const secret = await keyring.get(entry);
    if (secret !== undefined) return { user, place: keyring.describe(entry), key: tryParse(secret) };
  }
  return undefined;
}

function spellings(registry: string): readonly string[] {
  const url = parseRegistryUrl(registry);
  return [registry, url, url.replace(/\/$/, '')];
}
