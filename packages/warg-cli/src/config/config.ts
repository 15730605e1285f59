import { parseKeyId, parsePublicKey, WargError } from '@warg/crypto';
import { CliError } from '../errors.ts';

/**
 * What a configuration file says: the members of the reference's `config.json`, and two of our own. Paths are as the
 * file has them, relative to the file's folder.
 */
export interface Config {
  /** The home registry: a URL or a domain. */
  readonly homeUrl?: string;
  /** The folder with a subfolder of verified state for each registry. */
  readonly registriesDir?: string;
  /** The folder of downloaded and to be published content. */
  readonly contentDir?: string;
  /** The file that says which registry has which namespace. */
  readonly namespaceMapPath?: string;
  /** What the keyring has signing keys for: `default`, or registries as they were written. */
  readonly keys: readonly string[];
  /** Whether the keyring has a token for the registry. */
  readonly keyringAuth: boolean;
  readonly ignoreFederationHints: boolean;
  readonly disableAutoAcceptFederationHints: boolean;
  readonly disableAutoPackageInit: boolean;
  /** Never ask, even on a terminal. */
  readonly disableInteractive: boolean;
  readonly keyringBackend?: string;
  /**
   * Whom to trust, for each registry: the operator's public key, or the id of the operator log's first record.
   * Not known to the reference, which drops it when it rewrites the file.
   */
  readonly operatorKeys: Readonly<Record<string, string>>;
  /** The greatest age that a checkpoint may have, in seconds. Not known to the reference. */
  readonly maxCheckpointAge?: number;
  /** Members that this version does not know; they are kept when the file is written again. */
  readonly unknown: Readonly<Record<string, unknown>>;
}

/** A configuration that says nothing. */
export const emptyConfig: Config = {
  keys: [],
  keyringAuth: false,
  ignoreFederationHints: false,
  disableAutoAcceptFederationHints: false,
  disableAutoPackageInit: false,
  disableInteractive: false,
  operatorKeys: {},
  unknown: {},
};

const TEXT_MEMBERS = [
  'homeUrl',
  'registriesDir',
  'contentDir',
  'namespaceMapPath',
  'keyringBackend',
] as const;
const FLAG_MEMBERS = [
  'keyringAuth',
  'ignoreFederationHints',
  'disableAutoAcceptFederationHints',
  'disableAutoPackageInit',
  'disableInteractive',
] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...TEXT_MEMBERS,
  ...FLAG_MEMBERS,
  'keys',
  'operatorKeys',
  'maxCheckpointAge',
]);

/**
 * Reads a configuration file's text.
 *
 * @param path where it was read, for the message
 * @throws CliError `INVALID_CONFIG`
 */
export function parseConfig(text: string, path: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(path, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isObject(value)) throw invalid(path, 'expected an object');
  const texts: { -readonly [K in (typeof TEXT_MEMBERS)[number]]?: string } = {};
  for (const name of TEXT_MEMBERS) {
    const member = value[name];
    if (member === undefined || member === null) continue;
    if (typeof member !== 'string' || member === '') throw invalid(path, `${name}: expected a text`);
    texts[name] = member;
  }
  const flags: { -readonly [K in (typeof FLAG_MEMBERS)[number]]?: boolean } = {};
  for (const name of FLAG_MEMBERS) {
    const member = value[name];
    if (member === undefined) continue;
    if (typeof member !== 'boolean') throw invalid(path, `${name}: expected true or false`);
    flags[name] = member;
  }
  const age = value['maxCheckpointAge'] ?? undefined;
  if (age !== undefined && !(typeof age === 'number' && Number.isSafeInteger(age) && age > 0)) {
    throw invalid(path, 'maxCheckpointAge: expected a whole number of seconds above 0');
  }
  return {
    ...emptyConfig,
    ...texts,
    ...flags,
    keys: parseKeys(value['keys'], path),
    operatorKeys: parseOperatorKeys(value['operatorKeys'], path),
    ...(age === undefined ? {} : { maxCheckpointAge: age as number }),
    unknown: Object.fromEntries(Object.entries(value).filter(([name]) => !KNOWN.has(name))),
  };
}

/** The text of a configuration file: the reference's members in its order, ours, then what was not understood. */
export function encodeConfig(config: Config): string {
  const { keys, operatorKeys, unknown } = config;
  const members: Record<string, unknown> = {
    homeUrl: config.homeUrl,
    registriesDir: config.registriesDir,
    contentDir: config.contentDir,
    namespaceMapPath: config.namespaceMapPath,
    keys: keys.length > 0 ? keys : undefined,
    keyringAuth: config.keyringAuth,
    ignoreFederationHints: config.ignoreFederationHints,
    disableAutoAcceptFederationHints: config.disableAutoAcceptFederationHints,
    disableAutoPackageInit: config.disableAutoPackageInit,
    disableInteractive: config.disableInteractive,
    keyringBackend: config.keyringBackend,
    operatorKeys: Object.keys(operatorKeys).length > 0 ? operatorKeys : undefined,
    maxCheckpointAge: config.maxCheckpointAge,
    ...unknown,
  };
  return `${JSON.stringify(members, undefined, 2)}\n`;
}

/**
 * Reads a pin: the operator's public key, or the id of the operator log's first record.
 *
 * @throws WargError `INVALID_PUBLIC_KEY` or `INVALID_KEY_ID`
 */
export function parseOperatorPin(text: string): string {
  return text.startsWith('sha256:') ? parseKeyId(text) : parsePublicKey(text);
}

function parseKeys(value: unknown, path: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((key) => typeof key === 'string')) {
    throw invalid(path, 'keys: expected a list of texts');
  }
  return [...new Set(value)];
}

function parseOperatorKeys(value: unknown, path: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isObject(value)) throw invalid(path, 'operatorKeys: expected an object of registries and keys');
  for (const [registry, key] of Object.entries(value)) {
    try {
      if (typeof key !== 'string') throw new WargError('INVALID_PUBLIC_KEY', 'expected a text');
      parseOperatorPin(key);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw invalid(path, `operatorKeys, ${JSON.stringify(registry)}: ${reason}`);
    }
  }
  return value as Readonly<Record<string, string>>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(path: string, reason: string): CliError {
  return new CliError('INVALID_CONFIG', `cannot use the configuration file ${path}: ${reason}`, {
    hint: 'Correct the file, or choose another one with --config.',
  });
}
