import { keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, CAROL, digestNamed, KEYS, MALLORY } from '../../test/arbitraries.ts';
import { at, frozen, nextPackageRecord } from '../../test/logs.ts';
import type { Envelope } from '../envelopes/envelope.ts';
import { signPackageRecord, verifyPackageEnvelope } from '../envelopes/signing.ts';
import { RecordError, ValidationError } from '../errors.ts';
import { packageRecordId, parseHashText, parseRecordId } from '../ids.ts';
import { PACKAGE_PERMISSIONS, type PackageEntry, type PackagePermission } from '../records/package-record.ts';
import { parseVersionRequirement } from '../versions/requirement.ts';
import { parseVersion, type Version } from '../versions/version.ts';
import {
  emptyPackageState,
  findLatestRelease,
  type PackageState,
  validatePackage,
  validatePackageLog,
  validatePackageRecord,
} from './package-state.ts';
import { decodePackageState, encodePackageState } from './package-state-json.ts';

const [alice, bob, carol] = [ALICE, BOB, CAROL].map(publicKeyOf) as [
  ReturnType<typeof publicKeyOf>,
  ReturnType<typeof publicKeyOf>,
  ReturnType<typeof publicKeyOf>,
];
const content = digestNamed('content');
const v = parseVersion;
const init = (key = alice): PackageEntry => ({ type: 'init', hashAlgorithm: 'sha256', key });
const release = (version: string): PackageEntry => ({ type: 'release', version: v(version), content });
const yank = (version: string): PackageEntry => ({ type: 'yank', version: v(version) });
const grant = (key: typeof alice, ...permissions: PackagePermission[]): PackageEntry => ({
  type: 'grantFlat',
  key,
  permissions,
});
const revoke = (keyId: string, ...permissions: PackagePermission[]): PackageEntry => ({
  type: 'revokeFlat',
  keyId,
  permissions,
});

/** The state behind records of one key each. */
function stateAfter(...records: readonly (readonly [PrivateKey, ...PackageEntry[]])[]): PackageState {
  return records.reduce(
    (state, [key, ...entries]) => validatePackage(state, nextPackageRecord(state, key, ...entries)),
    emptyPackageState,
  );
}

function refusalOf(state: PackageState, envelope: Envelope): { readonly code?: string } {
  try {
    validatePackage(frozen(state), envelope);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { ...error };
  }
  throw new Error('expected a refusal');
}

describe('a package', () => {
  it('lives', () => {
    const state = stateAfter(
      [ALICE, init(), grant(bob, 'release'), release('1.0.0')],
      [BOB, release('1.1.0'), release('1.2.0-rc.1')],
      [ALICE, yank('1.1.0'), revoke(keyIdOf(bob), 'release')],
    );
    expect(state.algorithm).toBe('sha256');
    expect(state.head?.time).toEqual(at(1_700_000_002));
    expect([...state.releases.keys()]).toEqual(['1.0.0', '1.1.0', '1.2.0-rc.1']);
    expect(state.releases.get(v('1.0.0'))).toMatchObject({
      version: '1.0.0',
      by: keyIdOf(alice),
      time: at(1_700_000_000),
      state: { status: 'released', content },
    });
    expect(state.releases.get(v('1.1.0'))).toMatchObject({
      by: keyIdOf(bob),
      time: at(1_700_000_001),
      state: { status: 'yanked', by: keyIdOf(alice), time: at(1_700_000_002) },
    });
    expect(state.permissions.get(keyIdOf(bob))).toEqual(new Set());
    expect(state.keys.get(keyIdOf(bob))).toBe(bob);
    const latest = (requirement: string) =>
      findLatestRelease(state, parseVersionRequirement(requirement))?.version;
    expect(latest('*')).toBe('1.0.0');
    expect(latest('^1.2.0-rc')).toBe('1.2.0-rc.1');
    expect(latest('^1.1')).toBeUndefined();
  });

  it('tells what a record changed', () => {
    const envelope = nextPackageRecord(emptyPackageState, ALICE, init(), release('1.0.0'));
    const { state, record, recordId } = validatePackageRecord(emptyPackageState, envelope);
    expect(record.entries).toEqual([init(), release('1.0.0')]);
    expect(recordId).toBe(packageRecordId(envelope.contentBytes));
    expect(state.head).toEqual({ recordId, time: record.time });
  });

  it('counts entries before a failing one inside the same record only', () => {
    const state = stateAfter([ALICE, init()]);
    const carolSigns = nextPackageRecord(state, CAROL, grant(carol), release('1.0.0'));
    expect(refusalOf(state, carolSigns)).toMatchObject({
      code: 'UNAUTHORIZED_ACTION',
      keyId: keyIdOf(carol),
    });
    const twice = nextPackageRecord(state, ALICE, release('1.0.0'), release('1.0.0'));
    expect(refusalOf(state, twice)).toMatchObject({ code: 'RELEASE_OF_RELEASED', version: '1.0.0' });
    const long = `1.0.0-${'a'.repeat(1000)}`;
    const longTwice = nextPackageRecord(state, ALICE, release(long), release(long));
    expect(() => validatePackage(state, longTwice)).toThrow(/^version "1\.0\.0-a{94}…" is already released/);
    // A record may yank what it released itself.
    validatePackage(state, nextPackageRecord(state, ALICE, release('1.0.0'), yank('1.0.0')));
  });

  it('lets a key that is granted nothing sign the record that says so, as the reference does', () => {
    const state = stateAfter([ALICE, init()]);
    const next = validatePackage(state, nextPackageRecord(state, MALLORY, grant(publicKeyOf(MALLORY))));
    expect(next.permissions.get(keyIdOf(publicKeyOf(MALLORY)))).toEqual(new Set());
  });
});

