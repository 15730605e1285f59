import type { ClientStorage, Signer, WargClient } from '@warg/client';
import { type LoadedConfig, loadConfig } from '../config/config-file.ts';
import { registryLabel } from '../config/registry-url.ts';
import { requireRegistry, resolveSettings, type Settings } from '../config/settings.ts';
import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { environmentTokenVariable, findEnvironmentToken } from '../keyring/auth-tokens.ts';
import { chooseKeyring } from '../keyring/backends.ts';
import { findEnvironmentKey } from '../keyring/environment-key.ts';
import { authTokenEntry } from '../keyring/keyring.ts';
import { type FoundKey, findSigningKey } from '../keyring/signing-keys.ts';
import type { Output } from '../output/output.ts';
import { type Progress, showProgress } from '../terminal/progress.ts';
import { createPrompts, type Prompts } from '../terminal/prompts.ts';
import type { CommonOptions } from './options.ts';

/** What a command works with. */
export interface Context {
  readonly environment: Environment;
  readonly options: CommonOptions;
  readonly output: Output;
  readonly prompts: Prompts;
  readonly loaded: LoadedConfig;
  readonly settings: Settings;
}

/** Reads the configuration and puts together what every command needs. */
export async function createContext(
  environment: Environment,
  options: CommonOptions,
  output: Output,
): Promise<Context> {
  const loaded = await loadConfig(environment, options.config);
  const settings = await resolveSettings(environment, loaded, options);
  const prompts = createPrompts(environment, !options.json && !loaded.config.disableInteractive);
  return { environment, options, output, prompts, loaded, settings };
}

/** What a command does with an open client. */
export type ClientWork<T> = (client: WargClient, progress: Progress) => Promise<T>;

/**
 * Opens a client of the registry that is named, lets `work` use it, and closes it again whatever happens.
 *
 * @throws CliError `NO_REGISTRY`
 */
export async function withClient<T>(
  context: Context,
  work: ClientWork<T>,
  { offline = false }: { readonly offline?: boolean } = {},
): Promise<T> {
  const { settings, output } = context;
  const registry = requireRegistry(settings);
  const progress = showProgress(output);
  announceProject(context);
  output.detail(
    `registry ${registry}, state in ${settings.registriesDir}, content in ${settings.contentDir}`,
  );
  // Loaded when it is needed: commands about keys and configuration are there at once without it.
  const [{ WargClient: Client }, { nodeExchange }] = await Promise.all([
    import('@warg/client'),
    import('@warg/client/node'),
  ]);
  const client = await Client.open({
    registry,
    storage: await openStorage(settings),
    exchange: nodeExchange(),
    offline,
    auth: () => findToken(context, registry),
    signer: signerFor(context),
    ...(settings.operatorKey === undefined ? {} : { operatorKey: settings.operatorKey }),
    ...(settings.maxCheckpointAge === undefined
      ? {}
      : { maxCheckpointAgeSeconds: settings.maxCheckpointAge }),
  });
  try {
    return await work(client, progress);
  } finally {
    progress.done();
    await client.close();
  }
}

/**
 * Says what a configuration decides that was found beside one's work, not chosen: it may have come with somebody's
 * project, and it says whom to talk to and where trust is kept.
 */
function announceProject({ loaded: { config, path, origin }, options, settings, output }: Context): void {
  if (origin !== 'project') return;
  const decides = [
    config.homeUrl !== undefined && options.registry === undefined && `the registry ${settings.registry}`,
    config.registriesDir !== undefined && `the folder of verified state ${settings.registriesDir}`,
    options.operatorKey === undefined &&
      settings.operatorKey !== undefined &&
      `the operator ${settings.operatorKey}`,
  ].filter((what) => what !== false);
  if (decides.length > 0) output.note(`${path} chooses ${decides.join(', ')}`);
}

/** The folders that the client keeps things in. */
export async function openStorage({ registriesDir, contentDir }: Settings): Promise<ClientStorage> {
  const { fileStorage } = await import('@warg/client/node');
  return fileStorage({ registries: registriesDir, content: contentDir });
}

/**
 * The key that signs for the registry: from the environment, else from the keyring.
 *
 * @throws CliError `KEY_NOT_FOUND` | `INVALID_KEY`
 */
export async function requireSigningKey(context: Context): Promise<FoundKey> {
  const found = (await findEnvironmentKey(context.environment)) ?? (await findStoredKey(context));
  if (found !== undefined) return found;
  const { keys } = context.loaded.config;
  const elsewhere =
    keys.length === 0
      ? ''
      : `The configuration lists keys (${keys.join(', ')}), perhaps in a keyring that this version cannot read. `;
  throw new CliError('KEY_NOT_FOUND', 'there is no signing key', {
    hint: `${elsewhere}Make one with \`warg key new\`, or give one in WARG_SIGNING_KEY or WARG_SIGNING_KEY_FILE.`,
  });
}

/** The key of the keyring for the registry that is named. */
async function findStoredKey({
  environment,
  loaded,
  settings,
  output,
}: Context): Promise<FoundKey | undefined> {
  const { keyring, unavailable } = chooseKeyring(environment, loaded.config.keyringBackend);
  if (unavailable !== undefined) {
    output.note(
      `The keyring backend ${unavailable} of the configuration is not available in this version; looking for the key in files.`,
    );
  }
  return findSigningKey(keyring, settings.registryAsWritten, loaded.config.keys);
}

function signerFor(context: Context): Signer {
  return async () => (await requireSigningKey(context)).key;
}

/**
 * The token for a registry: from the environment, else from the keyring where the configuration says that it has one.
 *
 * A variable does not say which registry it is for: it is not sent to one that a file beside one's work chose.
 */
async function findToken(context: Context, registry: string): Promise<string | undefined> {
  const { environment, loaded, options, output } = context;
  const given = await findEnvironmentToken(environment);
  if (given !== undefined) {
    if (loaded.origin !== 'project' || options.registry !== undefined) return given;
    output.note(
      `${environmentTokenVariable(environment)} is not sent to ${registry}, which ${loaded.path} chooses: name it with --registry.`,
    );
  }
  if (!loaded.config.keyringAuth) return undefined;
  const { keyring } = chooseKeyring(environment, loaded.config.keyringBackend);
  const token = await keyring.get(authTokenEntry(registryLabel(registry)));
  return token?.trim() || undefined;
}
