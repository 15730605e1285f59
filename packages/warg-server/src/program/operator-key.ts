import { readFile } from 'node:fs/promises';
import { type PrivateKey, parsePrivateKey } from '@warg/crypto';
import { ExitCode, ProgramError } from './program-error.ts';

/** Where the operator's key may come from; at most one of the two is given. */
export interface KeySource {
  readonly operatorKey?: string | undefined;
  readonly operatorKeyFile?: string | undefined;
}

/**
 * Reads the operator's key. White space around it, such as the line end that an editor adds, does not count.
 *
 * @throws ProgramError with exit code 2 when there is none; or when it cannot be read, without saying what was read
 */
export async function readOperatorKey(source: KeySource): Promise<PrivateKey> {
  if (source.operatorKeyFile !== undefined) {
    return parseKey(await readKeyFile(source.operatorKeyFile), `the file \`${source.operatorKeyFile}\``);
  }
  if (source.operatorKey !== undefined)
    return parseKey(source.operatorKey, 'the operator key that was given');
  throw new ProgramError(noKey, { exitCode: ExitCode.usage });
}

const noKey = `a registry needs an operator key, with which it signs its checkpoints. To make one and start with it:

  warg-server key new --output operator.key
  warg-server --operator-key-file operator.key --namespace example

Keep that file: whoever uses the registry trusts its key, and without it the registry cannot go on.`;

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const advice =
      reason === 'ENOENT' ? `: there is none. \`warg-server key new --output ${path}\` makes one` : '';
    throw new ProgramError(`cannot read the operator key file \`${path}\` (${reason})${advice}`, {
      cause: error,
    });
  }
}

function parseKey(text: string, what: string): PrivateKey {
  try {
    return parsePrivateKey(text.trim());
  } catch (error) {
    throw new ProgramError(
      `${what} holds no operator key: expected \`ecdsa-p256:\` and the base64 of 32 bytes, as \`warg-server key new\` writes it`,
      { cause: error },
    );
  }
}