describe('a record is refused', () => {
  const started = stateAfter([ALICE, init(), release('1.0.0')], [ALICE, release('2.0.0'), yank('2.0.0')]);
  const prev = started.head?.recordId;
  const time = at(1_700_000_009);
  const signed = (entries: readonly PackageEntry[], change: object = {}, key = ALICE) =>
    signPackageRecord({ prev, time, entries, ...change }, key);
  const first = (...entries: readonly PackageEntry[]) =>
    signPackageRecord({ prev: undefined, time, entries }, ALICE);

  it.each<[string, PackageState, Envelope, object]>([
    [
      'a first record with prev',
      emptyPackageState,
      signed([init()]),
      { code: 'PREVIOUS_HASH_ON_FIRST_RECORD' },
    ],
    ['no prev', started, first(), { code: 'NO_PREVIOUS_HASH_AFTER_INIT' }],
    [
      'the prev of another record',
      started,
      signed([], { prev: parseRecordId(digestNamed('another')) }),
      { code: 'RECORD_HASH_DOES_NOT_MATCH' },
    ],
    [
      'a prev that is the beginning of the right one',
      started,
      signed([], { prev: parseHashText((prev as string).slice(0, 11)) }),
      { code: 'RECORD_HASH_DOES_NOT_MATCH' },
    ],
    ['an earlier time', started, signed([], { time: at(5) }), { code: 'TIMESTAMP_LOWER_THAN_PREVIOUS' }],
    [
      'a first entry other than init',
      emptyPackageState,
      first(grant(bob)),
      { code: 'FIRST_ENTRY_IS_NOT_INIT' },
    ],
    [
      'a first release: for want of the permission',
      emptyPackageState,
      first(release('1.0.0')),
      { code: 'UNAUTHORIZED_ACTION', keyId: keyIdOf(alice), neededPermission: 'release' },
    ],
    ['an empty first record', emptyPackageState, first(), { code: 'INITIAL_RECORD_DOES_NOT_INIT' }],
    ['a second init', started, signed([init()]), { code: 'INITIAL_ENTRY_AFTER_BEGINNING' }],
    [
      "an init with a key that is not the signer's",
      emptyPackageState,
      first(init(bob)),
      { code: 'KEY_ID_NOT_RECOGNIZED', keyId: keyIdOf(alice) },
    ],
    ['a stranger', started, signed([], {}, BOB), { code: 'KEY_ID_NOT_RECOGNIZED', keyId: keyIdOf(bob) }],
    [
      'a grant of what the signer does not have',
      started,
      signed([grant(bob, 'yank')], {}, BOB),
      { code: 'UNAUTHORIZED_ACTION', keyId: keyIdOf(bob), neededPermission: 'yank' },
    ],
    [
      'a revocation of what the key does not have',
      started,
      signed([revoke('nobody', 'release')]),
      { code: 'PERMISSION_NOT_FOUND_TO_REVOKE', keyId: 'nobody', permission: 'release' },
    ],
    [
      'a release of a yanked version',
      started,
      signed([release('2.0.0')]),
      { code: 'RELEASE_OF_RELEASED', version: '2.0.0' },
    ],
    [
      'a yank of an unknown version',
      started,
      signed([yank('1.0.0+build')]),
      { code: 'YANK_OF_UNRELEASED', version: '1.0.0+build' },
    ],
    ['a second yank', started, signed([yank('2.0.0')]), { code: 'YANK_OF_YANKED', version: '2.0.0' }],
    [
      "another key's signature",
      started,
      { ...signed([], {}, BOB), keyId: keyIdOf(alice) },
      { code: 'SIGNATURE_ERROR' },
    ],
    ['a signature that is none', started, { ...signed([]), signature: 'none' }, { code: 'SIGNATURE_ERROR' }],
    [
      'an init for a state without algorithm that has keys',
      { ...started, algorithm: undefined, head: undefined },
      first(init()),
      { code: 'STATE_NOT_EMPTY' },
    ],
  ])('for %s', (_, state, envelope, failure) => {
    expect(refusalOf(state, envelope)).toEqual({ name: 'ValidationError', ...failure });
  });

  it('for another version of the protocol', () => {
    // Version 7 behind the prev, which the signing functions never write.
    const contentBytes = Uint8Array.from([0x10, 7, 0x1a, 0]);
    expect(refusalOf(emptyPackageState, { contentBytes, keyId: '', signature: '' })).toMatchObject({
      code: 'PROTOCOL_VERSION_NOT_ALLOWED',
      protocolVersion: 7,
    });
  });

  it('for bytes that are no record, with an error of the codec', () => {
    const envelope = { ...signed([]), contentBytes: new Uint8Array(3) };
    expect(() => validatePackage(started, envelope)).toThrow(RecordError);
  });

  it('with the first failure of several', () => {
    const all = signed([init(), release('1.0.0')], { prev: undefined, time: at(0) }, BOB);
    expect(refusalOf(started, all).code).toBe('NO_PREVIOUS_HASH_AFTER_INIT');
    const later = signed([release('1.0.0'), init()], { time: at(0) }, BOB);
    expect(refusalOf(started, later).code).toBe('TIMESTAMP_LOWER_THAN_PREVIOUS');
    const entries = signed([revoke('nobody', 'yank'), release('1.0.0')], {}, BOB);
    expect(refusalOf(started, entries).code).toBe('UNAUTHORIZED_ACTION');
  });
});

