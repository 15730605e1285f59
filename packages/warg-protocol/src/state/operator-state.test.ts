import { keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, MALLORY } from '../../test/arbitraries.ts';
import { at, frozen, nextOperatorRecord } from '../../test/logs.ts';
import type { Envelope } from '../envelopes/envelope.ts';
import { signOperatorRecord, verifyOperatorEnvelope, verifyPackageEnvelope } from '../envelopes/signing.ts';
import { ValidationError } from '../errors.ts';
import { operatorRecordId } from '../ids.ts';
import {
  OPERATOR_PERMISSIONS,
  type OperatorEntry,
  type OperatorPermission,
} from '../records/operator-record.ts';
import {
  emptyOperatorState,
  maySignCheckpoints,
  type OperatorState,
  validateOperator,
  validateOperatorLog,
  validateOperatorRecord,
} from './operator-state.ts';
import { decodeOperatorState, encodeOperatorState } from './operator-state-json.ts';

const alice = publicKeyOf(ALICE);
const bob = publicKeyOf(BOB);
const init = (key = alice): OperatorEntry => ({ type: 'init', hashAlgorithm: 'sha256', key });
const define = (namespace: string): OperatorEntry => ({ type: 'defineNamespace', namespace });
const importFrom = (namespace: string, registry: string): OperatorEntry => ({
  type: 'importNamespace',
  namespace,
  registry,
});
const grant = (key: typeof alice, ...permissions: OperatorPermission[]): OperatorEntry => ({
  type: 'grantFlat',
  key,
  permissions,
});
const revoke = (keyId: string, ...permissions: OperatorPermission[]): OperatorEntry => ({
  type: 'revokeFlat',
  keyId,
  permissions,
});

function stateAfter(...records: readonly (readonly [PrivateKey, ...OperatorEntry[]])[]): OperatorState {
  return records.reduce(
    (state, [key, ...entries]) => validateOperator(state, nextOperatorRecord(state, key, ...entries)),
    emptyOperatorState,
  );
}

function refusalOf(state: OperatorState, envelope: Envelope): { readonly code?: string } {
  try {
    validateOperator(frozen(state), envelope);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { ...error };
  }
  throw new Error('expected a refusal');
}

describe('an operator log', () => {
  it('lives', () => {
    const state = stateAfter(
      [ALICE, init(), define('wasi')],
      [ALICE, grant(bob, 'defineNamespace', 'commit'), importFrom('other', 'registry.example.com')],
      [BOB, define('acme'), revoke(keyIdOf(alice), 'commit')],
    );
    expect([...state.namespaces]).toEqual([
      ['wasi', { state: 'defined' }],
      ['other', { state: 'imported', registry: 'registry.example.com' }],
      ['acme', { state: 'defined' }],
    ]);
    expect(maySignCheckpoints(state, keyIdOf(alice))).toBe(false);
    expect(maySignCheckpoints(state, keyIdOf(bob))).toBe(true);
    expect(maySignCheckpoints(state, 'nobody')).toBe(false);
    expect(state.keys.get(keyIdOf(alice))).toBe(alice);
  });

  it('tells what a record changed', () => {
    const envelope = nextOperatorRecord(emptyOperatorState, ALICE, init(), define('wasi'));
    const { state, record, recordId } = validateOperatorRecord(emptyOperatorState, envelope);
    expect(record.entries).toEqual([init(), define('wasi')]);
    expect(state.head?.recordId).toBe(recordId);
    expect(recordId).toBe(operatorRecordId(envelope.contentBytes));
  });

  it('gives all permissions to the signer of its first record, not to the key that init names', () => {
    // As the reference does: a forged beginning passes the fold, so that whoever pins a key must look at it.
    const state = stateAfter([MALLORY, init(alice), grant(publicKeyOf(MALLORY))]);
    expect(state.permissions.get(keyIdOf(publicKeyOf(MALLORY)))).toEqual(new Set(OPERATOR_PERMISSIONS));
    expect(state.permissions.get(keyIdOf(alice))).toBeUndefined();
    expect(state.keys.get(keyIdOf(alice))).toBe(alice);
  });
});

