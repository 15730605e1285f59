// Arbitrary names, versions and records for property tests.

import { type Digest, digestOf, encodeUtf8, keyIdOf, parsePrivateKey, publicKeyOf } from '@warg/crypto';
import fc from 'fast-check';
import {
  type HashText,
  OPERATOR_PERMISSIONS,
  type OperatorEntry,
  type OperatorRecord,
  PACKAGE_PERMISSIONS,
  type PackageEntry,
  type PackageName,
  type PackageRecord,
  type Timestamp,
  type Version,
} from '../src/index.ts';

/** Keys that are always the same, so that a failing run can be repeated. */
export const KEYS = [1, 2, 3, 4].map((last) => {
  const scalar = new Uint8Array(32).fill(7);
  scalar[31] = last;
  return parsePrivateKey(`ecdsa-p256:${btoa(String.fromCharCode(...scalar))}`);
});
export const [ALICE, BOB, CAROL, MALLORY] = KEYS as [
  (typeof KEYS)[0],
  (typeof KEYS)[0],
  (typeof KEYS)[0],
  (typeof KEYS)[0],
];
export const PUBLIC_KEYS = KEYS.map(publicKeyOf);

export const digestNamed = (name: string): Digest => digestOf(encodeUtf8(name));

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const kebab = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('-'));
export const packageNames = fc.tuple(kebab, kebab).map((parts) => parts.join(':') as PackageName);

const u64 = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt(0n, 4n) },
  { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n) },
  { weight: 1, arbitrary: fc.constant(2n ** 64n - 1n) },
);
const preIdentifier = fc.oneof(
  fc.bigInt(0n, 30n).map(String),
  fc.stringMatching(/^[0-9A-Za-z-]{0,4}[A-Za-z-][0-9A-Za-z-]{0,4}$/),
);
const buildIdentifier = fc.stringMatching(/^[0-9A-Za-z-]{1,5}$/);
const identifiers = (one: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.join('.')) },
  );
export const versionPartsArbitrary = fc.record({
  major: u64,
  minor: u64,
  patch: u64,
  pre: identifiers(preIdentifier),
  build: identifiers(buildIdentifier),
});
export const versions = versionPartsArbitrary.map(
  ({ major, minor, patch, pre, build }) =>
    `${major}.${minor}.${patch}${pre && `-${pre}`}${build && `+${build}`}` as Version,
);

/** Requirements as people write them, with all the freedom that there is. */
export const requirementTexts = fc
  .array(
    fc
      .record({
        op: fc.constantFrom('', '=', '>', '>=', '<', '<=', '~', '^'),
        space: fc.constantFrom('', ' ', '  '),
        numbers: fc.array(fc.bigInt(0n, 4n), { minLength: 1, maxLength: 3 }),
        wildcards: fc.array(fc.constantFrom('*', 'x', 'X'), { maxLength: 2 }),
        pre: identifiers(preIdentifier),
        build: identifiers(buildIdentifier),
      })
      .map(({ op, space, numbers, wildcards, pre, build }) => {
        const parts = [...numbers, ...wildcards].slice(0, 3).join('.');
        const tail = numbers.length === 3 ? `${pre && `-${pre}`}${build && `+${build}`}` : '';
        return `${op}${op && space}${parts}${tail}`;
      }),
    { minLength: 1, maxLength: 4 },
  )
  .chain((comparators) =>
    fc.constantFrom(',', ', ', ' ,', ' , ').map((separator) => comparators.join(separator)),
  );

export const hashTexts: fc.Arbitrary<HashText> = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hashTextOf),
  fc.uint8Array({ maxLength: 40 }).map(hashTextOf),
);

function hashTextOf(bytes: Uint8Array): HashText {
  return `sha256:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}` as HashText;
}

export const timestamps: fc.Arbitrary<Timestamp> = fc.record({
  seconds: fc.oneof(fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n), fc.bigInt(0n, 2_000_000_000n)),
  nanos: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
});

const publicKeys = fc.constantFrom(...PUBLIC_KEYS);
const keyIds = fc.oneof(publicKeys.map<string>(keyIdOf), fc.string({ unit: 'grapheme', maxLength: 12 }));
const frame = {
  prev: fc.option(hashTexts, { nil: undefined }),
  version: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  time: timestamps,
};
const init = fc.record({
  type: fc.constant('init' as const),
  hashAlgorithm: fc.constant('sha256' as const),
  key: publicKeys,
});
const grantFlat = <P extends string>(permissions: readonly P[]) =>
  fc.record({
    type: fc.constant('grantFlat' as const),
    key: publicKeys,
    permissions: fc.array(fc.constantFrom(...permissions), { maxLength: 4 }),
  });
const revokeFlat = <P extends string>(permissions: readonly P[]) =>
  fc.record({
    type: fc.constant('revokeFlat' as const),
    keyId: keyIds,
    permissions: fc.array(fc.constantFrom(...permissions), { maxLength: 4 }),
  });

export const packageEntries: fc.Arbitrary<PackageEntry> = fc.oneof(
  init,
  grantFlat(PACKAGE_PERMISSIONS),
  revokeFlat(PACKAGE_PERMISSIONS),
  fc.record({ type: fc.constant('release' as const), version: versions, content: hashTexts }),
  fc.record({ type: fc.constant('yank' as const), version: versions }),
);
export const packageRecords: fc.Arbitrary<PackageRecord> = fc.record({
  ...frame,
  entries: fc.array(packageEntries, { maxLength: 6 }),
});

export const operatorEntries: fc.Arbitrary<OperatorEntry> = fc.oneof(
  init,
  grantFlat(OPERATOR_PERMISSIONS),
  revokeFlat(OPERATOR_PERMISSIONS),
  fc.record({ type: fc.constant('defineNamespace' as const), namespace: fc.oneof(kebab, fc.string()) }),
  fc.record({
    type: fc.constant('importNamespace' as const),
    namespace: fc.oneof(kebab, fc.string()),
    registry: fc.string({ unit: 'grapheme' }),
  }),
);
export const operatorRecords: fc.Arbitrary<OperatorRecord> = fc.record({
  ...frame,
  entries: fc.array(operatorEntries, { maxLength: 6 }),
});

/** One change to some bytes: a flip, a byte more, a byte less, a cut. */
export const mutations = fc
  .record({ kind: fc.constantFrom('flip', 'insert', 'remove', 'cut'), at: fc.nat(), byte: fc.nat(255) })
  .map(({ kind, at, byte }) => (bytes: Uint8Array): Uint8Array => {
    const place = bytes.length === 0 ? 0 : at % bytes.length;
    const list = [...bytes];
    if (kind === 'flip' && list.length > 0) list[place] = (list[place] as number) ^ (2 ** (byte % 8));
    if (kind === 'insert') list.splice(place, 0, byte);
    if (kind === 'remove') list.splice(place, 1);
    if (kind === 'cut') list.splice(place);
    return Uint8Array.from(list);
  });
