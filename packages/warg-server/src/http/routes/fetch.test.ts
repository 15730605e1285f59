import { verifyCheckpointSignature } from '@warg/protocol';
import { decodeFetchLogsResponse, decodeSignedCheckpoint, paths } from '@warg/protocol/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestNamed, releaseEntry, testPackage } from '../../../test/publisher.ts';
import { contentNamed, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
const pkg = testPackage('test:hello');

beforeAll(async () => {
  const versions = ['0.1.0', '0.2.0', '0.3.0'];
  const opened = await openRegistry({ content: contentNamed(...versions) });
  registry = opened;
  call = opened.call;
  await call.settle(pkg.init());
  for (const version of versions) await call.settle(pkg.release(version));
});
afterAll(() => registry.close());

const logLength = 5;

describe('v1/fetch/checkpoint', () => {
  it('gives the newest checkpoint, signed by the operator', async () => {
    const answer = await call.get(paths.fetchCheckpoint());
    const checkpoint = decodeSignedCheckpoint(answer.text);
    expect(checkpoint.contents.logLength).toBe(logLength);
    verifyCheckpointSignature(checkpoint, registry.operatorKey);
    expect(answer.headers.get('content-type')).toBe('application/json');
  });
});

describe('v1/fetch/logs', () => {
  const fetchLogs = async (body: object) => {
    const answer = await call.post(paths.fetchLogs(), body);
    expect(answer.status, answer.text).toBe(200);
    return decodeFetchLogsResponse(answer.text);
  };

  it('gives the operator log and the logs asked for', async () => {
    const { more, operator, packages } = await fetchLogs({ logLength, packages: { [pkg.logId]: null } });
    expect(more).toBe(false);
    expect(operator.map((record) => record.registryIndex)).toEqual([0]);
    expect([...packages.keys()]).toEqual([pkg.logId]);
    expect(packages.get(pkg.logId)?.map((record) => record.registryIndex)).toEqual([1, 2, 3, 4]);
  });

  it('gives each log up to the limit, and the rest after the token of the last record', async () => {
    const first = await fetchLogs({ logLength, limit: 3, packages: { [pkg.logId]: null } });
    expect(first.more).toBe(true);
    const known = first.packages.get(pkg.logId)!;
    expect(known).toHaveLength(3);
    const rest = await fetchLogs({
      logLength,
      limit: 3,
      operator: first.operator.at(-1)?.fetchToken,
      packages: { [pkg.logId]: known.at(-1)?.fetchToken },
    });
    expect(rest.more).toBe(false);
    expect(rest.operator).toEqual([]);
    expect(rest.packages.get(pkg.logId)?.map((record) => record.registryIndex)).toEqual([4]);
  });

  it('stops at the length that was asked for', async () => {
    const { packages } = await fetchLogs({ logLength: 3, packages: { [pkg.logId]: null } });
    expect(packages.get(pkg.logId)?.map((record) => record.registryIndex)).toEqual([1, 2]);
  });

  const unknown = `sha256:${'ab'.repeat(32)}`;
  it.each([
    ['a length that was never signed', { logLength: 99 }, { status: 404, type: 'logLength', id: 99 }],
    [
      'a log that is not here',
      { logLength, packages: { [unknown]: null } },
      { status: 404, type: 'log', id: unknown },
    ],
    [
      'a log that begins later',
      { logLength: 1, packages: { [pkg.logId]: null } },
      { status: 404, type: 'log', id: pkg.logId },
    ],
    [
      'a token that is no record',
      { logLength, packages: { [pkg.logId]: 'x' } },
      { status: 404, type: 'fetchToken', id: 'x' },
    ],
    [
      'an unknown operator token',
      { logLength, operator: unknown },
      { status: 404, type: 'fetchToken', id: unknown },
    ],
  ])('has no answer to %s', async (_, body, error) => {
    const answer = await call.post(paths.fetchLogs(), body);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual(error);
  });

  it('says a length beyond 2^53 as it was written', async () => {
    const answer = await call.post(paths.fetchLogs(), '{"logLength":18446744073709551615}');
    expect(answer.status).toBe(404);
    expect(answer.text).toBe('{"status":404,"type":"logLength","id":18446744073709551615}');
  });

  it.each([0, 1001])('refuses the limit %i', async (limit) => {
    const answer = await call.post(paths.fetchLogs(), { logLength, limit });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      status: 400,
      message: `invalid records limit value \`${limit}\`: must be between 1 and 1000`,
    });
  });

  it('refuses members that it does not know', async () => {
    expect((await call.post(paths.fetchLogs(), { logLength, packagez: {} })).status).toBe(422);
  });

  it('stops filling an answer at 8 MiB and says that there is more', async () => {
    const big = await openRegistry({ content: contentNamed('same') });
    const releases = (major: number) =>
      Array.from({ length: 7500 }, (_, minor) => releaseEntry(`${major}.${minor}.0`, digestNamed('same')));
    const large = ['test:a', 'test:b', 'test:c'].map((name) => testPackage(name));
    for (const each of large) {
      await big.call.settle(each.init());
      for (let n = 0; n < 4; n++) await big.call.settle(each.record(releases(n)));
    }
    let request: { logLength: number; packages: Record<string, string | null> } = {
      logLength: 16,
      packages: Object.fromEntries(large.map(({ logId }) => [logId, null])),
    };
    const answer = await big.call.post(paths.fetchLogs(), request);
    expect(answer.bytes.byteLength).toBeLessThan(9 * 2 ** 20);
    let found = 0;
    for (let more = true; more; ) {
      const part = decodeFetchLogsResponse((await big.call.post(paths.fetchLogs(), request)).text);
      more = part.more;
      const packages = { ...request.packages };
      for (const [logId, records] of part.packages) {
        found += records.length;
        packages[logId] = records.at(-1)?.fetchToken ?? packages[logId] ?? null;
      }
      request = { ...request, packages };
    }
    expect(found).toBe(15);
    await big.close();
  });

  it('takes 10,000 logs in one request, and no more', async () => {
    const ids = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`sha256:${n.toString(16).padStart(64, '0')}`, null]),
      );
    const most = await call.post(paths.fetchLogs(), { logLength, packages: ids(10_000) });
    expect(most.json()).toMatchObject({ status: 404, type: 'log' });
    expect((await call.post(paths.fetchLogs(), { logLength, packages: ids(10_001) })).status).toBe(413);
  });
});

describe('v1/fetch/names', () => {
  it('gives names by log id', async () => {
    const answer = await call.post(paths.fetchNames(), { packages: [pkg.logId] });
    expect(answer.json()).toEqual({ packages: { [pkg.logId]: 'test:hello' } });
  });

  it('fails as a whole for an unknown one', async () => {
    const unknown = `sha256:${'ab'.repeat(32)}`;
    const answer = await call.post(paths.fetchNames(), { packages: [pkg.logId, unknown] });
    expect(answer.json()).toEqual({ status: 404, type: 'log', id: unknown });
  });

  it('answers the first thousand', async () => {
    const unknown = `sha256:${'ab'.repeat(32)}`;
    const packages = [...Array(1000).fill(pkg.logId), unknown];
    expect((await call.post(paths.fetchNames(), { packages })).status).toBe(200);
  });
});