describe('a record is refused', () => {
  const started = stateAfter([ALICE, init(), define('wasi'), grant(bob, 'defineNamespace')]);
  const next = (key: PrivateKey, ...entries: OperatorEntry[]) => nextOperatorRecord(started, key, ...entries);

  it.each<[string, Envelope, object]>([
    [
      'a namespace that is there',
      next(ALICE, importFrom('wasi', 'example.com')),
      { code: 'NAMESPACE_ALREADY_DEFINED', namespace: 'wasi' },
    ],
    [
      'a namespace twice',
      next(ALICE, define('a'), define('a')),
      { code: 'NAMESPACE_ALREADY_DEFINED', namespace: 'a' },
    ],
    ['no namespace', next(ALICE, define('')), { code: 'INVALID_NAMESPACE', namespace: '' }],
    ['capitals', next(ALICE, define('WASI')), { code: 'INVALID_NAMESPACE', namespace: 'WASI' }],
    [
      'a namespace without the permission',
      next(BOB, importFrom('a', 'example.com')),
      { code: 'UNAUTHORIZED_ACTION', keyId: keyIdOf(bob), neededPermission: 'importNamespace' },
    ],
    [
      'a grant without commit, even of nothing',
      next(BOB, grant(bob)),
      { code: 'UNAUTHORIZED_ACTION', keyId: keyIdOf(bob), neededPermission: 'commit' },
    ],
    [
      'a revocation without commit, even of what the signer has',
      next(BOB, revoke(keyIdOf(bob), 'defineNamespace')),
      { code: 'UNAUTHORIZED_ACTION', keyId: keyIdOf(bob), neededPermission: 'commit' },
    ],
    [
      'a revocation of what the key does not have',
      next(ALICE, revoke(keyIdOf(bob), 'commit')),
      { code: 'PERMISSION_NOT_FOUND_TO_REVOKE', keyId: keyIdOf(bob), permission: 'commit' },
    ],
    ['a second init', next(ALICE, init()), { code: 'INITIAL_ENTRY_AFTER_BEGINNING' }],
    [
      'a signer whom the log does not know',
      next(MALLORY),
      { code: 'KEY_ID_NOT_RECOGNIZED', keyId: keyIdOf(publicKeyOf(MALLORY)) },
    ],
    ["another key's signature", { ...next(BOB), keyId: keyIdOf(alice) }, { code: 'SIGNATURE_ERROR' }],
  ])('for %s', (_, envelope, failure) => {
    expect(refusalOf(started, envelope)).toEqual({ name: 'ValidationError', ...failure });
  });

  it('as the first one', () => {
    const first = (...entries: OperatorEntry[]) => nextOperatorRecord(emptyOperatorState, ALICE, ...entries);
    expect(refusalOf(emptyOperatorState, first()).code).toBe('INITIAL_RECORD_DOES_NOT_INIT');
    expect(refusalOf(emptyOperatorState, first(define('a'))).code).toBe('UNAUTHORIZED_ACTION');
    // Nobody has a permission yet that a first entry other than init needs.
    expect(refusalOf(emptyOperatorState, first(init(bob))).code).toBe('KEY_ID_NOT_RECOGNIZED');
    const stranded = {
      ...emptyOperatorState,
      permissions: new Map([[keyIdOf(alice), new Set(['commit'] as const)]]),
    };
    expect(refusalOf(stranded, first(grant(bob))).code).toBe('FIRST_ENTRY_IS_NOT_INIT');
    expect(refusalOf(stranded, first(init())).code).toBe('STATE_NOT_EMPTY');
  });

  it('with the index of the record, in a log', () => {
    const start = nextOperatorRecord(emptyOperatorState, ALICE, init());
    const bad = nextOperatorRecord(validateOperator(emptyOperatorState, start), ALICE, define('A'));
    expect(() => validateOperatorLog(emptyOperatorState, [start, bad])).toThrow(
      expect.objectContaining({ code: 'INVALID_NAMESPACE', recordIndex: 1 }),
    );
  });
});

