import { digestToBytes, generatePrivateKey } from '@warg/crypto';
import {
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  packageLogId,
  packageRecordId,
  parsePackageName,
  type RecordId,
} from '@warg/protocol';
import {
  decodeAbsenceResponse,
  decodeFetchLogsResponse,
  decodeInclusionResponse,
  decodeSignedCheckpoint,
  encodePublishRecordRequest,
  paths,
} from '@warg/protocol/api';
import {
  encodeTilePath,
  hashLeaf,
  verifyLogBundle,
  verifyMapAbsence,
  verifyMapBundle,
} from '@warg/transparency';
import { testPackage } from '../publisher.ts';
import { filledName } from './fill-store.ts';

export interface LoadOptions {
  readonly url: string;
  readonly namespace: string;
  /** How many packages were filled in. */
  readonly packages: number;
  /** Rounds of all kinds of requests together. */
  readonly rounds: number;
}

/** Publishes and proves, eight at a time, all over the registry, and verifies what it is told. */
export async function loadServer(options: LoadOptions): Promise<void> {
  let left = options.rounds;
  const key = generatePrivateKey();
  const run = `${process.pid}x${Date.now()}`;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let n = left--; n > 0; n = left--) {
        await publish(options, `${options.namespace}:n${run}x${n}`, key);
        await proveSome(options);
        await readTiles(options);
      }
    }),
  );
}

async function publish(
  { url }: LoadOptions,
  name: string,
  key: ReturnType<typeof generatePrivateKey>,
): Promise<void> {
  const { logId, packageName, envelope } = testPackage(name, { key }).init();
  const body = encodePublishRecordRequest({ packageName, record: envelope, contentSources: new Map() });
  await call(`${url}/${paths.publishRecord(logId)}`, body, 202);
}

async function proveSome({ url, namespace, packages }: LoadOptions): Promise<void> {
  const { contents } = decodeSignedCheckpoint(await call(`${url}/${paths.fetchCheckpoint()}`));
  const { logLength } = contents;
  const numbers = Array.from({ length: 50 }, () => Math.floor(Math.random() * packages));
  const names = [...new Set(numbers)];
  const logIds = names.map((number) => packageLogId(parsePackageName(filledName(namespace, number))));
  const fetched = decodeFetchLogsResponse(
    await call(
      `${url}/${paths.fetchLogs()}`,
      JSON.stringify({ logLength, packages: Object.fromEntries(logIds.map((id) => [id, null])) }),
    ),
  );
  const recordIds: RecordId[] = logIds.map((logId) =>
    packageRecordId(fetched.packages.get(logId)!.at(-1)!.contentBytes),
  );
  const leafs = names.map((number) => number + 1);
  const { log, map } = decodeInclusionResponse(
    await call(`${url}/${paths.proveInclusion()}`, JSON.stringify({ logLength, leafs })),
  );
  const leaves = leafs.map((index, i) => ({
    index,
    hash: hashLeaf(logLeafBytes({ logId: logIds[i]!, recordId: recordIds[i]! })),
  }));
  verifyLogBundle(log, { length: logLength, root: digestToBytes(contents.logRoot), leaves });
  const root = digestToBytes(contents.mapRoot);
  const entries = logIds.map((logId, i) => ({
    key: mapKeyBytes(logId),
    leafHash: hashLeaf(mapLeafBytes(recordIds[i]!)),
  }));
  verifyMapBundle(map, { root, entries });
  const absent = numbers.map((n) =>
    packageLogId(parsePackageName(`${namespace}:absent-${String.fromCharCode(97 + (n % 26))}${n}`)),
  );
  const proof = decodeAbsenceResponse(
    await call(`${url}/${paths.proveAbsence()}`, JSON.stringify({ logLength, logIds: absent })),
  );
  verifyMapAbsence(proof.map, { root, keys: absent.map(mapKeyBytes) });
}

async function readTiles({ url, packages }: LoadOptions): Promise<void> {
  const index = Math.floor((Math.random() * packages) / 256);
  for (const level of [0, 'entries'] as const) {
    const response = await fetch(`${url}/${encodeTilePath({ level, index, width: 1 })}`);
    if (response.status !== 200) throw new Error(`${response.status} for a tile`);
    await response.arrayBuffer();
  }
}

async function call(url: string, body?: string, expected = 200): Promise<string> {
  const response = await fetch(
    url,
    body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body },
  );
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${response.status} for ${url}: ${text}`);
  return text;
}
