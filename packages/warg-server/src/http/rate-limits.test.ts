import { paths } from '@warg/protocol/api';
import { afterEach, describe, expect, it } from 'vitest';
import { privateRegistry, type TestToken } from '../../test/private-registry.ts';
import { testPackage } from '../../test/publisher.ts';
import { openRegistry, type RegistryCaller } from '../../test/registry-caller.ts';
import { OptionError, type Registry, type RegistryOptions } from '../create-registry.ts';

const registries: Registry[] = [];
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
});

async function open(options: Partial<RegistryOptions>): Promise<RegistryCaller> {
  const opened = await openRegistry(options);
  registries.push(opened);
  return opened.call;
}

// So slow that a test never waits long enough for one more.
const limits = { reads: { perSecond: 0.001, burst: 2 }, publishes: { perSecond: 0.001, burst: 1 } };

const read = (call: RegistryCaller, remoteAddress?: string, headers: Record<string, string> = {}) =>
  call.request(paths.fetchCheckpoint(), { headers }, remoteAddress === undefined ? {} : { remoteAddress });

describe('the limit of requests', () => {
  it('is of each address, and says when to come again', async () => {
    const call = await open({ rateLimits: limits });
    const first = await read(call, '192.0.2.1');
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"reads";q=2;w=2000');
    expect(first.headers.get('ratelimit')).toMatch(/^"reads";r=1;t=(999|1000)$/);
    expect((await read(call, '192.0.2.1')).status).toBe(200);
    const refused = await read(call, '192.0.2.1');
    expect(refused.status).toBe(429);
    expect(refused.json()).toMatchObject({
      status: 429,
      message: expect.stringMatching(/^too many requests/),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(900);
    expect(refused.headers.get('ratelimit')).toMatch(/^"reads";r=0;/);
    expect(refused.headers.get('access-control-expose-headers')).toContain('ratelimit');
    expect((await read(call, '192.0.2.2')).status).toBe(200);
  });

  it('is of an IPv6 network, and of an IPv4 address in whatever form', async () => {
    const call = await open({ rateLimits: limits });
    for (const [same, another] of [
      ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:3::'],
      ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1'],
    ].map((group) => [group, group[2]!] as const)) {
      expect((await read(call, same[0]!)).status).toBe(200);
      expect((await read(call, same[1]!)).status).toBe(200);
      expect((await read(call, another)).status).toBe(429);
    }
  });

  it('is another for records and uploads', async () => {
    const call = await open({ rateLimits: limits });
    const record = testPackage('test:a').init();
    const context = { remoteAddress: '192.0.2.1' };
    const send = (path: string) => call.request(path, { method: 'POST', body: '{}' }, context);
    expect((await send(paths.publishRecord(record.logId))).status).not.toBe(429);
    expect((await send(paths.publishRecord(record.logId))).status).toBe(429);
    expect((await send(paths.recordContent(record.logId, record.recordId, record.recordId))).status).toBe(
      429,
    );
    expect((await read(call, '192.0.2.1')).status).toBe(200);
  });

  it('is none where nobody set one, or nobody knows who asks', async () => {
    const free = await open({});
    const unknown = await open({ rateLimits: limits });
    for (let n = 0; n < 5; n++) {
      const answer = await read(free, '192.0.2.1');
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([200, null]);
      expect((await read(unknown)).status).toBe(200);
    }
  });

  it('cannot be passed with headers, but for those of a trusted proxy', async () => {
    const call = await open({ rateLimits: limits, trustedProxies: ['10.0.0.0/8'] });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const statuses = async (peer: string, forwarded: readonly string[]) => {
      const found: number[] = [];
      for (const address of forwarded) found.push((await read(call, peer, from(address))).status);
      return found;
    };
    expect(await statuses('198.51.100.7', ['1.1.1.1', '2.2.2.2', '3.3.3.3'])).toEqual([200, 200, 429]);
    expect(await statuses('10.0.0.1', ['1.1.1.1', '2.2.2.2', '3.3.3.3'])).toEqual([200, 200, 200]);
    // Whatever the client wrote stands to the left of what the proxy knows.
    const spoofed = ['5.5.5.5, 203.0.113.9', '6.6.6.6, 203.0.113.9', '7.7.7.7, 203.0.113.9'];
    expect(await statuses('10.0.0.1', spoofed)).toEqual([200, 200, 429]);
  });
});

describe('the limit of requests with a token', () => {
  const reads = { perSecond: 0.001, burst: 3 };

  it('is of the token, wherever it is used, and not of the address', async () => {
    const hosted = await privateRegistry({ rateLimits: { reads } });
    const [one, two] = [await hosted.addToken(), await hosted.addToken()];
    const statuses = async (token: TestToken | undefined, addresses: readonly string[]) => {
      const found: number[] = [];
      for (const address of addresses) found.push((await read(hosted.caller(token), address)).status);
      return found;
    };
    const [a, b] = ['192.0.2.1', '192.0.2.2'];
    expect(await statuses(one, [a, b, a, b])).toEqual([200, 200, 200, 429]);
    expect(await statuses(two, [a, a])).toEqual([200, 200]);
    expect(await statuses(undefined, [a, a, a, a])).toEqual([401, 401, 401, 429]);
    expect(await statuses(two, [a])).toEqual([200]);
    await hosted.close();
  });

  it('ends guessing of tokens from an address', async () => {
    const hosted = await privateRegistry({ rateLimits: { reads } });
    const token = await hosted.addToken();
    const guess = (remoteAddress: string) =>
      read(hosted.caller(), remoteAddress, { authorization: `Bearer ${token.text.slice(0, -1)}` });
    const found = [];
    for (let n = 0; n < 5; n++) found.push((await guess('192.0.2.1')).status);
    expect(found).toEqual([401, 401, 401, 429, 429]);
    expect((await guess('192.0.2.2')).status).toBe(401);
    await hosted.close();
  });
});

describe('a trusted proxy', () => {
  it('says for whom a record waits, and under which URL the registry is reached', async () => {
    const call = await open({ trustedProxies: ['10.0.0.1'], limits: { sourcingPerAddress: 1 } });
    const context = { remoteAddress: '10.0.0.1' };
    const release = (name: string, forwarded: string) => {
      const pkg = testPackage(name);
      const { logId, packageName, envelope } = pkg.init({
        type: 'release',
        version: '1.0.0' as never,
        content: `sha256:${'00'.repeat(32)}` as never,
      });
      const body = JSON.stringify({
        packageName,
        record: { ...envelope, contentBytes: Buffer.from(envelope.contentBytes).toString('base64') },
      });
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded };
      return call.request(paths.publishRecord(logId), { method: 'POST', body, headers }, context);
    };
    expect((await release('test:a', '203.0.113.1')).status).toBe(202);
    expect((await release('test:b', '203.0.113.1')).status).toBe(429);
    expect((await release('test:c', '203.0.113.2')).status).toBe(202);

    const headers = { 'warg-registry': 'registry.example', 'x-forwarded-host': 'registry.example' };
    const asked = await call.request(paths.fetchCheckpoint(), { headers }, context);
    expect(asked.status).toBe(200);
    const stranger = await call.request(paths.fetchCheckpoint(), { headers }, { remoteAddress: '10.0.0.2' });
    expect(stranger.status).toBe(501);
  });

  it('must be an address or a network', async () => {
    await expect(open({ trustedProxies: ['proxy.example'] })).rejects.toThrow(OptionError);
  });
});
