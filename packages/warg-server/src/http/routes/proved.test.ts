import { digestToBytes } from '@warg/crypto';
import { logLeafBytes, mapKeyBytes, mapLeafBytes, OPERATOR_LOG_ID, operatorRecordId } from '@warg/protocol';
import {
  decodeProvedLogResponse,
  decodeSignedCheckpoint,
  formatProvedLogRequest,
  type InclusionResponse,
  limits,
  type ProvedLogRequest,
  parseFeatures,
  paths,
} from '@warg/protocol/api';
import { hashLeaf, verifyLogBundle, verifyMapBundle } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateRegistry, privateRegistry } from '../../../test/private-registry.ts';
import { releaseEntry, type TestRecord, testPackage } from '../../../test/publisher.ts';
import { contentNamed, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const pkg = testPackage('test:hello');
const large = testPackage('test:large');
const records: TestRecord[] = [];
const largeRecords: TestRecord[] = [];
let logLength: number;

beforeAll(async () => {
  const opened = await openRegistry({ content: await contentNamed('1.0.0') });
  registry = opened;
  call = opened.call;
  for (const record of [pkg.init(), pkg.release('1.0.0')]) {
    await call.settle(record);
    records.push(record);
  }
  // Records of some 500 KiB as JSON, of which two make an answer.
  const releases = (major: number) =>
    Array.from({ length: 4000 }, (_, n) => ({
      ...releaseEntry('1.0.0'),
      version: `${major}.0.${n}` as never,
    }));
  for (const record of [large.init(...releases(1)), ...[2, 3, 4].map((n) => large.record(releases(n)))]) {
    await call.settle(record);
    largeRecords.push(record);
  }
  logLength = latest(await call.get(paths.fetchCheckpoint())).contents.logLength;
});
afterAll(() => registry.close());

const latest = ({ text }: { text: string }) => decodeSignedCheckpoint(text);

async function ask(request: Partial<ProvedLogRequest> = {}) {
  const path = formatProvedLogRequest({ logId: pkg.logId, logLength, ...request });
  const answer = await call.get(path);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.bytes.byteLength).toBeLessThan(limits.provedAnswer);
  return decodeProvedLogResponse(answer.text);
}

function verifyHead(
  inclusion: InclusionResponse | undefined,
  { contents }: { readonly contents: { logLength: number; logRoot: string; mapRoot: string } },
  leaf: Parameters<typeof logLeafBytes>[0],
  index: number,
): void {
  verifyLogBundle(inclusion!.log, {
    length: contents.logLength,
    root: digestToBytes(contents.logRoot as never),
    leaves: [{ index, hash: hashLeaf(logLeafBytes(leaf)) }],
  });
  verifyMapBundle(inclusion!.map, {
    root: digestToBytes(contents.mapRoot as never),
    entries: [{ key: mapKeyBytes(leaf.logId), leafHash: hashLeaf(mapLeafBytes(leaf.recordId)) }],
  });
}

