import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  encodePrivateKey,
  generatePrivateKey,
  type PrivateKey,
  type PublicKey,
  publicKeyOf,
} from '@warg/crypto';

// By path, because this package does not depend on the registry's; only its tests run one.
const PROGRAM = fileURLToPath(new URL('../../../warg-server/bin/warg-server.js', import.meta.url));

/** A registry in a process of its own. */
export interface RunningRegistry {
  readonly url: string;
  readonly operatorKey: PublicKey;
  /** Runs a command of administration on it. */
  administer(...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** What a test may choose about a registry. */
export interface RegistryOptions {
  /** Where it keeps everything. */
  readonly folder: string;
  readonly operatorKey?: PrivateKey;
  /** `host:port`; a free port unless given. */
  readonly listen?: string;
  readonly contentBaseUrl?: string;
  /** Further arguments of the program. */
  readonly args?: readonly string[];
}

/** Starts a registry with the namespace `example`, and waits until it listens. */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const operatorKey = options.operatorKey ?? generatePrivateKey();
  const args = [
    '--data-dir',
    options.folder,
    '--namespace',
    'example',
    '--listen',
    options.listen ?? '127.0.0.1:0',
  ];
  if (options.contentBaseUrl !== undefined) args.push('--content-base-url', options.contentBaseUrl);
  args.push(...(options.args ?? []));
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, WARG_OPERATOR_KEY: encodePrivateKey(operatorKey) },
  });
  const url = await listening(child);
  return {
    url,
    operatorKey: publicKeyOf(operatorKey),
    administer: async (...command) => {
      const administration = spawn(process.execPath, [PROGRAM, ...command, '--data-dir', options.folder], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code] = await once(administration, 'exit');
      if (code !== 0) throw new Error(`warg-server ${command[0]} ended with ${code}`);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** Makes a token of a registry that keeps everything in `folder`. */
export async function makeToken(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    PROGRAM,
    'token',
    'add',
    '--data-dir',
    folder,
    ...args,
  ]);
  return stdout.trim();
}

/** Revokes a token. */
export async function revokeToken(folder: string, token: string): Promise<void> {
  const args = [PROGRAM, 'token', 'revoke', token, '--data-dir', folder];
  await promisify(execFile)(process.execPath, args);
}

async function listening(child: ChildProcess): Promise<string> {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /^listening on (http:\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the registry did not start: ${log}`);
}
