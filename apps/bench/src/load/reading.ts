import {
  encodeConsistencyRequest,
  encodeFetchLogsRequest,
  encodeInclusionRequest,
  paths,
} from '@warg/protocol/api';
import { requestBytes } from './connection.ts';
import { distributionOf } from './distribution.ts';
import type { Readings, ReadJob, ReadKind } from './jobs.ts';
import { onEachConnection } from './publishing.ts';
import type { SignedRecord } from './records.ts';

/** What there is to read. */
export interface Library {
  readonly url: URL;
  readonly logLength: number;
  readonly records: readonly SignedRecord[];
}

/** How many different requests of a kind are made. They are spread over all of the log, and repeated. */
const VARIETY = 2000;

/** Reads as fast as the connections take it. @throws Error for any answer but 200 */
export async function read(library: Library, job: ReadJob): Promise<Readings> {
  const { kind, count = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY, connections } = job;
  const requests = Array.from({ length: VARIETY }, (_, i) => requestOf(library, kind, i));
  const millis: number[] = [];
  const started = performance.now();
  const end = started + 1000 * seconds;
  let begun = 0;
  await onEachConnection(library.url, Math.min(connections, count), async (connection) => {
    for (let sent = performance.now(); begun < count && sent < end; ) {
      const { status, body } = await connection.request(requests[begun++ % VARIETY]!);
      if (status !== 200) throw new Error(`${status} for ${kind}: ${body}`);
      const answered = performance.now();
      millis.push(answered - sent);
      sent = answered;
    }
  });
  const perSecond = (1000 * millis.length) / (performance.now() - started);
  return { count: millis.length, perSecond, millis: distributionOf(millis) };
}

function requestOf({ url, logLength, records }: Library, kind: ReadKind, i: number): Buffer {
  const post = (path: string, body: string) => requestBytes(url, 'POST', path, body);
  // A prime apart from each other: neighbours are not asked for together.
  const spread = (n: number) => (n * 7919) % (logLength - 1);
  switch (kind) {
    case 'checkpoint':
      return requestBytes(url, 'GET', paths.fetchCheckpoint());
    case 'logs': {
      const { logId } = records[spread(i) % records.length]!;
      const packages = new Map([[logId, null]]);
      return post(paths.fetchLogs(), encodeFetchLogsRequest({ logLength, packages }));
    }
    case 'consistency':
      return post(paths.proveConsistency(), encodeConsistencyRequest({ from: 1 + spread(i), to: logLength }));
    case 'inclusion1':
      return post(paths.proveInclusion(), encodeInclusionRequest({ logLength, leafs: [1 + spread(i)] }));
    case 'inclusion50': {
      const leafs = Array.from({ length: 50 }, (_, n) => 1 + spread(50 * i + n));
      return post(paths.proveInclusion(), encodeInclusionRequest({ logLength, leafs }));
    }
  }
}
