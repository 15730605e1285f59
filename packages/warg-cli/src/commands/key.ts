import { readFile } from 'node:fs/promises';
import { generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import type { Command } from 'commander';
import { writeConfig } from '../config/config-file.ts';
import { resolveArgumentPath } from '../config/settings.ts';
import { CliError } from '../errors.ts';
import { fileAccessError } from '../files/atomic-file.ts';
import { chooseKeyring } from '../keyring/backends.ts';
import { environmentKeyVariable, KEY_FILE_VARIABLE } from '../keyring/environment-key.ts';
import { DEFAULT_USER, type Keyring, signingKeyEntry } from '../keyring/keyring.ts';
import {
  createKey,
  findDefaultKey,
  findRegistryKey,
  parseSecretKey,
  replaceKey,
  type StoredKey,
} from '../keyring/signing-keys.ts';
import type { CommandResult } from '../output/output.ts';
import { readSecretInput } from '../terminal/input.ts';
import { requireConsent } from '../terminal/prompts.ts';
import { type Context, requireSigningKey } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { keyringOption, keyringToWrite } from './keyring-to-write.ts';
import { addCommonOptions } from './options.ts';

interface WriteKeyOptions {
  readonly force?: boolean;
  readonly keyringBackend?: string;
}

/** Adds `warg key`. */
export function addKeyCommands(program: Command, dispatch: Dispatch): void {
  const key = program
    .command('key')
    .summary('manage the key that signs what you publish')
    .description(
      'Manages the key that signs what you publish.\n\n' +
        'Keys are kept in a keyring: one by default for all registries, and one for each registry that has its own ' +
        '(--registry). Where there is no keyring, WARG_SIGNING_KEY may hold the key, or WARG_SIGNING_KEY_FILE the ' +
        'path of a file with it; both go before the keyring.',
    )
    .enablePositionalOptions();

  addCommonOptions(
    key
      .command('new')
      .summary('make a signing key')
      .description(
        'Makes a signing key. A key that is there already is never replaced, unless you say --force.',
      )
      .option('--force', 'replace the key that is there; it cannot be had back')
      .addOption(keyringOption()),
    { client: false },
  )
    .addHelpText('after', examples('warg key new', 'warg key new --registry https://registry.example'))
    .action(async (options: WriteKeyOptions, command: Command) =>
      dispatch(command, (context) => newKey(context, options)),
    );

  addCommonOptions(
    key
      .command('info')
      .summary('show the public half of the signing key')
      .description(
        'Shows the id and the public half of the key that signs for a registry, and where it is kept.',
      ),
    { client: false },
  )
    .addHelpText('after', examples('warg key info', 'warg key info --json'))
    .action(async (_options: object, command: Command) => dispatch(command, keyInfo));

  addCommonOptions(
    key
      .command('set')
      .summary('store a signing key that you have')
      .description(
        'Stores a signing key that you have. It is read from standard input, or asked for on a terminal.',
      )
      .option('--key-file <file>', 'read the key from a file')
      .option('--force', 'replace the key that is there; it cannot be had back')
      .addOption(keyringOption()),
    { client: false },
  )
    .addHelpText(
      'after',
      examples('warg key set', 'warg key set < signing-key.txt', 'warg key set --key-file key.txt'),
    )
    .action(async (options: WriteKeyOptions & { keyFile?: string }, command: Command) =>
      dispatch(command, (context) => setKey(context, options)),
    );

  addCommonOptions(
    key
      .command('delete')
      .summary('delete a signing key')
      .description(
        'Deletes the default signing key, or with --registry the one of a registry. It cannot be had back.',
      )
      .option('-y, --yes', 'do not ask'),
    { client: false },
  )
    .addHelpText(
      'after',
      examples('warg key delete', 'warg key delete --registry https://registry.example --yes'),
    )
    .action(async (options: { yes?: boolean }, command: Command) =>
      dispatch(command, (context) => deleteKey(context, options)),
    );
}

/** `warg key new` */
export async function newKey(context: Context, options: WriteKeyOptions): Promise<CommandResult> {
  return storeKey(context, options, async () => generatePrivateKey());
}

/** `warg key set` */
export async function setKey(
  context: Context,
  options: WriteKeyOptions & { readonly keyFile?: string },
): Promise<CommandResult> {
  return storeKey(context, options, async () => {
    if (options.keyFile === undefined) {
      const text = await readSecretInput(context, 'Signing key (ecdsa-p256:…)');
      return parseSecretKey(text, 'standard input');
    }
    const path = resolveArgumentPath(context.environment, options.keyFile);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fileAccessError('read', path, error);
    });
    return parseSecretKey(text, path);
  });
}

/** `warg key info` */
export async function keyInfo(context: Context): Promise<CommandResult> {
  const found = await requireSigningKey(context);
  const { keyId, publicKey } = publicHalf(found.key);
  return {
    json: { keyId, publicKey, source: found.source, place: found.place, entry: found.user ?? null },
    human: (style) => [
      `Key ID: ${style.bold(keyId)}`,
      `Public Key: ${publicKey}`,
      style.dim(`From ${found.place}${found.user === undefined ? '' : ` (${found.user})`}`),
    ],
    quiet: publicKey,
  };
}

