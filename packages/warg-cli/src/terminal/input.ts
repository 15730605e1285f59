import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { Prompts } from './prompts.ts';

/** Far above any key; whatever is longer is something else. */
const LARGEST_SECRET = 64 * 1024;

/** How messages speak of a secret that is read. */
export interface SecretWords {
  readonly noun: string;
  /** How to give it where nobody can be asked. */
  readonly otherWay: string;
  /** The code of the error for what cannot be one. */
  readonly code: 'INVALID_KEY' | 'INVALID_TOKEN';
}

const KEY_WORDS: SecretWords = {
  noun: 'key',
  otherWay: 'Give it on standard input, or in a file with --key-file.',
  code: 'INVALID_KEY',
};

/**
 * Reads a secret: asked for on a terminal, else all of standard input.
 *
 * @param secret what it is, and what to do where nobody can be asked
 * @throws CliError `CONFIRMATION_REQUIRED` where nobody can be asked, or the code given where there is too much
 */
export async function readSecretInput(
  { environment, prompts }: { readonly environment: Environment; readonly prompts: Prompts },
  question: string,
  secret: SecretWords = KEY_WORDS,
): Promise<string> {
  const { stdin, signal } = environment;
  if (prompts.canAsk) return prompts.secret(question);
  if (stdin.isTTY) {
    throw new CliError('CONFIRMATION_REQUIRED', `the ${secret.noun} cannot be asked for`, {
      hint: secret.otherWay,
    });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => {
    stdin.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
      size += bytes.length;
      if (size > LARGEST_SECRET) {
        throw new CliError(secret.code, `standard input is too long for a ${secret.noun}`);
      }
      chunks.push(bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks).toString('utf8');
}
