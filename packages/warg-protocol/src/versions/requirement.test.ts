import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requirementTexts, versions } from '../../test/arbitraries.ts';
import { VersionError } from '../errors.ts';
import { formatVersionRequirement, matchesRequirement, parseVersionRequirement } from './requirement.ts';
import { comparePrecedence, parseVersion, type Version, versionParts } from './version.ts';

function matches(requirement: string, version: string): boolean {
  return matchesRequirement(parseVersionRequirement(requirement), parseVersion(version));
}

describe('parseVersionRequirement', () => {
  it('reads its own canonical text as the same requirement', () => {
    fc.assert(
      fc.property(requirementTexts, (text) => {
        const requirement = parseVersionRequirement(text);
        const formatted = formatVersionRequirement(requirement);
        expect(parseVersionRequirement(formatted)).toEqual(requirement);
        expect(formatVersionRequirement(parseVersionRequirement(formatted))).toBe(formatted);
      }),
    );
  });

  it.each([
    ['*', '*'],
    [' x ', '*'],
    ['1', '^1'],
    ['1.2', '^1.2'],
    ['1.x.x', '1.*'],
    ['1.2.*', '1.2.*'],
    ['>=1.*', '>=1'],
    ['~ 1.2,<  2.0.0+b', '~1.2, <2.0.0'],
    ['=1.2.3-rc.1', '=1.2.3-rc.1'],
  ])('writes %j as %j', (text, canonical) => {
    expect(formatVersionRequirement(parseVersionRequirement(text))).toBe(canonical);
  });

  it.each([
    ['', 'major number, found the end'],
    ['1 || 2', 'comma or the end of the requirement, found "|"'],
    ['1 - 2', 'comma or the end of the requirement, found "-"'],
    ['1 2', 'comma or the end'],
    ['1,', 'major number, found the end'],
    [',1', 'major number, found ","'],
    ['v1', 'major number, found "v"'],
    ['*, 1', 'nothing behind a wildcard'],
    ['1, *', 'major number'],
    ['>*', 'major number'],
    ['1.*.3', 'another wildcard'],
    ['~>1', 'major number, found ">"'],
    ['1.2-alpha', 'comma'],
    ['\t1', 'major number'],
    [`${'<1,'.repeat(32)}<1`, 'at most 32 comparators'],
  ])('refuses %j', (text, message) => {
    expect(() => parseVersionRequirement(text)).toThrow(VersionError);
    expect(() => parseVersionRequirement(text)).toThrow(message);
  });
});

describe('matchesRequirement', () => {
  it('lets `=` match the version itself, whatever its build metadata, and no other precedence', () => {
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        const requirement = parseVersionRequirement(`=${a}`);
        expect(matchesRequirement(requirement, a)).toBe(true);
        expect(matchesRequirement(requirement, b)).toBe(comparePrecedence(a, b) === 0);
      }),
    );
  });

  it('lets the bounds divide the releases proper at a version', () => {
    fc.assert(
      fc.property(versions, versions, (bound, version) => {
        fc.pre(versionParts(version).pre === '');
        const order = comparePrecedence(version, bound);
        expect(matches(`<${bound}`, version)).toBe(order < 0);
        expect(matches(`<=${bound}`, version)).toBe(order <= 0);
        expect(matches(`>${bound}`, version)).toBe(order > 0);
        expect(matches(`>=${bound}`, version)).toBe(order >= 0);
      }),
    );
  });

  it('lets a caret and a tilde match nothing below their version, and the tilde no more than the caret', () => {
    fc.assert(
      fc.property(versions, versions, (from, version) => {
        const caret = matches(`^${from}`, version);
        if (caret || matches(`~${from}`, version)) {
          expect(comparePrecedence(version, from)).toBeGreaterThanOrEqual(0);
        }
        if (caret) expect(versionParts(version).major).toBe(versionParts(from).major);
        const stable = versionParts(from).major > 0n;
        if (stable && matches(`~${from}`, version)) expect(caret).toBe(true);
      }),
    );
  });

  it('holds a version against all comparators of a list', () => {
    fc.assert(
      fc.property(requirementTexts, requirementTexts, versions, (a, b, version) => {
        fc.pre(versionParts(version).pre === '');
        expect(matches(`${a},${b}`, version)).toBe(matches(a, version) && matches(b, version));
      }),
    );
  });

  it('matches a pre-release only where a comparator names one of the same three numbers', () => {
    const pre = '1.2.3-rc.1' as Version;
    expect(matches('*', pre)).toBe(false);
    expect(matches('>=1.0.0', pre)).toBe(false);
    expect(matches('>=1.2.3-alpha', pre)).toBe(true);
    expect(matches('>=1.2.3-alpha', '1.2.4-rc.1')).toBe(false);
    expect(matches('^1.2.3-alpha, <2', pre)).toBe(true);
  });

  it.each([
    ['^1.2.3', ['1.2.3', '1.9.0'], ['1.2.2', '2.0.0', '0.9.0']],
    ['^0.2.3', ['0.2.3', '0.2.9'], ['0.3.0', '0.2.2', '1.0.0']],
    ['^0.0.3', ['0.0.3'], ['0.0.4', '0.1.0']],
    ['^0.0', ['0.0.0', '0.0.9'], ['0.1.0']],
    ['^0', ['0.0.0', '0.9.9'], ['1.0.0']],
    ['~1', ['1.0.0', '1.9.9'], ['2.0.0']],
    ['~1.2', ['1.2.0', '1.2.9'], ['1.3.0']],
    ['~1.2.3', ['1.2.3', '1.2.9'], ['1.2.2', '1.3.0']],
    ['1.*', ['1.0.0', '1.9.9'], ['2.0.0']],
    ['>1', ['2.0.0'], ['1.9.9']],
    ['>=1.2', ['1.2.0', '2.0.0'], ['1.1.9']],
    ['<1.2', ['1.1.9'], ['1.2.0']],
    ['<=1.2', ['1.2.9', '1.0.0'], ['1.3.0']],
    ['=1.2', ['1.2.0', '1.2.9'], ['1.3.0']],
  ])('%s', (requirement, yes, no) => {
    expect(yes.filter((version) => !matches(requirement, version))).toEqual([]);
    expect(no.filter((version) => matches(requirement, version))).toEqual([]);
  });
});
