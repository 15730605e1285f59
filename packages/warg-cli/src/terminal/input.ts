import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { Prompts } from './prompts.ts';

/** Far above any key; whatever is longer is something else. */
const LARGEST_SECRET = 64 * 1024;

/**
 * Reads a secret: asked for on a terminal, else all of standard input.
 *
 * @throws CliError `CONFIRMATION_REQUIRED` where nobody can be asked, `INVALID_KEY` where there is too much
 */
export async function readSecretInput(
  { environment, prompts }: { readonly environment: Environment; readonly prompts: Prompts },
  question: string,
): Promise<string> {
  const { stdin, signal } = environment;
  if (prompts.canAsk) return prompts.secret(question);
  if (stdin.isTTY) {
    throw new CliError('CONFIRMATION_REQUIRED', 'the key cannot be asked for', {
      hint: 'Give it on standard input, or in a file with --key-file.',
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
      if (size > LARGEST_SECRET) throw new CliError('INVALID_KEY', 'standard input is too long for a key');
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