const someVersions = ['1.0.0', '1.0.1', '2.0.0-rc.1', '2.0.0+b'].map(v);
const someEntries: fc.Arbitrary<PackageEntry> = fc.oneof(
  fc.constantFrom<Version[]>(...someVersions).map((version) => release(version)),
  fc.constantFrom<Version[]>(...someVersions).map((version) => yank(version)),
  fc
    .tuple(fc.constantFrom(alice, bob, carol), fc.subarray([...PACKAGE_PERMISSIONS]))
    .map(([key, permissions]) => grant(key, ...permissions)),
  fc
    .tuple(fc.constantFrom(alice, bob, carol), fc.subarray([...PACKAGE_PERMISSIONS], { minLength: 1 }))
    .map(([key, permissions]) => revoke(keyIdOf(key), ...permissions)),
);
const attempts = fc.array(
  fc.record({
    signer: fc.constantFrom(ALICE, ALICE, BOB, MALLORY),
    entries: fc.array(someEntries, { maxLength: 3 }),
  }),
  { maxLength: 12 },
);

describe('any log', () => {
  it('keeps its state when a record fails, and what was folded never changes', () => {
    fc.assert(
      fc.property(attempts, (records) => {
        let state = frozen(stateAfter([ALICE, init()]));
        const accepted = [nextPackageRecord(emptyPackageState, ALICE, init())];
        for (const { signer, entries } of records) {
          const envelope = nextPackageRecord(state, signer, ...entries);
          const before = structuredClone(state);
          try {
            const next = validatePackage(state, envelope);
            expectGrowth(state, next);
            state = frozen(next);
            accepted.push(envelope);
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationError);
            expect(state).toEqual(before);
          }
        }
        expect(validatePackageLog(emptyPackageState, accepted)).toEqual(state);
        const [start, ...rest] = accepted as [Envelope, ...Envelope[]];
        const middle = frozen(validatePackage(emptyPackageState, start));
        expect(validatePackageLog(middle, rest)).toEqual(state);
        expect(decodePackageState(encodePackageState(state))).toEqual(state);
      }),
      { numRuns: 60 },
    );
  });

  it('needs no releases but those that the record names', () => {
    fc.assert(
      fc.property(attempts, (records) => {
        let state = stateAfter([ALICE, init()]);
        for (const { signer, entries } of records) {
          const envelope = nextPackageRecord(state, signer, ...entries);
          const named = new Set(entries.map((entry) => ('version' in entry ? entry.version : undefined)));
          const releases = new Map([...state.releases].filter(([version]) => named.has(version)));
          const partly = outcome({ ...state, releases }, envelope);
          const wholly = outcome(state, envelope);
          if (typeof wholly === 'string' || typeof partly === 'string') {
            expect(partly).toBe(wholly);
            continue;
          }
          expect({ ...partly, releases: new Map([...state.releases, ...partly.releases]) }).toEqual(wholly);
          state = wholly;
        }
      }),
      { numRuns: 60 },
    );
  });

  function outcome(state: PackageState, envelope: Envelope): PackageState | string {
    try {
      return validatePackage(state, envelope);
    } catch (error) {
      return (error as ValidationError).code;
    }
  }

  /** Keys and releases stay, what is yanked stays yanked, and the head moves on. */
  function expectGrowth(before: PackageState, after: PackageState): void {
    for (const [id, key] of before.keys) expect(after.keys.get(id)).toBe(key);
    for (const [version, { state, recordId }] of before.releases) {
      expect(after.releases.get(version)?.recordId).toBe(recordId);
      if (state.status === 'yanked') expect(after.releases.get(version)?.state).toEqual(state);
    }
    expect(after.head?.recordId).not.toBe(before.head?.recordId);
  }
});

