import { SignaturePrefix } from '@warg/crypto';
import type { Envelope } from '../envelopes/envelope.ts';
import type { VerifiedSignature } from '../envelopes/signing.ts';
import { ValidationError } from '../errors.ts';
import { operatorRecordId } from '../ids.ts';
import { isNamespace } from '../names/package-name.ts';
import {
  decodeOperatorRecord,
  OPERATOR_PERMISSIONS,
  type OperatorEntry,
  type OperatorPermission,
  type OperatorRecord,
} from '../records/operator-record.ts';
import { type DraftMap, draftMap } from './draft-map.ts';
import {
  applyGrant,
  applyInit,
  applyRevoke,
  type LogDraft,
  type LogState,
  logDraft,
  requireInitialized,
  requirePermissions,
} from './log-draft.ts';
import { logFold, type ValidatedRecord } from './log-fold.ts';

/** Where the packages of a namespace are. */
export type NamespaceState =
  /** In this registry. */
  | { readonly state: 'defined' }
  /** In the registry with this domain. */
  | { readonly state: 'imported'; readonly registry: string };

/**
 * What the records of a registry's operator log add up to.
 *
 * It is plain data that nothing here changes. A fold looks at `algorithm`, `head`, `permissions`, `keys` and those
 * namespaces that the record names.
 */
export interface OperatorState extends LogState<OperatorPermission> {
  /** All namespaces that the log names, in order. */
  readonly namespaces: ReadonlyMap<string, NamespaceState>;
}

/** The state of an operator log without records. */
export const emptyOperatorState: OperatorState = {
  algorithm: undefined,
  head: undefined,
  permissions: new Map(),
  keys: new Map(),
  namespaces: new Map(),
};

/** What became of a record that the operator log allows. */
export type ValidatedOperatorRecord = ValidatedRecord<OperatorState, OperatorRecord>;

/** The permission that an entry needs, before its own rules are looked at. */
const NEEDED_PERMISSION = {
  grantFlat: 'commit',
  revokeFlat: 'commit',
  defineNamespace: 'defineNamespace',
  importNamespace: 'importNamespace',
} as const;

/**
 * Folds one record into the state of the operator log. The checks come in the order that `validatePackage` names.
 *
 * The machine does not demand that the key of the first `init` is the signer's, so a log that begins with a forged
 * `init` passes. Whoever pins a registry's key must check that the first record is signed by the key that it names.
 *
 * @param state what the records before add up to; it stays as it is
 * @param verified if the signature was verified already: what `verifyOperatorEnvelope` returned
 * @returns the new state
 * @throws ValidationError if the log does not allow the record
 * @throws RecordError if the bytes are no operator record
 */
export function validateOperator(
  state: OperatorState,
  envelope: Envelope,
  verified?: VerifiedSignature,
): OperatorState {
  return validateOperatorRecord(state, envelope, verified).state;
}

/** As {@link validateOperator}; it also returns the record, for callers that store what it changed. */
export function validateOperatorRecord(
  state: OperatorState,
  envelope: Envelope,
  verified?: VerifiedSignature,
): ValidatedOperatorRecord {
  return fold.one(state, envelope, verified);
}

/**
 * Folds records in order, as {@link validateOperator} would one by one, in time that grows with their number alone.
 *
 * @param verified for each envelope what `verifyOperatorEnvelope` returned, if it was called
 * @throws ValidationError with `recordIndex`, for the first record that the log does not allow
 * @throws RecordError if the bytes of one are no operator record
 */
export function validateOperatorLog(
  state: OperatorState,
  envelopes: readonly Envelope[],
  verified: readonly (VerifiedSignature | undefined)[] = [],
): OperatorState {
  return fold.all(state, envelopes, verified);
}

/**
 * As {@link validateOperatorLog}, with the same result and the same errors; the signatures are verified together, on the
 * calling thread and on others. The records are folded before it returns; the state is given out once every signature was
 * found good.
 *
 * @throws ValidationError with `recordIndex`, for the first record that the log does not allow
 * @throws RecordError if the bytes of one are no operator record
 */
export async function validateOperatorLogAsync(
  state: OperatorState,
  envelopes: readonly Envelope[],
  verified: readonly (VerifiedSignature | undefined)[] = [],
): Promise<OperatorState> {
  return fold.allTogether(state, envelopes, verified);
}

interface OperatorDraft extends LogDraft<OperatorPermission> {
  readonly namespaces: DraftMap<string, NamespaceState>;
}

function operatorDraft(state: OperatorState): OperatorDraft {
  return { ...logDraft(state), namespaces: draftMap(state.namespaces) };
}

function settle({ algorithm, head, permissions, keys, namespaces }: OperatorDraft): OperatorState {
  return {
    algorithm,
    head,
    permissions: permissions.result(),
    keys: keys.result(),
    namespaces: namespaces.result(),
  };
}

const fold = logFold<OperatorState, OperatorDraft, OperatorRecord, OperatorEntry>({
  prefix: SignaturePrefix.operatorRecord,
  decode: decodeOperatorRecord,
  recordId: operatorRecordId,
  draft: operatorDraft,
  settle,
  apply: applyEntry,
});

function applyEntry(draft: OperatorDraft, signer: string, entry: OperatorEntry): void {
  if (entry.type === 'init') {
    if (draft.algorithm !== undefined) throw new ValidationError({ code: 'INITIAL_ENTRY_AFTER_BEGINNING' });
    applyInit(draft, signer, entry, OPERATOR_PERMISSIONS);
    return;
  }
  requirePermissions(draft, signer, [NEEDED_PERMISSION[entry.type]]);
  requireInitialized(draft);
  switch (entry.type) {
    case 'grantFlat':
      applyGrant(draft, signer, entry);
      return;
    case 'revokeFlat':
      applyRevoke(draft, signer, entry);
      return;
    case 'defineNamespace':
      addNamespace(draft, entry.namespace, { state: 'defined' });
      return;
    case 'importNamespace':
      addNamespace(draft, entry.namespace, { state: 'imported', registry: entry.registry });
      return;
  }
}

function addNamespace(draft: OperatorDraft, namespace: string, state: NamespaceState): void {
  if (!isNamespace(namespace)) throw new ValidationError({ code: 'INVALID_NAMESPACE', namespace });
  if (draft.namespaces.get(namespace))
    throw new ValidationError({ code: 'NAMESPACE_ALREADY_DEFINED', namespace });
  draft.namespaces.set(namespace, state);
}

/** Whether the key with this id may sign checkpoints: whether it holds `commit`. */
export function maySignCheckpoints(state: OperatorState, keyId: string): boolean {
  return state.permissions.get(keyId)?.has('commit') === true;
}