const someEntries: fc.Arbitrary<OperatorEntry> = fc.oneof(
  fc.constantFrom('a', 'b', 'c-d', 'E', '').map(define),
  fc.constantFrom('a', 'b', 'c-d').map((namespace) => importFrom(namespace, 'registry.example.com')),
  fc
    .tuple(fc.constantFrom(alice, bob), fc.subarray([...OPERATOR_PERMISSIONS]))
    .map(([key, permissions]) => grant(key, ...permissions)),
  fc
    .tuple(fc.constantFrom(alice, bob), fc.subarray([...OPERATOR_PERMISSIONS], { minLength: 1 }))
    .map(([key, permissions]) => revoke(keyIdOf(key), ...permissions)),
);

it('keeps its state when a record fails, and what was folded never changes', () => {
  const attempts = fc.array(
    fc.record({
      signer: fc.constantFrom(ALICE, ALICE, BOB),
      entries: fc.array(someEntries, { maxLength: 3 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(attempts, (records) => {
      const start = nextOperatorRecord(emptyOperatorState, ALICE, init());
      let state = frozen(validateOperator(emptyOperatorState, start));
      const accepted = [start];
      for (const { signer, entries } of records) {
        const envelope = nextOperatorRecord(state, signer, ...entries);
        const before = structuredClone(state);
        try {
          const next = validateOperator(state, envelope);
          for (const [namespace, where] of state.namespaces)
            expect(next.namespaces.get(namespace)).toEqual(where);
          state = frozen(next);
          accepted.push(envelope);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
          expect(state).toEqual(before);
        }
      }
      expect(validateOperatorLog(emptyOperatorState, accepted)).toEqual(state);
      expect(decodeOperatorState(encodeOperatorState(state))).toEqual(state);
    }),
    { numRuns: 60 },
  );
});

it('takes a signature that was verified before, but only as one of an operator record', () => {
  const state = stateAfter([ALICE, init()]);
  const envelope = nextOperatorRecord(state, ALICE, define('a'));
  expect(validateOperator(state, envelope, verifyOperatorEnvelope(envelope, alice)).namespaces.size).toBe(1);
  expect(() => verifyPackageEnvelope(envelope, alice)).toThrow();
});

describe('JSON of a state', () => {
  it.each([
    ['{"namespaces":{"a":{"state":"defined"}}}', { state: 'defined' }],
    ['{"namespaces":{"a":{"state":{"defined":null}}}}', { state: 'defined' }],
    [
      '{"namespaces":{"a":{"state":{"imported":{"registry":"r","more":1}}}}}',
      { state: 'imported', registry: 'r' },
    ],
  ])('reads %s', (text, where) => {
    expect(decodeOperatorState(text).namespaces.get('a')).toEqual(where);
  });

  it.each([
    '{"namespaces":{"a":{}}}',
    '{"namespaces":{"a":"defined"}}',
    '{"namespaces":{"a":{"state":"imported"}}}',
    '{"namespaces":{"a":{"state":{"imported":"r"}}}}',
    '{"namespaces":{"a":{"state":{"imported":{}}}}}',
    '{"namespaces":{"a":{"state":{"imported":{"registry":"r"},"defined":null}}}}',
    '{"namespaces":null}',
    '{"permissions":{"k":["nonsense"]}}',
    '{"keys":{"k":"ecdsa-p256:AAAA"}}',
    '{"algorithm":"sha512"}',
    'null',
    '[]',
    '',
  ])('refuses %s', (text) => {
    expect(() => decodeOperatorState(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^INVALID_(BODY|JSON)$/) }),
    );
  });

  it('cannot hold moments before the epoch', () => {
    const envelope = signOperatorRecord({ prev: undefined, time: at(-1), entries: [init()] }, ALICE);
    expect(() => encodeOperatorState(validateOperator(emptyOperatorState, envelope))).toThrow(
      expect.objectContaining({ code: 'UNENCODABLE_STATE' }),
    );
  });
});
