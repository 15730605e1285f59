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

/** Says why the Rust programs cannot be had here, in words for the person who has to do something about it. */
export class NoRust extends Error {}

/**
 * The paths of the Rust programs, installed if they are not there at this version (some minutes, once).
 *
 * @throws NoRust when cargo is missing or cannot install them
 */
export async function rustPrograms(): Promise<RustPrograms> {
  const home = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo');
  const cargo = existsSync(join(home, 'bin/cargo')) ? join(home, 'bin/cargo') : 'cargo';
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
    const args = ['install', '--locked', '--force', crate, '--version', rustVersion];
    const { code, stderr } = await runProgram(cargo, args, { timeout: 30 * 60_000 });
    if (code !== 0) throw new NoRust(`cargo ${args.join(' ')} ended with ${code}\n${stderr.slice(-4000)}`);
  }
  return { warg: join(bin, 'warg'), server: join(bin, 'warg-server') };
}
