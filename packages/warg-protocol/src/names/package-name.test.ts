import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageNames } from '../../test/arbitraries.ts';
import { NameError } from '../errors.ts';
import {
  baseNameOf,
  isNamespace,
  isPackageName,
  namespaceOf,
  parseNamespace,
  parsePackageName,
} from './package-name.ts';

describe('parsePackageName', () => {
  it('takes a name apart', () => {
    const name = parsePackageName('my-org:my-component2');
    expect(namespaceOf(name)).toBe('my-org');
    expect(baseNameOf(name)).toBe('my-component2');
  });

  it('takes any two words of kebab case with a colon between them', () => {
    fc.assert(
      fc.property(packageNames, (name) => {
        expect(parsePackageName(name)).toBe(name);
        expect(`${namespaceOf(name)}:${baseNameOf(name)}`).toBe(name);
        expect(isNamespace(namespaceOf(name))).toBe(true);
      }),
    );
  });

  it.each([
    '',
    ':',
    'wasi',
    'wasi:',
    ':http',
    'wasi:http:extra',
    'wasi::http',
    'Wasi:http',
    'wasi:HTTP',
    'wasi:http\n',
    '\nwasi:http',
    ' wasi:http',
    'wasi-:http',
    '-wasi:http',
    'wasi--x:http',
    'wasi:http-1',
    'wasi:1http',
    'wasi_x:http',
    'wäsi:http',
    'wasi:http@1.0.0',
  ])('refuses %j and says what it found', (text) => {
    expect(isPackageName(text)).toBe(false);
    expect(() => parsePackageName(text)).toThrow(NameError);
    expect(() => parsePackageName(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_PACKAGE_NAME', text }),
    );
  });

  it('reads a long name in no time and without exhausting the stack', () => {
    const long = `a:${'a-'.repeat(4_000_000)}`;
    expect(isPackageName(long)).toBe(false);
    expect(isPackageName(`${long}a`)).toBe(true);
  });
});

describe('parseNamespace', () => {
  it('takes one word of kebab case', () => {
    expect(parseNamespace('my-org')).toBe('my-org');
    expect(() => parseNamespace('my:org')).toThrow(expect.objectContaining({ code: 'INVALID_NAMESPACE' }));
  });
});
