import { decodeBase64, digestToBytes } from '@warg/crypto';
import { logLeafBytes, mapKeyBytes, mapLeafBytes, type SignedCheckpoint } from '@warg/protocol';
import { decodeSignedCheckpoint, paths } from '@warg/protocol/api';
import { hashLeaf, verifyLogBundle, verifyMapAbsence, verifyMapBundle } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestRecord, testPackage } from '../../../test/publisher.ts';
import { contentNamed, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const pkg = testPackage('test:hello');
const other = testPackage('test:other');
const absent = testPackage('test:absent');
const checkpoints: SignedCheckpoint[] = [];
const heads: TestRecord[] = [];

beforeAll(async () => {
  const opened = await openRegistry({ content: contentNamed('1.0.0') });
  registry = opened;
  call = opened.call;
  for (const record of [pkg.init(), other.init(), pkg.release('1.0.0')]) {
    await call.settle(record);
    checkpoints.push(decodeSignedCheckpoint((await call.get(paths.fetchCheckpoint())).text));
    heads.push(record);
  }
});
afterAll(() => registry.close());

const latest = () => checkpoints[2]!.contents;
const bundle = (value: unknown): Uint8Array => decodeBase64(value as string);

describe('v1/proof/inclusion', () => {
  it('proves the heads of logs in log and map', async () => {
    const [, second, third] = heads as [TestRecord, TestRecord, TestRecord];
    const { logLength, logRoot, mapRoot } = latest();
    const answer = await call.post(paths.proveInclusion(), { logLength, leafs: [2, 3] });
    const { log, map } = answer.json();
    verifyLogBundle(bundle(log), {
      length: logLength,
      root: digestToBytes(logRoot),
      leaves: [second, third].map((record, n) => ({ index: n + 2, hash: hashLeaf(logLeafBytes(record)) })),
    });
    verifyMapBundle(bundle(map), {
      root: digestToBytes(mapRoot),
      entries: [second, third].map(({ logId, recordId }) => ({
        key: mapKeyBytes(logId),
        leafHash: hashLeaf(mapLeafBytes(recordId)),
      })),
    });
  });

  it.each([
    ['a length that was not signed', { logLength: 99, leafs: [1] }, 404, { type: 'logLength', id: 99 }],
    ['length 0', { logLength: 0, leafs: [0] }, 404, { type: 'logLength', id: 0 }],
    ['a leaf behind the end', { logLength: 4, leafs: [4] }, 404, { type: 'leaf', id: 4 }],
    ['a leaf that is no head', { logLength: 4, leafs: [1] }, 422, { reason: expect.any(String) }],
    ['no leaf', { logLength: 4, leafs: [] }, 422, { reason: 'failure' }],
  ])('has no proof for %s', async (_, request, status, body) => {
    const answer = await call.post(paths.proveInclusion(), request);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ status, ...body });
  });

  it('takes numbers beyond 2^53 as what is not there', async () => {
    const leaf = await call.post(paths.proveInclusion(), '{"logLength":4,"leafs":[18446744073709551615]}');
    expect(leaf.text).toBe('{"status":404,"type":"leaf","id":18446744073709551615}');
    const length = await call.post(paths.proveInclusion(), '{"logLength":9007199254740993,"leafs":[1]}');
    expect(length.text).toBe('{"status":404,"type":"logLength","id":9007199254740993}');
  });

  it('proves 10,001 leafs at most', async () => {
    const leafs = Array(10_002).fill(0);
    expect((await call.post(paths.proveInclusion(), { logLength: 4, leafs })).status).toBe(413);
  });
});

describe('v1/proof/consistency', () => {
  it('proves that one checkpoint continues another', async () => {
    const [from] = checkpoints as [SignedCheckpoint];
    const { logLength, logRoot } = latest();
    const answer = await call.post(paths.proveConsistency(), {
      from: from.contents.logLength,
      to: logLength,
    });
    verifyLogBundle(bundle(answer.json()['proof']), {
      length: logLength,
      root: digestToBytes(logRoot),
      from: [{ length: from.contents.logLength, root: digestToBytes(from.contents.logRoot) }],
    });
  });

  it.each([
    [0, 4, 422],
    [3, 2, 422],
    [1, 5, 404],
  ])('has no proof from %i to %i', async (from, to, status) => {
    const answer = await call.post(paths.proveConsistency(), { from, to });
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ status });
  });
});

describe('v1/proof/absence', () => {
  it('proves that a package is not there', async () => {
    const { logLength, mapRoot } = latest();
    const answer = await call.post(paths.proveAbsence(), { logLength, logIds: [absent.logId] });
    verifyMapAbsence(bundle(answer.json()['map']), {
      root: digestToBytes(mapRoot),
      keys: [mapKeyBytes(absent.logId)],
    });
  });

  it('has no such proof for one that is there, nor for none', async () => {
    for (const logIds of [[pkg.logId], []]) {
      const answer = await call.post(paths.proveAbsence(), { logLength: 4, logIds });
      expect(answer.json()).toMatchObject({ status: 422, reason: 'failure' });
    }
  });
});
