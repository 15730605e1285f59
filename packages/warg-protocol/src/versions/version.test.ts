import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { versionPartsArbitrary, versions } from '../../test/arbitraries.ts';
import { VersionError } from '../errors.ts';
import {
  comparePrecedence,
  compareVersions,
  formatVersion,
  isVersion,
  parseVersion,
  type VersionParts,
  versionParts,
} from './version.ts';

describe('parseVersion', () => {
  it('takes a version apart and puts it together again', () => {
    fc.assert(
      fc.property(versionPartsArbitrary, (parts) => {
        const version = formatVersion(parts);
        expect(versionParts(version)).toEqual(parts);
        expect(parseVersion(version)).toBe(version);
      }),
    );
  });

  it('reads a long one without exhausting the stack, or refuses it', () => {
    const long = `1.0.0-${'a.'.repeat(4_000_000)}`;
    expect(parseVersion(`${long}a`)).toHaveLength(long.length + 1);
    expect(() => parseVersion(long)).toThrow(`the end at position ${long.length} `);
    expect(() => parseVersion(`${long}.a`)).toThrow(VersionError);
  });

  it('keeps numbers up to 2^64 - 1 exactly', () => {
    const { major, patch } = versionParts(parseVersion('18446744073709551615.0.9007199254740993'));
    expect([major, patch]).toEqual([2n ** 64n - 1n, 2n ** 53n + 1n]);
  });

  it.each([
    ['', 'major number, found the end at position 0'],
    ['v1.2.3', 'major number, found "v" at position 0'],
    ['1.2', 'dot behind the minor number, found the end at position 3'],
    ['1.02.3', 'without leading zeros, found "0" at position 2'],
    ['18446744073709551616.0.0', 'up to 18446744073709551615'],
    ['1.2.3-', 'identifier of the pre-release'],
    ['1.2.3-a..b', 'identifier of the pre-release, found "." at position 8'],
    ['1.2.3-a.01', 'no leading zeros'],
    ['1.2.3+', 'identifier of the build metadata'],
    ['1.2.3 ', 'end of the version, found " " at position 5'],
    ['1.2.3-😀', 'found "😀" at position 6'],
  ])('refuses %j and says where', (text, message) => {
    expect(isVersion(text)).toBe(false);
    expect(() => parseVersion(text)).toThrow(VersionError);
    expect(() => parseVersion(text)).toThrow(message);
  });

  it('does not put together parts that make no version', () => {
    const parts: VersionParts = { major: 1n, minor: 0n, patch: 0n, pre: 'a b', build: '' };
    expect(() => formatVersion(parts)).toThrow(VersionError);
    expect(() => formatVersion({ ...parts, pre: '', major: -1n })).toThrow(VersionError);
  });
});

describe('compareVersions', () => {
  it('is a total order, in which only equal texts are equal', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        const ab = compareVersions(a, b);
        expect(Math.sign(ab)).toBe(-Math.sign(compareVersions(b, a)) + 0);
        expect(ab === 0).toBe(a === b);
        if (ab <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('refines the precedence of SemVer', () => {
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        const precedence = comparePrecedence(a, b);
        if (precedence !== 0) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(precedence));
      }),
    );
  });

  it('puts versions into the order of SemVer, build metadata last', () => {
    const sorted = [
      '1.0.0-0',
      '1.0.0-2',
      '1.0.0-11',
      '1.0.0--',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0',
      '1.0.0+0',
      '1.0.0+00',
      '1.0.0+1',
      '1.0.0+01',
      '1.0.0+10',
      '1.0.0+a',
      '1.0.0+a.0',
      '1.0.1',
      '1.1.0',
      '2.0.0',
      '10.0.0',
      '18446744073709551615.0.0',
    ].map(parseVersion);
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
  });
});
