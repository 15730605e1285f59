import { describe, expect, it } from 'vitest';
import { mayLead, reachOfAddress, reachOfHost } from './reach.ts';

describe('reachOfAddress', () => {
  it.each([
    ['1.1.1.1', 'internet'],
    ['2606:4700:4700::1111', 'internet'],
    ['10.1.2.3', 'network'],
    ['172.16.0.1', 'network'],
    ['192.168.1.1', 'network'],
    ['100.64.0.1', 'network'],
    ['fd12:3456::1', 'network'],
    ['::ffff:10.1.2.3', 'network'],
    ['127.0.0.1', 'machine'],
    ['::1', 'machine'],
    ['::ffff:127.0.0.1', 'machine'],
    ['169.254.169.254', undefined],
    ['::ffff:169.254.169.254', undefined],
    ['fd00:ec2::254', undefined],
    ['fe80::1', undefined],
    ['fd12:3456::1%eth0', undefined],
    ['0.0.0.0', undefined],
    ['::', undefined],
    ['224.0.0.1', undefined],
    ['64:ff9b::7f00:1', undefined],
    ['2002:7f00:1::1', undefined],
    ['example.com', undefined],
    ['', undefined],
  ])('of %s is %s', (address, reach) => {
    expect(reachOfAddress(address)).toBe(reach);
  });
});

describe('reachOfHost', () => {
  it.each([
    ['localhost', 'machine'],
    ['127.0.0.1', 'machine'],
    ['[::1]', 'machine'],
    ['10.1.2.3', 'network'],
    ['1.1.1.1', 'internet'],
    ['169.254.169.254', 'internet'],
    ['nobody.invalid', 'internet'],
  ])('of %s is %s', async (host, reach) => {
    expect(await reachOfHost(host)).toBe(reach);
  });
});

describe('mayLead', () => {
  it('lets nobody send us nearer than it is itself', () => {
    const all = ['internet', 'network', 'machine'] as const;
    const allowed = all.map((from) => all.filter((to) => mayLead(from, to)));
    expect(allowed).toEqual([['internet'], ['internet', 'network'], ['internet', 'network', 'machine']]);
    for (const from of all) expect(mayLead(from, undefined)).toBe(false);
  });
});
