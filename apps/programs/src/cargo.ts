// The Rust programs: version 0.10.0 of warg-cli and warg-server, installed with cargo once and then kept in
// cargo's own bin folder.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './processes.ts';

export const rustVersion = '0.10.0';

export interface RustPrograms {
  readonly warg: string;
  readonly server: string;
}

const home = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo');
const cargo = existsSync(join(home, 'bin/cargo')) ? join(home, 'bin/cargo') : 'cargo';
/** Where what is built here alone is kept: outside of the workspace, so that every copy of it finds it. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'warg-js-programs');

/** Says why the Rust programs cannot be had here, in words for the person who has to do something about it. */
export class NoRust extends Error {}

/**
 * The paths of the Rust programs, installed if they are not there at this version (some minutes, once).
 *
 * @throws NoRust when cargo is missing or cannot install them
 */
export async function rustPrograms(): Promise<RustPrograms> {
  const bin = join(process.env['CARGO_INSTALL_ROOT'] ?? home, 'bin');
  const listed = await runProgram(cargo, ['install', '--list']);
  if (listed.code !== 0) {
    throw new NoRust(
      `cargo is needed to install warg-cli and warg-server ${rustVersion}, and does not run here (${listed.stderr.trim()}): install Rust, or put cargo on PATH`,
    );
  }
  for (const crate of ['warg-cli', 'warg-server']) {
    if (listed.stdout.includes(`${crate} v${rustVersion}:`)) continue;
    console.log(`installing ${crate} ${rustVersion} with cargo (some minutes, once)`);
    await runCargo(['install', '--locked', '--force', crate, '--version', rustVersion]);
  }
  return { warg: join(bin, 'warg'), server: join(bin, 'warg-server') };
}

/**
 * The path of a Rust server that knows PostgreSQL, which cargo leaves out if not told: installed if it is not there at this
 * version (some minutes, once). It needs the headers of libpq.
 *
 * @throws NoRust when cargo is missing or cannot install it
 */
export async function rustServerWithPostgres(): Promise<string> {
  const root = join(cache, `warg-server-postgres-${rustVersion}`);
  const server = join(root, 'bin/warg-server');
  if (existsSync(server)) return server;
  console.log(`installing warg-server ${rustVersion} with its feature postgres (some minutes, once)`);
  const version = ['--version', rustVersion, '--features', 'postgres'];
  await runCargo(['install', '--locked', '--root', root, 'warg-server', ...version]);
  return server;
}

/**
 * Builds a Rust program of this workspace as cargo builds what it installs.
 *
 * @param manifest its Cargo.toml
 * @param name of the program
 * @returns its path
 * @throws NoRust when cargo is missing or cannot build it
 */
export async function buildRust(manifest: string, name: string): Promise<string> {
  const target = join(cache, 'target');
  await runCargo(['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', target]);
  return join(target, 'release', name);
}

async function runCargo(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram(cargo, args, { timeout: 30 * 60_000 });
  if (code !== 0) throw new NoRust(`cargo ${args.join(' ')} ended with ${code}\n${stderr.slice(-4000)}`);
}
