import { describe, expect, it } from 'vitest';
import { allowedUrl, isHostPattern } from './allowed-hosts.ts';

const hosts = ['assets.example', '*.release.example', 'ported.example:8443'];

describe('allowedUrl', () => {
  it.each([
    ['https://assets.example/a?b=c#d', 'https://assets.example/a?b=c'],
    ['https://ASSETS.example:443/', 'https://assets.example/'],
    ['https://x.release.example/', 'https://x.release.example/'],
    ['https://x.y.release.example/', 'https://x.y.release.example/'],
    ['https://ported.example:8443/', 'https://ported.example:8443/'],
  ])('takes %s', (text, url) => {
    expect(allowedUrl(text, hosts).href).toBe(url);
  });

  it('reads what is relative to another one', () => {
    expect(allowedUrl('/b', hosts, new URL('https://assets.example/a')).href).toBe(
      'https://assets.example/b',
    );
  });

  it.each([
    '',
    'nonsense',
    '/relative',
    'http://assets.example/',
    'ftp://assets.example/',
    'file:///etc/passwd',
    'https://user@assets.example/',
    'https://user:password@assets.example/',
    'https://:password@assets.example/',
    'https://other.example/',
    'https://assets.example.evil.example/',
    'https://assets.example./',
    'https://evilassets.example/',
    'https://release.example/',
    'https://evilrelease.example/',
    'https://assets.example:8443/',
    'https://ported.example/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    `https://assets.example/${'a'.repeat(5000)}`,
  ])('refuses %s', (text) => {
    expect(() => allowedUrl(text, hosts)).toThrow(expect.objectContaining({ code: 'SOURCE_REFUSED' }));
  });
});

describe('isHostPattern', () => {
  it.each(['a', 'a.example', '*.a.example', 'a.example:8443', '127.0.0.1'])('takes %s', (text) => {
    expect(isHostPattern(text)).toBe(true);
  });

  it.each(['', '*', '*.', 'a.*', '*a.example', 'https://a', 'a/b', 'A.example', 'a..b', '-a', 'a:', '[::1]'])(
    'refuses %s',
    (text) => {
      expect(isHostPattern(text)).toBe(false);
    },
  );
});
