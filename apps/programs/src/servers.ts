// The two registries under test, each with its own empty data, both with the same operator key and namespace.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningProgram, startProgram } from './processes.ts';

export interface Registry {
  readonly kind: 'rust' | 'ours';
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly program: RunningProgram;
}

export interface RegistryOptions {
  /** A folder for everything it writes; a new folder inside is used. */
  readonly work: string;
  readonly operatorKey: string;
  readonly namespace: string;
  /** The folder in which ours keeps its data; a new one if not given. */
  readonly dataDir?: string;
  /** Further arguments, of the server that is started. */
  readonly more?: readonly string[];
}

/** The program `warg-server` of this workspace, as a JavaScript file for `process.execPath`. */
export const ourServer = fileURLToPath(
  new URL('../../../packages/warg-server/bin/warg-server.js', import.meta.url),
);

/** Nothing from the environment configures a program under test but what is said here. */
export function cleanEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WARG_'));
  return { ...Object.fromEntries(inherited), ...extra };
}

/** Starts the Rust server on a free port. It knows no store but memory as cargo installs it without being told more. */
export async function startRustServer(server: string, options: RegistryOptions): Promise<Registry> {
  const content = mkdtempSync(join(options.work, 'rust-content-'));
  const args = ['--listen', '127.0.0.1:0', '--content-dir', content, '--namespace', options.namespace];
  args.push(...(options.more ?? []));
  const env = cleanEnvironment({ WARG_OPERATOR_KEY: options.operatorKey, NO_COLOR: '1' });
  const program = await startProgram(server, args, /listening on (\d+\.\d+\.\d+\.\d+:\d+)/, { env });
  return { kind: 'rust', url: `http://${program.ready[1]}`, program };
}

/** Starts our server on a free port, with SQLite and files as it runs by default. */
export async function startOurServer(options: RegistryOptions): Promise<Registry> {
  const data = options.dataDir ?? mkdtempSync(join(options.work, 'our-data-'));
  const common = ['--listen', '127.0.0.1:0', '--data-dir', data, '--namespace', options.namespace];
  const args = [ourServer, ...common, ...(options.more ?? [])];
  const env = cleanEnvironment({ WARG_OPERATOR_KEY: options.operatorKey, NO_COLOR: '1' });
  const program = await startProgram(
    process.execPath,
    args,
    /(?:https?:\/\/|listening on )(127\.0\.0\.1:\d+)/,
    { env },
  );
  return { kind: 'ours', url: `http://${program.ready[1]}`, program };
}
