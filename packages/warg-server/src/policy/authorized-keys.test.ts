import { keyIdOf, publicKeyOf } from '@warg/crypto';
import { decodePackageRecord } from '@warg/protocol';
import { describe, expect, it } from 'vitest';
import { type TestPackage, type TestRecord, testPackage, yankEntry } from '../../test/publisher.ts';
import { parseAuthorizedKeys } from './authorized-keys.ts';

const idOf = ({ key }: TestPackage) => keyIdOf(publicKeyOf(key));
const pkg = testPackage('test:hello');
const other = testPackage('test:other');
const init = pkg.record([{ type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(pkg.key) }], {
  follow: false,
});
const yank = pkg.record([yankEntry('1.0.0')], { follow: false });

async function allows(toml: string, { packageName, envelope }: TestRecord): Promise<boolean> {
  try {
    const record = decodePackageRecord(envelope.contentBytes);
    await parseAuthorizedKeys(toml).check({ packageName, envelope, record });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ status: 401 });
    return false;
  }
}

describe('parseAuthorizedKeys', () => {
  it.each([
    ['an empty file', '', false, false],
    ['its namespace', `[namespace.test]\nkeys = ["${idOf(pkg)}"]`, true, true],
    ['its name', `[package."test:hello"]\nkeys = ["${idOf(pkg)}"]`, true, true],
    ['another namespace', `[namespace.rest]\nkeys = ["${idOf(pkg)}"]`, false, false],
    ['another name', `[package."test:other"]\nkeys = ["${idOf(pkg)}"]`, false, false],
    ['another key', `[namespace.test]\nkeys = ["${idOf(other)}"]`, false, false],
    ['delegation', '[namespace.test]\nkeys = []\ndelegation = true', false, true],
    ['delegation of the package', '[package."test:hello"]\nkeys = []\ndelegation = true', false, true],
    ['no delegation', '[namespace.test]\nkeys = []\ndelegation = false', false, false],
  ])('lets through what %s allows', async (_, toml, mayInit, mayYank) => {
    expect(await allows(toml, init)).toBe(mayInit);
    expect(await allows(toml, yank)).toBe(mayYank);
  });

  it('looks at every entry', async () => {
    const both = pkg.record([
      yankEntry('1.0.0'),
      { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(pkg.key) },
    ]);
    expect(await allows('[namespace.test]\nkeys = []\ndelegation = true', both)).toBe(false);
  });

  it.each([
    ['what is not TOML', '[namespace'],
    ['an unknown table', '[user.me]\nkeys = []'],
    ['an unknown member', '[namespace.test]\nkeys = []\nkey = 1'],
    ['no keys', '[namespace.test]'],
    ['keys that are no list', '[namespace.test]\nkeys = "x"'],
    ['keys that are no key ids', '[namespace.test]\nkeys = ["x"]'],
    ['delegation that is no boolean', '[namespace.test]\nkeys = []\ndelegation = 1'],
    ['a namespace that is none', '[namespace.Test]\nkeys = []'],
    ['a package that is none', '[package.test]\nkeys = []'],
    ['a namespace that is no table', 'namespace = 1'],
    ['a date for a table', 'namespace = 2020-01-01'],
  ])('refuses %s', (_, toml) => {
    expect(() => parseAuthorizedKeys(toml)).toThrow(
      expect.objectContaining({ code: 'INVALID_AUTHORIZED_KEYS' }),
    );
  });
});
