import { Option } from 'commander';
import { backendUnavailable, chooseKeyring, parseKeyringBackend } from '../keyring/backends.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Context } from './context.ts';

/** The option with which a command lets one choose where a secret goes. */
export function keyringOption(): Option {
  return new Option('--keyring-backend <name>', 'the keyring to keep it in, instead of the configured one');
}

/**
 * The keyring that a new secret goes to. Where the configuration asks for one that this version does not have, a secret
 * goes to an unencrypted file only if the user says so.
 *
 * @param backend the value of `--keyring-backend`
 * @param noun what the secret is
 * @param variable the environment variable that may hold it instead
 * @throws CliError `KEYRING_BACKEND_UNAVAILABLE`
 */
export async function keyringToWrite(
  context: Context,
  backend: string | undefined,
  noun: string,
  variable: string,
): Promise<Keyring> {
  const { environment, loaded, prompts } = context;
  const chosen =
    backend === undefined ? loaded.config.keyringBackend : parseKeyringBackend(backend, environment.platform);
  const { keyring, unavailable } = chooseKeyring(environment, chosen);
  if (unavailable === undefined) return keyring;
  if (!prompts.canAsk) throw backendUnavailable(unavailable, noun, variable);
  const question =
    `The keyring backend ${unavailable} of the configuration is not available in this version.\n` +
    `Keep the ${noun} in an unencrypted file that only you can read instead?`;
  if (!(await prompts.confirm(question))) throw backendUnavailable(unavailable, noun, variable);
  return keyring;
}
