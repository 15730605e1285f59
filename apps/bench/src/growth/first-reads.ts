// What it takes to answer for packages that nobody has asked for: what caches keep is measured by other lines.

import { packageLogId, parsePackageName } from '@warg/protocol';
import { decodeSignedCheckpoint, formatProvedLogRequest, paths } from '@warg/protocol/api';

/** A log of one record with its proofs, as a client fetches it in one request. */
export interface FirstReads {
  /** CPU of the server and its database, µs. */
  readonly cpuMicros: number;
  /** Of the answer, without its headers. */
  readonly bytes: number;
}

const READS = 5000;
/** For what is compiled and opened when it is first needed; not counted. */
const WARM_UP = 5;

/**
 * Asks for packages one after the other, each once, all over those that there are.
 *
 * @param nameOf a package, for each number below `packages`
 * @param cpuMicros what was used so far
 * @throws Error for any answer but 200
 */
export async function readFirst(
  url: string,
  packages: number,
  nameOf: (number: number) => string,
  cpuMicros: () => number,
): Promise<FirstReads> {
  const checkpoint = await fetch(`${url}/${paths.fetchCheckpoint()}`);
  const { logLength } = decodeSignedCheckpoint(await checkpoint.text()).contents;
  const count = Math.min(READS, packages);
  const warm = Math.floor(count / WARM_UP);
  let before = 0;
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    if (i === warm) before = cpuMicros();
    // A prime apart: neighbours are not asked for together.
    const logId = packageLogId(parsePackageName(nameOf((i * 7919) % packages)));
    const answer = await fetch(`${url}/${formatProvedLogRequest({ logId, logLength })}`);
    const body = await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${answer.status} for ${answer.url}`);
    if (i >= warm) bytes += body.byteLength;
  }
  return { cpuMicros: (cpuMicros() - before) / (count - warm), bytes: bytes / (count - warm) };
}
