import { describe, expect, it } from 'vitest';
import {
  collectContentKinds,
  collectImports,
  collectNamespaces,
  parseBaseUrl,
  parseDuration,
  parseLifetime,
  parseListenAddress,
  parseSize,
  parseVerbosity,
} from './option-values.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:8090', '127.0.0.1', 8090],
    ['[::1]:0', '::1', 0],
    ['localhost:65535', 'localhost', 65_535],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  it.each([
    '',
    '8090',
    ':8090',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:80',
    '127.0.0.1:80/x',
    'a b:1',
    '127.0.0.1:-1',
  ])('refuses %s', (text) => {
    expect(() => parseListenAddress(text)).toThrow('Expected');
  });
});

describe('parseBaseUrl', () => {
  it('takes the slash off the end', () => {
    expect(parseBaseUrl('https://registry.example/')).toBe('https://registry.example');
    expect(parseBaseUrl('http://registry.example:8080/warg/')).toBe('http://registry.example:8080/warg');
  });

  it.each([
    '',
    'registry.example',
    'ftp://registry.example',
    'https://u:p@registry.example',
    'https://a/?b',
    'https://a/#b',
  ])('refuses %s', (text) => {
    expect(() => parseBaseUrl(text)).toThrow('Expected');
  });
});

describe('parseSize', () => {
  it.each([
    ['1', 1],
    ['1048576', 2 ** 20],
    ['500MB', 5e8],
    ['1GiB', 2 ** 30],
    ['2 kib', 2048],
  ])('reads %s', (text, size) => {
    expect(parseSize(text)).toBe(size);
  });

  it.each(['', '0', '-1', '1.5GiB', '1TB', 'GiB', '999999999999999GiB'])('refuses %s', (text) => {
    expect(() => parseSize(text)).toThrow('Expected');
  });
});

describe('parseLifetime', () => {
  it('reads seconds, up to a week', () => {
    expect([parseLifetime('1'), parseLifetime('604800')]).toEqual([1, 604_800]);
  });

  it.each(['', '0', '-1', '1.5', '5m', '604801', '1e3'])('refuses %s', (text) => {
    expect(() => parseLifetime(text)).toThrow('Expected');
  });
});

describe('parseDuration', () => {
  const limits = { least: 60_000, most: 10 * 24 * 3_600_000 };
  it.each([
    ['60s', 60_000],
    ['90m', 5_400_000],
    ['1h', 3_600_000],
    ['10d', 864_000_000],
  ])('reads %s', (text, time) => {
    expect(parseDuration(text, limits)).toBe(time);
  });

  it.each(['', '0', '60', 's', '59s', '0h', '11d', '1.5h', '-1h', '1w', '1H', ' 1h', '9999999999s'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text, limits)).toThrow('Expected a time');
    },
  );
});

describe('collectNamespaces', () => {
  it('adds to those before, splits at commas and makes letters small', () => {
    expect(collectNamespaces('Two, three', ['one'])).toEqual(['one', 'two', 'three']);
  });

  it.each(['', 'a,', 'a:b', 'a_b', '-a', '1'])('refuses %s', (text) => {
    expect(() => collectNamespaces(text)).toThrow('Expected');
  });
});

describe('collectImports', () => {
  it('reads pairs', () => {
    expect(collectImports('wasi=wasi.dev,ba=registry.example:8443')).toEqual([
      { namespace: 'wasi', registry: 'wasi.dev' },
      { namespace: 'ba', registry: 'registry.example:8443' },
    ]);
  });

  it.each(['', 'wasi', 'wasi=', 'wasi=a=b', '=wasi.dev', 'wasi=https://wasi.dev', 'wasi=a\nb'])(
    'refuses %s',
    (text) => {
      expect(() => collectImports(text)).toThrow('Expected');
    },
  );
});

describe('parseVerbosity', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['false', 0],
    ['0', 0],
    ['2', 2],
    ['true', 1],
  ])('reads %s', (text, count) => {
    expect(parseVerbosity(text)).toBe(count);
  });
});

describe('collectContentKinds', () => {
  it('reads one or more, and adds them to those before', () => {
    expect(collectContentKinds('component')).toEqual(['component']);
    expect(collectContentKinds('module, wit-package', ['component'])).toEqual([
      'component',
      'module',
      'wit-package',
    ]);
  });

  it.each(['', 'any', 'modules', 'component,'])('refuses %s', (text) => {
    expect(() => collectContentKinds(text)).toThrow('Expected any of module, component, wit-package');
  });
});
