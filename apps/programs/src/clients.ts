// The two command-line clients, each with a home of its own and with the words it wants for the same things.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finished, runProgram } from './processes.ts';
import { cleanEnvironment } from './servers.ts';

/** A `warg` that is set up for one registry and has a signing key. */
export interface Client {
  readonly kind: 'rust' | 'ours';
  readonly publicKey: string;
  /** Keeps a token for the registry, as its user would. */
  login(token: string): Promise<Finished>;
  init(name: string): Promise<Finished>;
  release(name: string, version: string, file: string): Promise<Finished>;
  yank(name: string, version: string): Promise<Finished>;
  grant(name: string, publicKey: string): Promise<Finished>;
  /** @param version an exact one; the latest if left out */
  download(name: string, file: string, version?: string): Promise<Finished>;
  update(): Promise<Finished>;
}

/** The program `warg` of this workspace, as a JavaScript file for `process.execPath`. */
export const ourWarg = fileURLToPath(new URL('../../../packages/warg-cli/bin/warg.js', import.meta.url));

/** Sets up the Rust `warg`. @throws Error when that fails */
export async function rustClient(warg: string, url: string, work: string): Promise<Client> {
  const options = homeIn(work, 'rust-warg-');
  const run = (...args: string[]) => runProgram(warg, args, options);
  await must(run('config', '--registry', url, '--keyring-backend', 'flat-file'));
  return {
    kind: 'rust',
    publicKey: publicKeyIn(await must(run('key', 'new'))),
    // It reads the token from a terminal alone.
    login: (token) => {
      return runProgram('script', ['-qec', `'${warg}' login`, '/dev/null'], {
        ...options,
        input: `${token}\n`,
        inputAfter: 'Enter auth token',
      });
    },
    init: (name) => run('publish', 'init', name),
    release: (name, version, file) => run('publish', 'release', '--name', name, '--version', version, file),
    // It asks whether it may yank, and panics where there is no terminal to ask on; `script` lends it one.
    yank: (name, version) => {
      const command = `'${warg}' publish yank --name ${name} --version ${version}`;
      return runProgram('script', ['-qec', command, '/dev/null'], { ...options, input: 'y\n' });
    },
    grant: (name, publicKey) => run('publish', 'grant', '--name', name, publicKey),
    download: (name, file, version) => {
      return run(
        'download',
        name,
        '--output',
        file,
        ...(version === undefined ? [] : ['--version', version]),
      );
    },
    update: () => run('update'),
  };
}

/** Sets up our `warg`. @throws Error when that fails */
export async function ourClient(url: string, work: string): Promise<Client> {
  const options = homeIn(work, 'our-warg-');
  const run = (...args: string[]) => runProgram(process.execPath, [ourWarg, ...args], options);
  await must(run('config', '--registry', url, '--keyring-backend', 'flat-file'));
  return {
    kind: 'ours',
    publicKey: publicKeyIn(await must(run('key', 'new'))),
    login: (token) => runProgram(process.execPath, [ourWarg, 'login'], { ...options, input: token }),
    init: (name) => run('publish', 'init', name),
    release: (name, version, file) => run('publish', 'release', name, '--version', version, file),
    yank: (name, version) => run('publish', 'yank', name, '--version', version, '--yes'),
    grant: (name, publicKey) => run('publish', 'grant', name, publicKey),
    download: (name, file, version) => {
      return run(
        'download',
        name,
        '--output',
        file,
        ...(version === undefined ? [] : ['--version', version]),
      );
    },
    update: () => run('update'),
  };
}

/** @throws Error with all it printed when the program did not end well */
export async function must(finished: Promise<Finished>): Promise<Finished> {
  const { code, stdout, stderr } = await finished;
  if (code !== 0) throw new Error(`ended with ${code}\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}

/** @throws Error when the program ended well, or was not able to say why it did not */
export async function mustRefuse(finished: Promise<Finished>, why: RegExp): Promise<void> {
  const { code, stdout, stderr } = await finished;
  if (code === 0) throw new Error(`expected a refusal, it ended well\n${stdout}${stderr}`);
  if (!why.test(stdout + stderr))
    throw new Error(`expected a refusal with ${why}, found\n${stdout}${stderr}`);
}

function homeIn(work: string, prefix: string): { env: NodeJS.ProcessEnv; cwd: string } {
  const home = mkdtempSync(join(work, prefix));
  const env = cleanEnvironment({
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local/share'),
    NO_COLOR: '1',
  });
  return { env, cwd: home };
}

function publicKeyIn({ stdout }: Finished): string {
  const key = stdout.match(/Public Key:\s*(ecdsa-p256:\S+)/i)?.[1];
  if (!key) throw new Error(`expected a public key, found\n${stdout}`);
  return key;
}
