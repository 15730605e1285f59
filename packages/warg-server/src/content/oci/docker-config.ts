import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { decodeBase64, decodeUtf8 } from '@warg/crypto';

/** Who we are to a registry. */
export type OciCredentials =
  | { readonly type: 'password'; readonly username: string; readonly password: string }
  /** What a `docker login` with a browser leaves: good for tokens, not for requests. */
  | { readonly type: 'identityToken'; readonly token: string };

/** Finds what is known for a host; undefined if that is nothing. */
export type CredentialSource = (host: string) => Promise<OciCredentials | undefined>;

const helperTimeout = 10_000;
const largestAnswer = 2 ** 16;

/**
 * Looks a registry up in Docker's configuration, `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`: the helper for
 * this host, else the helper for all, else what stands in the file itself.
 *
 * @throws an error that names the file or helper that cannot be used, without anything that was read
 */
export async function dockerCredentials(
  host: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<OciCredentials | undefined> {
  const file = join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
  const config = await readConfig(file);
  const key = /^(index\.|registry-1\.)?docker\.io$/.test(host) ? 'https://index.docker.io/v1/' : host;
  const helper = text(members(config['credHelpers'])[key]) ?? text(config['credsStore']);
  const found = helper === undefined ? undefined : await askHelper(helper, key, env);
  return found ?? storedCredentials(members(members(config['auths'])[key]), file);
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return members(JSON.parse(json));
  } catch {
    throw new Error(`expected JSON in the Docker configuration \`${file}\``);
  }
}

function storedCredentials(entry: Record<string, unknown>, file: string): OciCredentials | undefined {
  const token = text(entry['identitytoken']);
  if (token !== undefined) return { type: 'identityToken', token };
  const [username, password] = [text(entry['username']), text(entry['password'])];
  if (username !== undefined && password !== undefined) return { type: 'password', username, password };
  const auth = text(entry['auth']);
  if (auth === undefined) return undefined;
  const decoded = decodeAuth(auth, file);
  const colon = decoded.indexOf(':');
  if (colon < 1) throw new Error(`expected a user and a password as \`auth\` in \`${file}\``);
  return { type: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function decodeAuth(auth: string, file: string): string {
  try {
    return decodeUtf8(decodeBase64(auth));
  } catch {
    throw new Error(`expected base64 as \`auth\` in \`${file}\``);
  }
}

/** Asks `docker-credential-<name>`. @see https://github.com/docker/docker-credential-helpers */
async function askHelper(
  name: string,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OciCredentials | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new Error('expected the name of a credential helper in the Docker configuration');
  }
  const program = `docker-credential-${name}`;
  const { code, output } = await runHelper(program, key, env);
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw new Error(`\`${program} get\` failed with exit code ${code}`);
  }
  let answer: Record<string, unknown>;
  try {
    answer = members(JSON.parse(output));
  } catch {
    throw new Error(`expected JSON from \`${program} get\``);
  }
  const [username, secret] = [text(answer['Username']), text(answer['Secret'])];
  if (username === undefined || secret === undefined) return undefined;
  return username === '<token>'
    ? { type: 'identityToken', token: secret }
    : { type: 'password', username, password: secret };
}

function runHelper(
  program: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env: env as NodeJS.ProcessEnv,
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: helperTimeout,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.length > largestAnswer) child.kill('SIGKILL');
    });
    child.on('error', (cause) => reject(new Error(`cannot run \`${program}\``, { cause })));
    child.on('close', (code) => resolve({ code, output }));
    // One that ended without reading has said why by its code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
