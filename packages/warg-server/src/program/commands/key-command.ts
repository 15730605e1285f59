import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodePrivateKey, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { Command } from 'commander';
import { generateLogKey, type LogKey, LogKeyError } from '../../log-note/log-key.ts';
import type { Output, ProgramHost } from '../host.ts';
import { ExitCode, ProgramError } from '../program-error.ts';

/** `warg-server key new`: makes an operator key, or one of the log. */
export function keyCommand({ stdout }: ProgramHost): Command {
  const key = new Command('key').description('make the keys with which a registry signs');
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
    .addHelpText(
      'after',
      `
Examples:
  warg-server key new --output operator.key
  warg-server key new --log registry.example/log --output log.key`,
    )
    .action(async ({ output, log }: { output?: string; log?: string }) => {
      if (log === undefined) await makeKey(output, stdout);
      else await makeLogKey(log, output, stdout);
    });
  return key;
}

async function makeKey(file: string | undefined, output: Output): Promise<void> {
  const key = generatePrivateKey();
  const secret = encodePrivateKey(key);
  const publicKey = publicKeyOf(key);
  if (file === undefined) output.write(`private key: ${secret}\n`);
  else await writeNewFile(file, `${secret}\n`);
  output.write(`public key:  ${publicKey}\nkey id:      ${keyIdOf(publicKey)}\n`);
  sayWhereItIs(file, output);
}

async function makeLogKey(name: string, file: string | undefined, output: Output): Promise<void> {
  const key = newLogKey(name);
  if (file === undefined) output.write(`private key: ${key.encode()}\n`);
  else await writeNewFile(file, `${key.encode()}\n`);
  output.write(`verifier key: ${key.verifierKey}\n`);
  sayWhereItIs(file, output);
}

function newLogKey(name: string): LogKey {
  try {
    return generateLogKey(name);
  } catch (error) {
    if (!(error instanceof LogKeyError)) throw error;
    throw new ProgramError(error.message, { exitCode: ExitCode.usage, cause: error });
  }
}

function sayWhereItIs(file: string | undefined, output: Output): void {
  if (file === undefined) {
    output.write('\nThe private key is shown this once. Keep it secret, in a file that only you can read.\n');
  } else {
    output.write(`\nThe private key is in ${resolve(file)}. Keep that file secret and keep a copy of it.\n`);
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