describe('v1/proved', () => {
  it('is announced beside the newest checkpoint', async () => {
    const { headers } = await call.get(paths.fetchCheckpoint());
    expect(parseFeatures(headers.get('warg-features'))).toContain('proved');
    expect(headers.get('access-control-expose-headers')).toContain('warg-features');
    const etag = headers.get('etag')!;
    const again = await call.get(paths.fetchCheckpoint(), { 'if-none-match': etag });
    expect([again.status, again.headers.get('warg-features')]).toEqual([304, 'proved']);
  });

  it('has all that it takes to verify a package', async () => {
    const { checkpoint, more, operator, log } = await ask();
    expect(checkpoint).toEqual(latest(await call.get(paths.fetchCheckpoint())));
    expect(more).toBe(false);
    expect(operator!.records.map(({ registryIndex }) => registryIndex)).toEqual([0]);
    expect(log.records.map(({ registryIndex }) => registryIndex)).toEqual([1, 2]);
    verifyHead(log.inclusion, checkpoint, records[1]!, 2);
    const recordId = operatorRecordId(operator!.records[0]!.contentBytes);
    verifyHead(operator!.inclusion, checkpoint, { logId: OPERATOR_LOG_ID, recordId }, 0);
  });

  it('goes on behind what is known, and proves the heads all the same', async () => {
    const whole = await ask();
    const rest = await ask({
      after: whole.log.records[0]!.fetchToken,
      operator: whole.operator!.records[0]!.fetchToken,
    });
    expect(rest.operator).toEqual({ ...whole.operator, records: [] });
    expect(rest.log).toEqual({ ...whole.log, records: whole.log.records.slice(1) });
    const nothing = await ask({ after: whole.log.records[1]!.fetchToken });
    expect(nothing.log).toEqual({ ...whole.log, records: [] });
  });

  it('is as of the length that is asked for', async () => {
    const { checkpoint, log } = await ask({ logLength: 2 });
    expect(checkpoint.contents.logLength).toBe(2);
    verifyHead(log.inclusion, checkpoint, records[0]!, 1);
  });

  it('has the operator log by itself', async () => {
    const { operator, log } = await ask();
    const alone = await ask({ logId: OPERATOR_LOG_ID });
    expect(alone.operator).toBeUndefined();
    expect(alone.log).toEqual(operator);
    expect(log).not.toEqual(operator);
  });

  it('comes in parts where it is large, and the last one has the proofs', async () => {
    let known: Pick<ProvedLogRequest, 'after' | 'operator'> = {};
    const found: number[] = [];
    for (let parts = 1; ; parts++) {
      const { more, operator, log, checkpoint } = await ask({ logId: large.logId, ...known });
      found.push(...log.records.map(({ registryIndex }) => registryIndex));
      expect([operator!.inclusion !== undefined, log.inclusion !== undefined]).toEqual([!more, !more]);
      known = {
        after: log.records.at(-1)!.fetchToken,
        operator: operator!.records.at(-1)?.fetchToken ?? known.operator,
      };
      if (more) continue;
      expect(parts).toBeGreaterThan(1);
      verifyHead(log.inclusion, checkpoint, largeRecords[3]!, 6);
      break;
    }
    expect(found).toEqual([3, 4, 5, 6]);
  });

  it('never changes, and says so', async () => {
    const path = formatProvedLogRequest({ logId: pkg.logId, logLength: 3 });
    const answer = await call.get(path);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const etag = answer.headers.get('etag')!;
    expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/);
    await call.settle(testPackage('test:later').init());
    expect((await call.get(path)).text).toBe(answer.text);
    const kept = await call.get(path, { 'if-none-match': etag });
    expect([kept.status, kept.text]).toEqual([304, '']);
    expect(kept.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const others = [{ after: records[0]!.recordId }, { logLength: 2 }, { logId: large.logId, logLength: 4 }];
    for (const other of others) {
      const url = formatProvedLogRequest({ logId: pkg.logId, logLength: 3, ...other });
      expect((await call.get(url, { 'if-none-match': etag })).status).toBe(200);
    }
  });

  const unknown = `sha256:${'ab'.repeat(32)}`;
  it.each([
    ['a length that was never signed', () => `${pkg.logId}@99`, { type: 'logLength', id: 99 }],
    ['length 0', () => `${pkg.logId}@0`, { type: 'logLength', id: 0 }],
    ['a length beyond 2^53', () => `${pkg.logId}@18446744073709551615`, { type: 'logLength', id: 2 ** 64 }],
    ['a log that is not here', () => `${unknown}@3`, { type: 'log', id: unknown }],
    ['a log that begins later', () => `${pkg.logId}@1`, { type: 'log', id: pkg.logId }],
    ['no token', () => `${pkg.logId}@3?after=x`, { type: 'fetchToken', id: 'x' }],
    ['no operator token', () => `${pkg.logId}@3?operator=`, { type: 'fetchToken', id: '' }],
    [
      'the token of another log',
      () => `${pkg.logId}@3?operator=${records[0]!.recordId}`,
      { type: 'fetchToken', id: expect.any(String) },
    ],
  ])('says 404 to %s, and nothing keeps it', async (_, place, body) => {
    for (const headers of [{}, { 'if-none-match': '*' }] as Record<string, string>[]) {
      const answer = await call.get(`v1/proved/${place()}`, headers);
      expect(answer.json()).toEqual({ status: 404, ...body });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it.each([
    '',
    '@3',
    `${unknown}`,
    `${unknown}@`,
    `${unknown}@x`,
    `${unknown}@18446744073709551616`,
    `${unknown}@3?x=1`,
    `${unknown}@3?after=a&after=b`,
    `${unknown}@3?after=${'a'.repeat(2000)}`,
    `SHA256:${'ab'.repeat(32)}@3`,
  ])('refuses %s', async (place) => {
    const answer = await call.get(`v1/proved/${place}`);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('v1/proved of a private registry', () => {
  let hosted: PrivateRegistry;
  beforeAll(async () => {
    hosted = await privateRegistry({});
  });
  afterAll(() => hosted.close());

  it('is kept by nobody, and is not there for who may not read the package', async () => {
    const all = await hosted.addToken();
    const reader = await hosted.addToken({ scope: 'read', namespaces: ['ours'] });
    const [mine, their] = [testPackage('ours:mine'), testPackage('theirs:secret')];
    await hosted.publish(all, mine.init());
    await hosted.publish(all, their.init());
    const path = (logId: string) => `v1/proved/${logId}@3`;
    for (const logId of [mine.logId, OPERATOR_LOG_ID]) {
      const answer = await hosted.caller(reader).get(path(logId));
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      expect(answer.headers.get('vary')).toContain('Authorization');
    }
    for (const headers of [{}, { 'if-none-match': '*' }] as Record<string, string>[]) {
      const answer = await hosted.caller(reader).get(path(their.logId), headers);
      expect(answer.json()).toEqual({ status: 404, type: 'log', id: their.logId });
    }
    expect((await hosted.caller(all).get(path(their.logId))).status).toBe(200);
  });
});
