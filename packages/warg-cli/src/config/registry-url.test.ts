import { describe, expect, it } from 'vitest';
import { isSameRegistry, parseRegistryUrl, registryLabel } from './registry-url.ts';

describe('parseRegistryUrl', () => {
  it.each([
    ['registry.example', 'https://registry.example/'],
    ['registry.example:8443', 'https://registry.example:8443/'],
    ['https://registry.example', 'https://registry.example/'],
    ['https://registry.example/with/path', 'https://registry.example/with/path/'],
    ['https://registry.example/with/path/', 'https://registry.example/with/path/'],
    ['HTTPS://Registry.Example', 'https://registry.example/'],
    ['http://localhost', 'http://localhost/'],
    ['http://localhost:8090', 'http://localhost:8090/'],
    ['http://127.0.0.1:8090/', 'http://127.0.0.1:8090/'],
    ['http://127.8.9.1', 'http://127.8.9.1/'],
    ['http://[::1]:8090', 'http://[::1]:8090/'],
  ])('reads %s', (text, url) => {
    expect(parseRegistryUrl(text)).toBe(url);
  });

  it.each([
    '',
    'not a host',
    'https://',
    'ftp://registry.example',
    'invalid:url',
    'http://registry.example',
    'http://10.0.0.1',
    'http://[2001:db8::1]',
    'http://localhost.registry.example',
    'http://127.0.0.1.registry.example',
    'https://me:secret@registry.example',
    'https://registry.example/?a=b',
    'https://registry.example/#part',
  ])('refuses %j', (text) => {
    expect(() => parseRegistryUrl(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('registryLabel', () => {
  // The names that the reference gives to the same registries.
  it.each([
    ['registry.example', 'registry.example'],
    ['http://localhost:80', 'localhost'],
    ['http://127.0.0.1:8090/', '127.0.0.1-8090'],
    ['example.com/with/path', 'example.com_with_path'],
    ['port:1234', 'port-1234'],
    ['port:1234/with/path', 'port-1234_with_path'],
    ['https://1.2.3.4:1234/1234', '1.2.3.4-1234_1234'],
    ['https://[abcd::1234]:5678', 'ipv6_abcd..1234-5678'],
    ['syms/splat*dot.lowdash_', 'syms_splat.2Adot.2Elowdash.5F'],
    ['☃︎/☃︎', 'xn--n3h_.E2.98.83.EF.B8.8E'],
  ])('names %s %s', (registry, label) => {
    expect(registryLabel(registry)).toBe(label);
  });
});

describe('isSameRegistry', () => {
  it('sees through spelling', () => {
    expect(isSameRegistry('registry.example', 'https://registry.example/')).toBe(true);
    expect(isSameRegistry('http://localhost:8090', 'http://localhost:8090/')).toBe(true);
  });

  it('keeps schemes, ports and paths apart, and does not mind what is no registry', () => {
    expect(isSameRegistry('http://localhost:8090', 'http://localhost:8091')).toBe(false);
    expect(isSameRegistry('https://localhost', 'http://localhost')).toBe(false);
    expect(isSameRegistry('a.example/x', 'a.example/y')).toBe(false);
    expect(isSameRegistry('default', 'default')).toBe(true);
    expect(isSameRegistry('no registry', 'neither is this')).toBe(false);
  });
});
