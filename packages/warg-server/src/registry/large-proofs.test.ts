import { digestToBytes } from '@warg/crypto';
import { type LogId, logLeafBytes, mapKeyBytes, mapLeafBytes } from '@warg/protocol';
import { hashLeaf, verifyLogBundle, verifyMapAbsence, verifyMapBundle } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestNamed, type TestRecord, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';

const PACKAGES = 600;
let registry: TestRegistry;
const records: TestRecord[] = [];

beforeAll(async () => {
  registry = await testRegistry();
  const { key } = testPackage('test:key');
  for (let i = 0; i < PACKAGES; i++) {
    records.push(testPackage(`test:p${i}`, { key, now: registry.clock.now }).init());
  }
  await Promise.all(records.map((record) => registry.core.submit(record)));
  await registry.writer.idle();
});
afterAll(() => registry.core.close());

/** How many turns of the event loop others had while this ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  await work();
  clearImmediate(next);
  return turns;
}

describe('a proof of many', () => {
  it('is that of all of them, and leaves others their turn: inclusion', async () => {
    const { contents } = (await registry.core.latestCheckpoint()).checkpoint;
    const leaves = await Promise.all(
      records.map(async ({ logId, recordId }) => {
        const status = await registry.core.recordStatus(logId, recordId);
        if (status.state !== 'published') throw new Error(status.state);
        return { logId, recordId, index: status.registryIndex };
      }),
    );
    const prove = () =>
      registry.core.proveInclusion(
        contents.logLength,
        leaves.map(({ index }) => index),
      );
    for (const { log, map } of await Promise.all([prove(), prove()])) {
      verifyLogBundle(log, {
        length: contents.logLength,
        root: digestToBytes(contents.logRoot),
        leaves: leaves.map((leaf) => ({ index: leaf.index, hash: hashLeaf(logLeafBytes(leaf)) })),
      });
      verifyMapBundle(map, {
        root: digestToBytes(contents.mapRoot),
        entries: leaves.map(({ logId, recordId }) => ({
          key: mapKeyBytes(logId),
          leafHash: hashLeaf(mapLeafBytes(recordId)),
        })),
      });
    }
    expect(await turnsDuring(prove)).toBeGreaterThanOrEqual(2);
  });

  it('is that of all of them, and leaves others their turn: absence', async () => {
    const { contents } = (await registry.core.latestCheckpoint()).checkpoint;
    const logIds = records.map((_, i) => digestNamed(`nobody ${i}`) as LogId);
    const prove = () => registry.core.proveAbsence(contents.logLength, logIds);
    verifyMapAbsence(await prove(), {
      root: digestToBytes(contents.mapRoot),
      keys: logIds.map(mapKeyBytes),
    });
    expect(await turnsDuring(prove)).toBeGreaterThanOrEqual(2);
  });

  it('is refused for one that does not fit, and the next one is made', async () => {
    const { logLength } = (await registry.core.latestCheckpoint()).checkpoint.contents;
    const logIds = records.map((_, i) => digestNamed(`nobody ${i}`) as LogId);
    const wrong = registry.core.proveAbsence(logLength, [...logIds, records[0]!.logId]);
    const right = registry.core.proveAbsence(logLength, logIds);
    await expect(wrong).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('not absent'),
    });
    expect((await right).length).toBeGreaterThan(0);
  });
});
