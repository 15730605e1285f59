import { describe, expect, it } from 'vitest';
import { trustedProxies } from './trusted-proxies.ts';

const proxies = trustedProxies(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.1']);

function addressOf(peer: string, forwarded?: string): string | undefined {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const request = new Request('http://registry.test/', { headers });
  return proxies.clientOf(request, { remoteAddress: peer }).remoteAddress;
}

describe('the address of a client', () => {
  it.each([
    ['198.51.100.7', undefined, '198.51.100.7'],
    // What a stranger writes does not count.
    ['198.51.100.7', '203.0.113.9', '198.51.100.7'],
    ['198.51.100.7', '10.1.1.1', '198.51.100.7'],
    // What a proxy of ours writes does, from the right, as far as the hops are ours.
    ['10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '203.0.113.9, 10.2.2.2, 192.0.2.1', '203.0.113.9'],
    ['10.0.0.1', '1.2.3.4, 203.0.113.9, 10.2.2.2', '203.0.113.9'],
    ['::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['2001:db8:1::5', '2001:db8:ffff::1', '2001:db8:ffff::1'],
    ['10.0.0.1', '[2001:db8:ffff::1]:443', '2001:db8:ffff::1'],
    ['10.0.0.1', '203.0.113.9:1234', '203.0.113.9'],
    ['10.0.0.1', 'fe80::1%eth0', 'fe80::1'],
    // Where there is nothing to read the proxy is who is known.
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9, unknown', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9, 256.1.1.1, 10.2.2.2', '10.2.2.2'],
    ['10.0.0.1', Array.from({ length: 10_000 }, () => '10.1.1.1').join(','), '10.1.1.1'],
    ['', '203.0.113.9', ''],
  ])('from %s, with %s, is %s', (peer, forwarded, expected) => {
    expect(addressOf(peer, forwarded)).toBe(expected);
  });

  it('is that of the connection where no proxy is trusted', () => {
    const request = new Request('http://a.test/', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    const context = { remoteAddress: '127.0.0.1' };
    expect(trustedProxies([]).clientOf(request, context)).toBe(context);
  });
});

describe('the URL of a registry', () => {
  const originOf = (headers: Record<string, string>, peer = '10.0.0.1') =>
    proxies.clientOf(new Request('http://inner.test:8090/v1/x', { headers }), { remoteAddress: peer }).origin;

  it.each([
    [{}, undefined],
    [{ 'x-forwarded-proto': 'https' }, 'https://inner.test:8090'],
    [{ 'x-forwarded-host': 'registry.example' }, 'http://registry.example'],
    [
      { 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'registry.example:443' },
      'https://registry.example',
    ],
    [
      { 'x-forwarded-proto': 'http, https', 'x-forwarded-host': 'evil.example, registry.example' },
      'https://registry.example',
    ],
    [{ 'x-forwarded-proto': 'javascript' }, 'http://inner.test:8090'],
    [{ 'x-forwarded-host': 'evil.example/path?' }, 'http://inner.test:8090'],
    [{ 'x-forwarded-host': 'user@evil.example' }, 'http://inner.test:8090'],
    [{ 'x-forwarded-host': 'a:99999' }, undefined],
  ])('is, with %j, %s', (headers, expected) => {
    expect(originOf(headers as Record<string, string>)).toBe(expected);
    expect(originOf(headers as Record<string, string>, '198.51.100.7')).toBeUndefined();
  });
});

describe('trustedProxies', () => {
  it.each(['10.0.0.0/33', '10.0.0/8', 'localhost', '', '10.0.0.0/8/8', '::/129', '::/x'])(
    'refuses %j',
    (text) => {
      expect(() => trustedProxies([text])).toThrow(RangeError);
    },
  );
});
