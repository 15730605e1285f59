import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WargError } from '@warg/crypto';
import type { Environment } from '../environment.ts';
import { CliError, UsageError } from '../errors.ts';
import { fileAccessError } from '../files/atomic-file.ts';

/** The variable that holds a registry's token. */
export const TOKEN_VARIABLE = 'WARG_AUTH_TOKEN';
/** The variable that holds the path of a file with a token. */
export const TOKEN_FILE_VARIABLE = 'WARG_AUTH_TOKEN_FILE';

/** The name of the variable that gives a token, where one does. An empty one counts as not set. */
export function environmentTokenVariable({ variables }: Environment): string | undefined {
  const set = [TOKEN_VARIABLE, TOKEN_FILE_VARIABLE].filter((name) => variables[name]);
  if (set.length > 1) {
    throw new UsageError(`${TOKEN_VARIABLE} and ${TOKEN_FILE_VARIABLE} are both set`, {
      hint: 'Set one of them, so that it is clear which token is sent.',
    });
  }
  return set[0];
}

/**
 * The token that the environment gives, for machines that have no keyring.
 *
 * @throws UsageError if both variables are set
 * @throws CliError `INVALID_TOKEN` | `FILE_ACCESS`
 */
export async function findEnvironmentToken(environment: Environment): Promise<string | undefined> {
  const variable = environmentTokenVariable(environment);
  if (variable === undefined) return undefined;
  const value = environment.variables[variable] ?? '';
  if (variable === TOKEN_VARIABLE) return parseToken(value, variable);
  const path = resolve(environment.workingDirectory, value);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileAccessError('read', path, error, `${variable} names the file.`);
  });
  return parseToken(text, `${path} (${variable})`);
}

/**
 * Reads a token; a line end after it is allowed, as files and pipes have one. It may be of any registry, but one of the
 * registries that we know must be whole.
 *
 * @param place where the text is from, for the message, which does not repeat it
 * @throws CliError `INVALID_TOKEN`
 */
export async function parseToken(text: string, place: string): Promise<string> {
  const token = text.trim();
  // What RFC 6750 lets stand behind `Bearer`.
  if (!/^[\w.~+/-]+=*$/.test(token) || token.length > 4096) {
    throw new CliError('INVALID_TOKEN', `${place} holds no token`, {
      hint: 'A token is one word of letters, digits and -._~+/, as the operator of the registry gave it to you.',
    });
  }
  // Loaded when there is a token: most runs have none.
  const { accessTokenPrefix, parseAccessToken } = await import('@warg/protocol/api');
  if (token.startsWith(accessTokenPrefix)) {
    try {
      parseAccessToken(token);
    } catch (error) {
      if (!(error instanceof WargError)) throw error;
      throw new CliError('INVALID_TOKEN', `${place} holds no whole token: ${error.message}`);
    }
  }
  return token;
}