/** `warg key delete` */
export async function deleteKey(
  context: Context,
  options: { readonly yes?: boolean },
): Promise<CommandResult> {
  const { environment, loaded, prompts } = context;
  const { registry } = context.options;
  const { keyring } = chooseKeyring(environment, loaded.config.keyringBackend);
  const stored = await findOwnKey(keyring, registry, loaded.config.keys);
  if (stored === undefined) {
    throw new CliError('KEY_NOT_FOUND', `there is no signing key for ${registry ?? 'all registries'}`, {
      hint:
        registry === undefined
          ? 'Name a registry’s own key with --registry.'
          : 'It would be the default key that signs.',
    });
  }
  const id = stored.key === undefined ? 'an unreadable key' : publicHalf(stored.key).keyId;
  await requireConsent(prompts, {
    question: `Delete the signing key ${id} (${stored.user})? It cannot be had back.`,
    because: `deleting the signing key ${id} (${stored.user}) cannot be undone`,
    yes: options.yes,
  });
  await keyring.delete(signingKeyEntry(stored.user));
  await updateKeys(context, (keys) => keys.filter((key) => key !== stored.user));
  return {
    json: {
      deleted: true,
      keyId: stored.key === undefined ? null : id,
      entry: stored.user,
      place: stored.place,
    },
    human: () => [`Deleted the signing key ${id} (${stored.user})`],
  };
}

async function storeKey(
  context: Context,
  options: WriteKeyOptions,
  obtain: () => Promise<PrivateKey>,
): Promise<CommandResult> {
  const { environment, loaded, output } = context;
  const { registry } = context.options;
  const keyring = await keyringToWrite(context, options.keyringBackend, 'key', KEY_FILE_VARIABLE);
  const existing = await findOwnKey(keyring, registry, loaded.config.keys);
  if (existing !== undefined && !options.force) throw keyExists(existing);
  const key = await obtain();
  environment.signal.throwIfAborted();
  const user = existing?.user ?? registry ?? DEFAULT_USER;
  if (options.force) {
    await replaceKey(keyring, user, key);
  } else if (!(await createKey(keyring, user, key))) {
    // Another process was faster.
    throw keyExists(
      (await findOwnKey(keyring, registry, loaded.config.keys)) ?? { user, place: '', key: undefined },
    );
  }
  await updateKeys(context, (keys) => (keys.includes(user) ? keys : [...keys, user]));
  const { keyId, publicKey } = publicHalf(key);
  const place = keyring.describe(signingKeyEntry(user));
  const replaced = existing?.key === undefined ? null : publicHalf(existing.key).keyId;
  output.note(`Kept in ${place}, unencrypted and readable by you alone. Back it up: nobody else has it.`);
  if (replaced !== null) output.note(`It replaces ${replaced}.`);
  const variable = environmentKeyVariable(environment);
  if (variable !== undefined) output.warn(`${variable} is set and goes before this key`);
  return {
    json: { keyId, publicKey, entry: user, place, backend: keyring.backend, replaced },
    human: (style) => [`Key ID: ${style.bold(keyId)}`, `Public Key: ${publicKey}`],
    quiet: publicKey,
  };
}

async function findOwnKey(
  keyring: Keyring,
  registry: string | undefined,
  keys: readonly string[],
): Promise<StoredKey | undefined> {
  return registry === undefined ? findDefaultKey(keyring) : findRegistryKey(keyring, registry, keys);
}

/**
 * Keeps `keys` of the configuration in step with the keyring, because the reference looks there first. The first key
 * also writes down which keyring it is in: another `warg` may look in another one by default.
 */
async function updateKeys(
  { loaded }: Context,
  change: (keys: readonly string[]) => readonly string[],
): Promise<void> {
  const { config, path } = loaded;
  const keys = change(config.keys);
  if (keys.length === config.keys.length && keys.every((key, at) => key === config.keys[at])) return;
  const first = config.keys.length === 0 && config.keyringBackend === undefined;
  await writeConfig(path, { ...config, keys, ...(first ? { keyringBackend: 'flat-file' } : {}) });
}

function keyExists(existing: StoredKey): CliError {
  const id = existing.key === undefined ? 'something that is not a key' : publicHalf(existing.key).keyId;
  const whose = existing.user === DEFAULT_USER ? '' : ` for ${existing.user}`;
  return new CliError('KEY_EXISTS', `there is a signing key already${whose}: ${id}`, {
    hint:
      '`warg key info` shows it. --registry URL keeps a key for one registry alone. --force replaces it, and then it ' +
      'cannot be had back.',
  });
}

function publicHalf(key: PrivateKey): { readonly keyId: string; readonly publicKey: string } {
  const publicKey = publicKeyOf(key);
  return { keyId: keyIdOf(publicKey), publicKey };
}
