import type { Command } from 'commander';
import { writeConfig } from '../config/config-file.ts';
import { registryLabel } from '../config/registry-url.ts';
import { requireRegistry } from '../config/settings.ts';
import { environmentTokenVariable, parseToken, TOKEN_FILE_VARIABLE } from '../keyring/auth-tokens.ts';
import { chooseKeyring } from '../keyring/backends.ts';
import { authTokenEntry } from '../keyring/keyring.ts';
import type { CommandResult } from '../output/output.ts';
import { readSecretInput, type SecretWords } from '../terminal/input.ts';
import type { Context } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { keyringOption, keyringToWrite } from './keyring-to-write.ts';
import { addCommonOptions } from './options.ts';

const WORDS: SecretWords = {
  noun: 'token',
  otherWay: `Give it on standard input, or in ${TOKEN_FILE_VARIABLE} instead of logging in.`,
  code: 'INVALID_TOKEN',
};

/** Adds `warg login` and `warg logout`. */
export function addLoginCommands(program: Command, dispatch: Dispatch): void {
  addCommonOptions(
    program
      .command('login')
      .summary('keep the token that a registry asks for')
      .description(
        'Keeps the token that a registry asks for, and sends it to that registry from then on.\n\n' +
          'The token comes from the operator of the registry. It is read from standard input, or asked for on a ' +
          'terminal, and the registry is asked whether it is good before it is kept. Where there is no keyring, ' +
          'WARG_AUTH_TOKEN may hold the token, or WARG_AUTH_TOKEN_FILE the path of a file with it.',
      )
      .addOption(keyringOption()),
    { client: false },
  )
    .addHelpText(
      'after',
      examples('warg login --registry https://registry.example', 'warg login < token.txt'),
    )
    .action(async (options: { keyringBackend?: string }, command: Command) =>
      dispatch(command, (context) => login(context, options.keyringBackend)),
    );

  addCommonOptions(
    program
      .command('logout')
      .summary('forget the token of a registry')
      .description(
        'Forgets the token that `warg login` kept for a registry. It stays good until the operator of the registry ' +
          'revokes it.',
      ),
    { client: false },
  )
    .addHelpText('after', examples('warg logout', 'warg logout --registry https://registry.example'))
    .action(async (_options: object, command: Command) => dispatch(command, logout));
}

/** `warg login` */
export async function login(context: Context, backend: string | undefined): Promise<CommandResult> {
  const { environment, settings, output } = context;
  const registry = requireRegistry(settings);
  const keyring = await keyringToWrite(context, backend, 'token', TOKEN_FILE_VARIABLE);
  const text = await readSecretInput(context, `Token for ${registry}`, WORDS);
  const token = await parseToken(text, 'standard input');
  await requireAccess(context, registry, token);
  const entry = authTokenEntry(registryLabel(registry));
  const replaced = (await keyring.get(entry)) !== undefined;
  await keyring.replace(entry, token);
  await noteKeyring(context);
  const place = keyring.describe(entry);
  output.note(`Kept in ${place}, unencrypted and readable by you alone.`);
  const variable = environmentTokenVariable(environment);
  if (variable !== undefined) output.warn(`${variable} is set and goes before this token`);
  return {
    json: { registry, place, backend: keyring.backend, replaced },
    human: (style) => [`Logged in to ${style.bold(registry)}`],
  };
}

/** `warg logout` */
export async function logout({ environment, loaded, settings }: Context): Promise<CommandResult> {
  const registry = requireRegistry(settings);
  const { keyring } = chooseKeyring(environment, loaded.config.keyringBackend);
  const entry = authTokenEntry(registryLabel(registry));
  const removed = await keyring.delete(entry);
  return {
    json: { registry, removed, place: keyring.describe(entry) },
    human: () => [removed ? `Forgot the token for ${registry}` : `There was no token for ${registry}`],
  };
}

/** A token that is not good is not kept. */
async function requireAccess({ environment }: Context, registry: string, token: string): Promise<void> {
  const { memoryStorage, WargClient } = await import('@warg/client');
  const { nodeExchange } = await import('@warg/client/node');
  const exchange = nodeExchange();
  const client = await WargClient.open({ registry, storage: memoryStorage(), exchange, auth: token });
  try {
    await client.checkAccess({ signal: environment.signal });
  } finally {
    await client.close();
  }
}

/** Says in the configuration that the keyring has tokens, and which keyring it is: another `warg` may look in another one. */
async function noteKeyring({ loaded: { config, path } }: Context): Promise<void> {
  const { keyringBackend = 'flat-file' } = config;
  if (config.keyringAuth && config.keyringBackend !== undefined) return;
  await writeConfig(path, { ...config, keyringAuth: true, keyringBackend });
}
