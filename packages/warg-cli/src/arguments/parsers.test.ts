import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import {
  parseBoolean,
  parseDuration,
  parseExactVersion,
  parseKeyIdArgument,
  parseOperatorKeyArgument,
  parsePackage,
  parsePackageSpec,
  parsePermissions,
  parsePublicKeyArgument,
  parseWantedVersion,
} from './parsers.ts';

const usage = expect.objectContaining({ code: 'USAGE' });
const privateKey = `ecdsa-p256:${'I+UlDo0HxyBBFeelhPPWmD+LnklOpqZDkrFP5VduASk='}`;

describe('parsePackageSpec', () => {
  it('takes a version off a package', () => {
    expect(parsePackageSpec('example:hello')).toEqual({ name: 'example:hello', version: undefined });
    expect(parsePackageSpec('example:hello@1.2.0')).toEqual({ name: 'example:hello', version: '1.2.0' });
    expect(parsePackageSpec('example:hello@>=1, <2')).toEqual({ name: 'example:hello', version: '>=1, <2' });
  });

  it.each([
    '',
    'hello',
    'example:',
    ':hello',
    'Example:Hello',
    'example:hello@',
    '@1.2.0',
    'a:b:c',
    'example:hello\n',
  ])('refuses %j', (text) => {
    expect(() => parsePackageSpec(text)).toThrow(usage);
  });

  it('takes no version where a name alone belongs', () => {
    expect(() => parsePackage('example:hello@1.2.0')).toThrow(usage);
  });
});

describe('versions', () => {
  it('are exact where one is published', () => {
    expect(parseExactVersion('1.2.0-rc.1+build.5')).toBe('1.2.0-rc.1+build.5');
    for (const text of ['1.2', 'v1.2.0', '^1.2.0', '', ' 1.2.0']) {
      expect(() => parseExactVersion(text)).toThrow(usage);
    }
  });

  it('mean themselves where one is downloaded, and requirements where they say so', () => {
    expect(parseWantedVersion('1.2.0')).toEqual({ version: '1.2.0' });
    expect(parseWantedVersion('1.2.0-rc.1')).toEqual({ version: '1.2.0-rc.1' });
    expect(parseWantedVersion('1.2')).toBe('=1.2');
    expect(parseWantedVersion('^1.2')).toBe('^1.2');
    expect(parseWantedVersion('>=1.2, <2')).toBe('>=1.2, <2');
    expect(parseWantedVersion('*')).toBe('*');
    for (const text of ['', 'latest', 'v1.2.0', '1 || 2', '1.2.0 - 2']) {
      expect(() => parseWantedVersion(text)).toThrow(usage);
    }
  });
});

describe('parsePermissions', () => {
  it('takes them together and one by one', () => {
    expect(parsePermissions(['release,yank'])).toEqual(['release', 'yank']);
    expect(parsePermissions(['yank', 'release', 'yank'])).toEqual(['yank', 'release']);
  });

  it.each(['', 'Release', 'release,', 'commit', 'release yank'])('refuses %j', (text) => {
    expect(() => parsePermissions([text])).toThrow(usage);
  });
});

describe('keys', () => {
  const publicKey = publicKeyOf(generatePrivateKey());
  const keyId = keyIdOf(publicKey);

  it('are public where somebody is let in', () => {
    expect(parsePublicKeyArgument(publicKey)).toBe(publicKey);
    expect(() => parsePublicKeyArgument(keyId)).toThrow(usage);
    expect(() => parsePublicKeyArgument('nothing')).toThrow(usage);
  });

  it('are named by id or by themselves where one is shut out', () => {
    expect(parseKeyIdArgument(keyId)).toBe(keyId);
    expect(parseKeyIdArgument(publicKey)).toBe(keyId);
    expect(() => parseKeyIdArgument('sha256:1234')).toThrow(usage);
  });

  it('pin an operator as key or as record id', () => {
    expect(parseOperatorKeyArgument(publicKey)).toBe(publicKey);
    expect(parseOperatorKeyArgument(keyId)).toBe(keyId);
    expect(() => parseOperatorKeyArgument('registry.example')).toThrow(usage);
  });

  it('are not repeated in a message, in case a private one was given', () => {
    for (const parse of [parsePublicKeyArgument, parseKeyIdArgument, parseOperatorKeyArgument]) {
      expect(() => parse(privateKey)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('I+UlDo0H') }),
      );
    }
  });
});

describe('parseDuration', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['10m', 600],
    ['2h', 7200],
    ['1d', 86_400],
    ['2w', 1_209_600],
  ])('reads %s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '0', '0m', '-5', '1.5h', '5 m', '1y', 'm', '99999999999'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(usage);
  });
});

it('parseBoolean takes true and false alone', () => {
  expect(parseBoolean('true')).toBe(true);
  expect(parseBoolean('false')).toBe(false);
  expect(() => parseBoolean('yes')).toThrow(usage);
});