describe('validatePackageLog', () => {
  it('says which record failed', () => {
    const start = nextPackageRecord(emptyPackageState, ALICE, init());
    const state = validatePackage(emptyPackageState, start);
    const bad = nextPackageRecord(state, BOB, release('1.0.0'));
    expect(() => validatePackageLog(emptyPackageState, [start, bad])).toThrow(
      expect.objectContaining({ code: 'UNAUTHORIZED_ACTION', recordIndex: 1 }),
    );
  });

  it('folds nothing into the same state', () => {
    expect(validatePackageLog(emptyPackageState, [])).toEqual(emptyPackageState);
  });
});

describe('a signature that was verified before', () => {
  const state = stateAfter([ALICE, init()]);
  const good = nextPackageRecord(state, ALICE, release('1.0.0'));

  it('is not needed, and is taken', () => {
    const proof = verifyPackageEnvelope(good, alice);
    expect(validatePackage(state, good, proof)).toEqual(validatePackage(state, good));
    expect(validatePackageLog(state, [good], [proof])).toEqual(validatePackageLog(state, [good]));
  });

  it('does not help a record that it does not belong to', () => {
    const proof = verifyPackageEnvelope(good, alice);
    const forged = { ...nextPackageRecord(state, BOB, release('2.0.0')), keyId: keyIdOf(alice) };
    for (const attempt of [forged, { ...forged, signature: good.signature }]) {
      expect(() => validatePackage(state, attempt, proof)).toThrow(
        expect.objectContaining({ code: 'SIGNATURE_ERROR' }),
      );
    }
    // The signature was verified, but with a key that is not the signer's.
    const bobs = nextPackageRecord(state, BOB, release('1.0.0'));
    expect(() =>
      validatePackage(state, { ...bobs, keyId: keyIdOf(alice) }, verifyPackageEnvelope(bobs, bob)),
    ).toThrow(expect.objectContaining({ code: 'SIGNATURE_ERROR' }));
  });
});

describe('JSON of a state', () => {
  it('cannot hold moments before the epoch', () => {
    const envelope = signPackageRecord({ prev: undefined, time: at(-1), entries: [init()] }, ALICE);
    const state = validatePackage(emptyPackageState, envelope);
    expect(() => encodePackageState(state)).toThrow(expect.objectContaining({ code: 'UNENCODABLE_STATE' }));
  });

  it('leaves empty members out, and reads null only where there may be nothing', () => {
    expect(encodePackageState(emptyPackageState)).toBe('{}');
    expect(decodePackageState('{"algorithm":null,"head":null}')).toEqual(emptyPackageState);
    expect(() => decodePackageState('{"releases":null}')).toThrow(
      expect.objectContaining({ path: 'releases' }),
    );
  });

  it.each([
    ['1.5', { seconds: 1n, nanos: 5 }],
    ['+01.+05', { seconds: 1n, nanos: 5 }],
    ['1.4294967295', { seconds: 5n, nanos: 294967295 }],
    ['9223372036854775807.0', { seconds: 2n ** 63n - 1n, nanos: 0 }],
  ])('reads the timestamp %s as the reference does', (timestamp, time) => {
    const text = `{"head":{"digest":"${digestNamed('head')}","timestamp":"${timestamp}"}}`;
    expect(decodePackageState(text).head?.time).toEqual(time);
  });

  it.each(['1', '1.', '.1', '-1.0', '1.0.0', ' 1.0', '1.4294967296', '9223372036854775808.0', '1e3.0'])(
    'refuses the timestamp %j',
    (timestamp) => {
      const text = `{"head":{"digest":"${digestNamed('head')}","timestamp":"${timestamp}"}}`;
      expect(() => decodePackageState(text)).toThrow(expect.objectContaining({ path: 'head.timestamp' }));
    },
  );

  it('keeps texts that look like members of every object', () => {
    const state: PackageState = {
      ...emptyPackageState,
      permissions: new Map([
        ['__proto__', new Set(['yank'] as const)],
        ['7', new Set()],
        ['constructor', new Set(['release', 'yank'] as const)],
      ]),
    };
    expect([...decodePackageState(encodePackageState(state)).permissions]).toEqual([...state.permissions]);
  });
});

it('has different keys in its tests', () => {
  expect(new Set(KEYS.map(publicKeyOf)).size).toBe(KEYS.length);
});
