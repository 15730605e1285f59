// `npm run interop`: this implementation against the Rust one, with the real programs of both, and its log against a
// verifier of transparency logs that knows nothing of Warg, and its API against requests made from its own description.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoRust, rustPrograms } from '@warg-apps/programs';
import { bothWays } from './both-ways.ts';
import { fail, finish, skip } from './checks.ts';
import { compareServers } from './differential/run.ts';
import { tryDocument } from './openapi/try-document.ts';
import { visitPrivateRegistry } from './private/visitors.ts';
import { NoGo, tesseraFsck } from './programs/go.ts';
import { NoPython, schemathesis } from './programs/python.ts';
import { followRotation } from './rotation/rust-clients.ts';
import { takeOver } from './take-over.ts';
import { verifyTiles } from './tiles/verify-tiles.ts';

/** For how long requests are made from `openapi.json`; `npm run soak` does it for longer. */
const schemathesisSeconds = Number(process.env['WARG_SCHEMATHESIS_SECONDS'] ?? 25);

const work = mkdtempSync(join(tmpdir(), 'warg-interop-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
await part('the Rust programs', NoRust, async () => {
  const rust = await rustPrograms();
  await bothWays(rust, work);
  await followRotation(rust, work);
  await takeOver(rust, work);
  await visitPrivateRegistry(rust, work);
  await compareServers(rust, work);
});
await part("Tessera's fsck", NoGo, async () => verifyTiles(await tesseraFsck(), work));
await part('Schemathesis', NoPython, async () =>
  tryDocument(await schemathesis(), work, schemathesisSeconds),
);
finish();

/** A part that cannot be run here is a failure where everything is installed, and a skip elsewhere. */
async function part(
  name: string,
  missing: new (message: string) => Error,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof missing && process.env['CI']) fail(name, error.message);
    else if (error instanceof missing) skip(name, error.message);
    else fail(name, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
