// What the state machines of package and operator logs have in common: the chain of records, keys and permissions.

import { type HashAlgorithm, keyIdOf, type PublicKey, type SignaturePrefix } from '@warg/crypto';
import type { Envelope } from '../envelopes/envelope.ts';
import { ValidationError } from '../errors.ts';
import type { HashText, RecordId } from '../ids.ts';
import { RECORD_VERSION, type RecordFrame } from '../records/record-frame.ts';
import { compareTimestamps, type Timestamp } from '../records/timestamp.ts';
import { type DraftMap, draftMap } from './draft-map.ts';
import type { SignatureCheck } from './signature-check.ts';

/** The last record of a log. */
export interface LogHead {
  readonly recordId: RecordId;
  readonly time: Timestamp;
}

/** What the states of both kinds of log have. `P` is a permission. */
export interface LogState<P extends string> {
  /** The algorithm that `init` named; undefined before it. */
  readonly algorithm: HashAlgorithm | undefined;
  /** The last record; undefined before the first. */
  readonly head: LogHead | undefined;
  /** What each key may do, by key id. A key that lost everything stays, with an empty set. */
  readonly permissions: ReadonlyMap<string, ReadonlySet<P>>;
  /** Every key that the log ever named, by key id. */
  readonly keys: ReadonlyMap<string, PublicKey>;
}

/** A state while records are folded into it. */
export interface LogDraft<P extends string> {
  algorithm: HashAlgorithm | undefined;
  head: LogHead | undefined;
  readonly permissions: DraftMap<string, ReadonlySet<P>>;
  readonly keys: DraftMap<string, PublicKey>;
}

export function logDraft<P extends string>(state: LogState<P>): LogDraft<P> {
  return {
    algorithm: state.algorithm,
    head: state.head,
    permissions: draftMap(state.permissions),
    keys: draftMap(state.keys),
  };
}

/** Checks, in this order, that a record is the next one, speaks version 0 and is not older than the head. */
export function checkFrame<P extends string>(draft: LogDraft<P>, record: RecordFrame): void {
  checkPrevious(draft.head, record.prev);
  if (record.version !== RECORD_VERSION) {
    throw new ValidationError({ code: 'PROTOCOL_VERSION_NOT_ALLOWED', protocolVersion: record.version });
  }
  if (draft.head && compareTimestamps(record.time, draft.head.time) < 0) {
    throw new ValidationError({ code: 'TIMESTAMP_LOWER_THAN_PREVIOUS' });
  }
}

function checkPrevious(head: LogHead | undefined, prev: HashText | undefined): void {
  if (head === undefined) {
    if (prev !== undefined) throw new ValidationError({ code: 'PREVIOUS_HASH_ON_FIRST_RECORD' });
    return;
  }
  if (prev === undefined) throw new ValidationError({ code: 'NO_PREVIOUS_HASH_AFTER_INIT' });
  const found = algorithmOf(prev);
  const expected = algorithmOf(head.recordId);
  // There is one algorithm today; the check has its place in the order of checks all the same.
  if (found !== expected) throw new ValidationError({ code: 'INCORRECT_HASH_ALGORITHM', found, expected });
  if (prev !== head.recordId) throw new ValidationError({ code: 'RECORD_HASH_DOES_NOT_MATCH' });
}

function algorithmOf(hash: HashText): string {
  return hash.slice(0, hash.indexOf(':'));
}

/** Checks that the key has all these permissions; the error names the first that it lacks. */
export function requirePermissions<P extends string>(
  draft: LogDraft<P>,
  keyId: string,
  permissions: readonly P[],
): void {
  const held = draft.permissions.get(keyId);
  for (const permission of permissions) {
    if (!held?.has(permission)) {
      throw new ValidationError({ code: 'UNAUTHORIZED_ACTION', keyId, neededPermission: permission });
    }
  }
}

/** Checks that `init` has come. */
export function requireInitialized<P extends string>(draft: LogDraft<P>): void {
  if (draft.algorithm === undefined) throw new ValidationError({ code: 'FIRST_ENTRY_IS_NOT_INIT' });
}

/** Begins the log: the signer gets all permissions. */
export function applyInit<P extends string>(
  draft: LogDraft<P>,
  signer: string,
  entry: { readonly hashAlgorithm: HashAlgorithm; readonly key: PublicKey },
  allPermissions: readonly P[],
): void {
  if (!draft.permissions.isEmpty() || !draft.keys.isEmpty())
    throw new ValidationError({ code: 'STATE_NOT_EMPTY' });
  draft.algorithm = entry.hashAlgorithm;
  draft.permissions.set(signer, new Set(allPermissions));
  draft.keys.set(keyIdOf(entry.key), entry.key);
}

/** Gives a key permissions. The signer must have them. */
export function applyGrant<P extends string>(
  draft: LogDraft<P>,
  signer: string,
  entry: { readonly key: PublicKey; readonly permissions: readonly P[] },
): void {
  requirePermissions(draft, signer, entry.permissions);
  const keyId = keyIdOf(entry.key);
  draft.keys.set(keyId, entry.key);
  draft.permissions.set(keyId, new Set([...(draft.permissions.get(keyId) ?? []), ...entry.permissions]));
}

/** Takes permissions from a key. The signer must have them, and so must the key. */
export function applyRevoke<P extends string>(
  draft: LogDraft<P>,
  signer: string,
  entry: { readonly keyId: string; readonly permissions: readonly P[] },
): void {
  const { keyId, permissions } = entry;
  requirePermissions(draft, signer, permissions);
  if (permissions.length === 0) return;
  const left = new Set(draft.permissions.get(keyId));
  for (const permission of permissions) {
    if (!left.delete(permission)) {
      throw new ValidationError({ code: 'PERMISSION_NOT_FOUND_TO_REVOKE', keyId, permission });
    }
  }
  draft.permissions.set(keyId, left);
}

/**
 * The checks behind the entries, in this order: the log is initialised, the signer's key is known (it may be since
 * this very record), the signature is the signer's. Then the record becomes the head.
 */
export function closeRecord<P extends string>(
  draft: LogDraft<P>,
  envelope: Envelope,
  head: LogHead,
  prefix: SignaturePrefix,
  checkSignature: SignatureCheck,
): void {
  if (draft.algorithm === undefined) throw new ValidationError({ code: 'INITIAL_RECORD_DOES_NOT_INIT' });
  const key = draft.keys.get(envelope.keyId);
  if (key === undefined) throw new ValidationError({ code: 'KEY_ID_NOT_RECOGNIZED', keyId: envelope.keyId });
  checkSignature({ envelope, recordId: head.recordId, key, prefix });
  draft.head = head;
}
