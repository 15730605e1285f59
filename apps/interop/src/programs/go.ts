// `fsck` of Tessera, the reference implementation of C2SP's tlog-tiles, in Go: built from its module, as it is, once for
// each version, and kept in a cache of this workspace.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '@warg-apps/programs';

const module = 'github.com/transparency-dev/tessera';
const version = 'v1.0.4';
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/warg-interop', import.meta.url));

/** Says why the Go program cannot be had here, in words for the person who has to do something about it. */
export class NoGo extends Error {}

/**
 * The path of `fsck`, installed if it is not there at this version (half a minute, once). Go holds the module against
 * the checksum database.
 *
 * @throws NoGo when go is missing or cannot install it
 */
export async function tesseraFsck(): Promise<string> {
  const bin = join(cache, `tessera-${version}`);
  const program = join(bin, process.platform === 'win32' ? 'fsck.exe' : 'fsck');
  if (existsSync(program)) return program;
  const { code, stderr } = await runProgram('go', ['version']);
  if (code !== 0) {
    throw new NoGo(
      `go is needed to install ${module}/cmd/fsck ${version}, and does not run here (${stderr.trim()})`,
    );
  }
  mkdirSync(bin, { recursive: true });
  console.log(`installing ${module}/cmd/fsck ${version} with go (half a minute, once)`);
  const args = ['install', `${module}/cmd/fsck@${version}`];
  const installed = await runProgram('go', args, {
    env: { ...process.env, GOBIN: bin },
    timeout: 10 * 60_000,
  });
  if (installed.code !== 0) {
    throw new NoGo(`go ${args.join(' ')} ended with ${installed.code}\n${installed.stderr.slice(-4000)}`);
  }
  return program;
}
