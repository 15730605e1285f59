import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Environment } from '../environment.ts';
import { UsageError } from '../errors.ts';
import { fileAccessError } from '../files/atomic-file.ts';
import { type FoundKey, parseSecretKey } from './signing-keys.ts';

/** The variable that holds a signing key. */
export const KEY_VARIABLE = 'WARG_SIGNING_KEY';
/** The variable that holds the path of a file with a signing key. */
export const KEY_FILE_VARIABLE = 'WARG_SIGNING_KEY_FILE';

/** The name of the variable that gives a signing key, where one does. An empty one counts as not set. */
export function environmentKeyVariable(environment: Environment): string | undefined {
  const { variables } = environment;
  const set = [KEY_VARIABLE, KEY_FILE_VARIABLE].filter((name) => variables[name]);
  if (set.length > 1) {
    throw new UsageError(`${KEY_VARIABLE} and ${KEY_FILE_VARIABLE} are both set`, {
      hint: 'Set one of them, so that it is clear which key signs.',
    });
  }
  return set[0];
}

/**
 * The signing key that the environment gives, for machines that have no keyring.
 *
 * @throws UsageError if both variables are set
 * @throws CliError `INVALID_KEY` | `FILE_ACCESS`
 */
export async function findEnvironmentKey(environment: Environment): Promise<FoundKey | undefined> {
  const variable = environmentKeyVariable(environment);
  if (variable === undefined) return undefined;
  const value = environment.variables[variable] ?? '';
  const found = { source: 'environment', place: variable, user: undefined } as const;
  if (variable === KEY_VARIABLE) return { ...found, key: parseSecretKey(value, variable) };
  const path = resolve(environment.workingDirectory, value);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileAccessError('read', path, error, `${variable} names the file.`);
  }
  return { ...found, key: parseSecretKey(text, `${path} (${variable})`) };
}
