// What the registry allocates for what it publishes and answers, sockets left out.

import { packageLogId, parsePackageName } from '@warg/protocol';
import {
  decodeSignedCheckpoint,
  encodeConsistencyRequest,
  encodeFetchLogsRequest,
  encodeInclusionRequest,
  paths,
} from '@warg/protocol/api';
import { type Allocated, allocatedBy } from './allocated.ts';
import { packageOf } from './publisher.ts';
import { type CountedRegistry, countedRegistry } from './registry.ts';

const FILLED = 1000;
const BATCH = 200;
const READS = 200;
/** More, since the writer looks at the store once in a while, and here it comes to its turn. */
const CHECKPOINTS = 2000;
const PROOFS = 20;

interface Reads {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly times: number;
  /** Different for each number, so that no answer is one that was kept. */
  readonly bodyOf: (n: number) => string | undefined;
}

export async function countServer(): Promise<Record<string, Allocated>> {
  const counted = await countedRegistry();
  const names = Array.from({ length: FILLED }, (_, n) => `test:filled${n}`);
  await counted.publish(names.flatMap((name) => packageOf(name, 1)));
  const batchOf = (what: string) =>
    Array.from({ length: BATCH }, (_, n) => packageOf(`test:${what}${n}`, 1)).flat();
  const [first, second] = [batchOf('first'), batchOf('second')];
  await counted.publish(first);
  const published = await allocatedBy(BATCH, () => counted.publish(second));
  const reads = await countReads(counted, names);
  await counted.registry.close();
  return { 'server: a published record, 200 at once': published, ...reads };
}

async function countReads(
  { ask }: CountedRegistry,
  names: readonly string[],
): Promise<Record<string, Allocated>> {
  const { logLength } = decodeSignedCheckpoint(await ask('GET', paths.fetchCheckpoint())).contents;
  // Neighbours are not asked for together.
  const spread = (n: number, below: number) => (n * 37) % below;
  const leafs = (n: number, count: number) =>
    encodeInclusionRequest({
      logLength,
      leafs: Array.from({ length: count }, (_, i) => 1 + spread(n + 27 * i, logLength - 1)),
    });
  const reads: Record<string, Reads> = {
    'the checkpoint': {
      method: 'GET',
      path: paths.fetchCheckpoint(),
      times: CHECKPOINTS,
      bodyOf: () => undefined,
    },
    'a fetched log': {
      method: 'POST',
      path: paths.fetchLogs(),
      times: READS,
      bodyOf: (n) => {
        const name = parsePackageName(names[spread(n, FILLED)]!);
        return encodeFetchLogsRequest({ logLength, packages: new Map([[packageLogId(name), null]]) });
      },
    },
    'a proof of consistency': {
      method: 'POST',
      path: paths.proveConsistency(),
      times: READS,
      bodyOf: (n) => encodeConsistencyRequest({ from: 1 + spread(n, logLength - 1), to: logLength }),
    },
    'a proof of inclusion of 1': {
      method: 'POST',
      path: paths.proveInclusion(),
      times: READS,
      bodyOf: (n) => leafs(n, 1),
    },
    'a proof of inclusion of 50': {
      method: 'POST',
      path: paths.proveInclusion(),
      times: PROOFS,
      bodyOf: (n) => leafs(n, 50),
    },
  };
  const counted: Record<string, Allocated> = {};
  for (const [what, { method, path, times, bodyOf }] of Object.entries(reads)) {
    const bodies = Array.from({ length: 2 * times }, (_, n) => bodyOf(n));
    const read = async (some: typeof bodies) => {
      for (const body of some) await ask(method, path, body);
    };
    await read(bodies.slice(0, times));
    counted[`server: ${what}`] = await allocatedBy(times, () => read(bodies.slice(times)));
    if (what !== 'a fetched log') continue;
    counted[`server: ${what}, asked for again`] = await allocatedBy(times, () => read(bodies.slice(times)));
  }
  return counted;
}
