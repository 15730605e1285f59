import { readFile } from 'node:fs/promises';
import { type LogKey, LogKeyError, parseLogKey } from '../log-note/log-key.ts';
import { type LogVerifierKey, parseLogVerifierKey } from '../log-note/verify-note.ts';
import type { LogKeyOptions, LogVerifierOptions } from './options/log-key-options.ts';
import { ExitCode, ProgramError } from './program-error.ts';

/**
 * Reads the key of the log; undefined if none is named.
 *
 * @throws ProgramError without saying what was read; with exit code 2 if an origin is given and no key
 */
export async function readLogKey({ logKeyFile, logOrigin }: LogKeyOptions): Promise<LogKey | undefined> {
  if (logKeyFile === undefined) {
    if (logOrigin === undefined) return undefined;
    throw new ProgramError(
      `--log-origin needs the key that signs under this name. \`warg-server key new --log ${logOrigin} --output log.key\` ` +
        'makes one; name it with --log-key-file',
      { exitCode: ExitCode.usage },
    );
  }
  const key = parse(await read(logKeyFile), logKeyFile);
  if (logOrigin === undefined || key.origin === logOrigin) return key;
  throw new ProgramError(
    `the key in \`${logKeyFile}\` is that of the log \`${key.origin}\`, and --log-origin says \`${logOrigin}\``,
    { exitCode: ExitCode.usage },
  );
}

/**
 * Reads the key with which notes of the log are verified: the public one, or that of the secret one; undefined if none is named.
 *
 * @throws ProgramError
 */
export async function readLogVerifierKey({
  logVerifierKey,
  logKeyFile,
}: LogVerifierOptions): Promise<LogVerifierKey | undefined> {
  if (logVerifierKey === undefined) {
    const key = await readLogKey(logKeyFile === undefined ? {} : { logKeyFile });
    return key && parseLogVerifierKey(key.verifierKey);
  }
  try {
    return parseLogVerifierKey(logVerifierKey);
  } catch (error) {
    if (!(error instanceof LogKeyError)) throw error;
    throw new ProgramError(`${error.message} (--log-verifier-key)`, {
      cause: error,
      exitCode: ExitCode.usage,
    });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ProgramError(`cannot read the log key file \`${file}\` (${reason})`, { cause: error });
  }
}

function parse(text: string, file: string): LogKey {
  try {
    return parseLogKey(text.trim());
  } catch (error) {
    if (!(error instanceof LogKeyError)) throw error;
    throw new ProgramError(`the file \`${file}\` holds no key of a log: ${error.message}`, { cause: error });
  }
}
