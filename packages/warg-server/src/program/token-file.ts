import { readFile } from 'node:fs/promises';
import { ExitCode, ProgramError } from './program-error.ts';

/**
 * Reads the token for another registry.
 *
 * @param url that registry's: a token goes by https, or stays on this machine
 * @throws ProgramError, which does not repeat what was read
 */
export async function readTokenFile(file: string | undefined, url: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  if (protocol !== 'https:' && !isHere) {
    throw new ProgramError(
      `a token is not sent by http to ${hostname}, where others could read it on the way: use https`,
      { exitCode: ExitCode.usage },
    );
  }
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ProgramError(`cannot read the token file \`${file}\` (${reason})`, { cause: error });
  }
  // What RFC 6750 lets stand behind `Bearer`.
  if (/^[\w.~+/-]+=*$/.test(text)) return text;
  throw new ProgramError(`the file \`${file}\` holds no token: expected one word`);
}
