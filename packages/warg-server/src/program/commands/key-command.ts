import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodePrivateKey, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { Command } from 'commander';
import { generateLogKey, type LogKey, LogKeyError } from '../../log-note/log-key.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { ExitCode, ProgramError } from '../program-error.ts';

/** `warg-server key new`: makes an operator key, or one of the log. */
export function keyCommand({ stdout }: ProgramHost): Command {
  const key = new Command('key')
    .description('make the keys with which a registry signs')
    .addHelpText('after', examples('warg-server key new --output operator.key'));
  key
    .command('new')
    .description('make a new operator key and say its public key and key id')
    .option(
      '-o, --output <file>',
      'write the key to this new file, readable by you alone; never replaces a file',
    )
    .option(
      '--log <name>',
      'make a key of the log instead, for --log-key-file; the name is the origin of the log, such as registry.example/log',
    )
    .option('--json', 'print a JSON object', false)
    .addHelpText(
      'after',
      examples(
        'warg-server key new --output operator.key',
        'warg-server key new --log registry.example/log --output log.key',
      ),
    )
    .action(async ({ output, log, json }: NewOptions) => {
      const made = log === undefined ? makeKey() : makeLogKey(log);
      if (output !== undefined) await writeNewFile(output, `${made.secret}\n`);
      const file = output === undefined ? undefined : resolve(output);
      stdout.write(json ? toJson(made, file) : toText(made, file));
    });
  return key;
}

interface NewOptions {
  readonly output?: string;
  readonly log?: string;
  readonly json: boolean;
}

interface MadeKey {
  readonly secret: string;
  /** What others may know of it, by its names. */
  readonly known: Readonly<Record<string, string>>;
}

function makeKey(): MadeKey {
  const key = generatePrivateKey();
  const publicKey = publicKeyOf(key);
  return { secret: encodePrivateKey(key), known: { publicKey, keyId: keyIdOf(publicKey) } };
}

function makeLogKey(name: string): MadeKey {
  const key = newLogKey(name);
  return { secret: key.encode(), known: { verifierKey: key.verifierKey } };
}

function toJson({ secret, known }: MadeKey, file: string | undefined): string {
  const where = file === undefined ? { privateKey: secret } : { file };
  return `${JSON.stringify({ ...known, ...where }, undefined, 2)}\n`;
}

function toText({ secret, known }: MadeKey, file: string | undefined): string {
  const shown = { ...(file === undefined ? { privateKey: secret } : {}), ...known };
  const lines = Object.entries(shown).map(([name, value]) => {
    const words = `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}:`;
    return `${words.padEnd(13)}${words.length < 13 ? '' : ' '}${value}\n`;
  });
  const end =
    file === undefined
      ? 'The private key is shown this once. Keep it secret, in a file that only you can read.'
      : `The private key is in ${file}. Keep that file secret and keep a copy of it.`;
  return `${lines.join('')}\n${end}\n`;
}

function newLogKey(name: string): LogKey {
  try {
    return generateLogKey(name);
  } catch (error) {
    if (!(error instanceof LogKeyError)) throw error;
    throw new ProgramError(error.message, { exitCode: ExitCode.usage, cause: error });
  }
}

async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ProgramError(
      code === 'EEXIST'
        ? `the file \`${path}\` is there already, and a key is never replaced: choose another name or move it away first`
        : `cannot write the key to \`${path}\` (${code ?? String(error)})`,
      { cause: error },
    );
  }
}
