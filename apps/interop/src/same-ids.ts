// The ids of what stands in a registry, computed anew by our packages: of each record, of each log, and of every
// checkpoint the registry has signed, whose roots are rebuilt from the ledger.

import { decodeBase64, digestFromBytes, keyIdOf, publicKeyOf } from '@warg/crypto';
import {
  type Checkpoint,
  checkpointId,
  decodeSignedCheckpoint,
  logLeafBytes,
  mapKeyBytes,
  mapLeafBytes,
  operatorRecordId,
  packageLogId,
  packageRecordId,
  parseLogId,
  parsePackageName,
  parseRecordId,
  verifyCheckpointSignature,
} from '@warg/protocol';
import {
  EMPTY_MAP,
  hashLeaf,
  MerkleLog,
  MerkleMap,
  memoryLogStore,
  memoryMapStore,
} from '@warg/transparency';
import { check, equal } from './checks.ts';
import { exchange } from './differential/exchange.ts';
import { fullLength, keys, records, type View } from './differential/world.ts';

export async function checkSameIds(view: View): Promise<void> {
  const { registry } = view;
  const whose = registry.kind === 'rust' ? 'Rust' : 'our';
  await check(`${whose} server: record ids and log ids are those that we compute`, async () => {
    const packages = Object.fromEntries(records.map(({ logId }) => [logId, null]));
    const logs = await ask(view, '/v1/fetch/logs', { logLength: fullLength, packages });
    for (const [logId, published] of Object.entries<PublishedRecord[]>(logs.packages)) {
      const names = await ask(view, '/v1/fetch/names', { packages: [logId] });
      equal(packageLogId(parsePackageName(names.packages[logId])), logId, 'log id');
      for (const { contentBytes, fetchToken } of published) {
        equal(packageRecordId(decodeBase64(contentBytes)), fetchToken, 'record id');
      }
    }
    for (const { contentBytes, fetchToken } of logs.operator as PublishedRecord[]) {
      equal(operatorRecordId(decodeBase64(contentBytes)), fetchToken, 'operator record id');
    }
  });
  await check(`${whose} server: every checkpoint is the one that we rebuild from its ledger`, async () => {
    const rebuilt = await rebuildCheckpoints(view);
    for (const [length, signed] of view.checkpoints) {
      const { contents } = decodeSignedCheckpoint(JSON.stringify(signed));
      equal(
        checkpointId(contents),
        checkpointId(rebuilt[length - 1]!),
        `id of the checkpoint of length ${length}`,
      );
    }
  });
  await check(`${whose} server: every checkpoint is signed by the operator`, () => {
    const operator = publicKeyOf(keys.operator);
    for (const signed of view.checkpoints.values()) {
      equal(signed.keyId, keyIdOf(operator), 'key id');
      verifyCheckpointSignature(decodeSignedCheckpoint(JSON.stringify(signed)), operator);
    }
  });
}

interface PublishedRecord {
  readonly contentBytes: string;
  readonly fetchToken: string;
}

/** The checkpoint after each record of the ledger, built by our log and our map. */
async function rebuildCheckpoints(view: View): Promise<Checkpoint[]> {
  const answer = await exchange(view.registry.url, { method: 'GET', path: '/v1/ledger/records/0' });
  if ('dropped' in answer || answer.status !== 200) throw new Error('the ledger cannot be read');
  const log = await MerkleLog.open(memoryLogStore());
  const map = await MerkleMap.open(memoryMapStore());
  const checkpoints: Checkpoint[] = [];
  let mapRoot = EMPTY_MAP;
  for (let at = 0; at < answer.body.length; at += 64) {
    const logId = parseLogId(digestFromBytes(answer.body.subarray(at, at + 32)));
    const recordId = parseRecordId(digestFromBytes(answer.body.subarray(at + 32, at + 64)));
    await log.append([hashLeaf(logLeafBytes({ logId, recordId }))]);
    mapRoot = await map.update(mapRoot, [[mapKeyBytes(logId), hashLeaf(mapLeafBytes(recordId))]]);
    checkpoints.push({
      logLength: log.length,
      logRoot: digestFromBytes(await log.rootAt(log.length)),
      mapRoot: digestFromBytes(mapRoot.hash),
    });
  }
  return checkpoints;
}

// biome-ignore lint/suspicious/noExplicitAny: the answer of a registry that is being tested
async function ask(view: View, path: string, body: unknown): Promise<any> {
  const headers = { 'content-type': 'application/json' };
  const answer = await exchange(view.registry.url, {
    method: 'POST',
    path,
    headers,
    body: JSON.stringify(body),
  });
  if ('dropped' in answer || answer.status !== 200)
    throw new Error(`${path} failed: ${JSON.stringify(answer)}`);
  return JSON.parse(answer.body.toString('utf8'));
}
