import { keyIdOf, SignaturePrefix } from '@warg/crypto';
import type { Envelope } from '../envelopes/envelope.ts';
import type { VerifiedSignature } from '../envelopes/signing.ts';
import { ValidationError } from '../errors.ts';
import { type HashText, packageRecordId, type RecordId } from '../ids.ts';
import {
  decodePackageRecord,
  PACKAGE_PERMISSIONS,
  type PackageEntry,
  type PackagePermission,
  type PackageRecord,
} from '../records/package-record.ts';
import type { Timestamp } from '../records/timestamp.ts';
import { matchesRequirement, type VersionRequirement } from '../versions/requirement.ts';
import { compareVersions, type Version } from '../versions/version.ts';
import { type DraftMap, draftMap } from './draft-map.ts';
import {
  applyGrant,
  applyInit,
  applyRevoke,
  type LogDraft,
  type LogHead,
  type LogState,
  logDraft,
  requireInitialized,
  requirePermissions,
} from './log-draft.ts';
import { logFold, type ValidatedRecord } from './log-fold.ts';

/** Where a release stands. */
export type ReleaseState =
  /** It can be downloaded; `content` is the digest of its bytes. */
  | { readonly status: 'released'; readonly content: HashText }
  /** It was taken back, by the key with this id. */
  | { readonly status: 'yanked'; readonly by: string; readonly time: Timestamp };

/** A version that a package has, or had. */
export interface Release {
  readonly version: Version;
  /** The record that released it. */
  readonly recordId: RecordId;
  /** The id of the key that released it. */
  readonly by: string;
  readonly time: Timestamp;
  readonly state: ReleaseState;
}

/**
 * What the records of a package's log add up to.
 *
 * It is plain data that nothing here changes. A fold looks at `algorithm`, `head`, `permissions`, `keys` and those
 * releases whose versions the record names, so a caller with a database may hand it a state with these alone.
 */
export interface PackageState extends LogState<PackagePermission> {
  /** All versions that were ever released, in the order of their release, by their text. */
  readonly releases: ReadonlyMap<Version, Release>;
}

/** The state of a package without records. */
export const emptyPackageState: PackageState = {
  algorithm: undefined,
  head: undefined,
  permissions: new Map(),
  releases: new Map(),
  keys: new Map(),
};

/** What became of a record that its log allows. */
export type ValidatedPackageRecord = ValidatedRecord<PackageState, PackageRecord>;

/**
 * Folds one record into the state of its package's log.
 *
 * The checks come in the order of the reference: the hash of the record before, the version of the protocol, the
 * timestamp, the entries one by one (what an entry does counts for those behind it in the same record), then whether
 * the log is initialised, whether the signer's key is known, and the signature.
 *
 * @param state what the records before add up to; it stays as it is
 * @param verified if the signature was verified already: what `verifyPackageEnvelope` returned
 * @returns the new state
 * @throws ValidationError if the log does not allow the record
 * @throws RecordError if the bytes are no package record
 * @example
 * const state = envelopes.reduce((before, envelope) => validatePackage(before, envelope), emptyPackageState);
 */
export function validatePackage(
  state: PackageState,
  envelope: Envelope,
  verified?: VerifiedSignature,
): PackageState {
  return validatePackageRecord(state, envelope, verified).state;
}

/** As {@link validatePackage}; it also returns the record, for callers that store what it changed. */
export function validatePackageRecord(
  state: PackageState,
  envelope: Envelope,
  verified?: VerifiedSignature,
): ValidatedPackageRecord {
  return fold.one(state, envelope, verified);
}

/**
 * Folds records in order, as {@link validatePackage} would one by one, in time that grows with their number alone.
 *
 * @param verified for each envelope what `verifyPackageEnvelope` returned, if it was called
 * @throws ValidationError with `recordIndex`, for the first record that the log does not allow
 * @throws RecordError if the bytes of one are no package record
 */
export function validatePackageLog(
  state: PackageState,
  envelopes: readonly Envelope[],
  verified: readonly (VerifiedSignature | undefined)[] = [],
): PackageState {
  return fold.all(state, envelopes, verified);
}

/**
 * As {@link validatePackageLog}, with the same result and the same errors; the signatures are verified together, on the
 * calling thread and on others. The records are folded before it returns; the state is given out once every signature was
 * found good.
 *
 * @throws ValidationError with `recordIndex`, for the first record that the log does not allow
 * @throws RecordError if the bytes of one are no package record
 */
export async function validatePackageLogAsync(
  state: PackageState,
  envelopes: readonly Envelope[],
  verified: readonly (VerifiedSignature | undefined)[] = [],
): Promise<PackageState> {
  return fold.allTogether(state, envelopes, verified);
}

interface PackageDraft extends LogDraft<PackagePermission> {
  readonly releases: DraftMap<Version, Release>;
}

function packageDraft(state: PackageState): PackageDraft {
  return { ...logDraft(state), releases: draftMap(state.releases) };
}

function settle({ algorithm, head, permissions, releases, keys }: PackageDraft): PackageState {
  return {
    algorithm,
    head,
    permissions: permissions.result(),
    releases: releases.result(),
    keys: keys.result(),
  };
}

const fold = logFold<PackageState, PackageDraft, PackageRecord, PackageEntry>({
  prefix: SignaturePrefix.packageRecord,
  decode: decodePackageRecord,
  recordId: packageRecordId,
  draft: packageDraft,
  settle,
  apply: applyEntry,
});

function applyEntry(draft: PackageDraft, signer: string, entry: PackageEntry, head: LogHead): void {
  if (entry.type === 'init') {
    if (draft.algorithm !== undefined) throw new ValidationError({ code: 'INITIAL_ENTRY_AFTER_BEGINNING' });
    if (signer !== keyIdOf(entry.key))
      throw new ValidationError({ code: 'KEY_ID_NOT_RECOGNIZED', keyId: signer });
    if (!draft.releases.isEmpty()) throw new ValidationError({ code: 'STATE_NOT_EMPTY' });
    applyInit(draft, signer, entry, PACKAGE_PERMISSIONS);
    return;
  }
  if (entry.type === 'release' || entry.type === 'yank') requirePermissions(draft, signer, [entry.type]);
  requireInitialized(draft);
  switch (entry.type) {
    case 'grantFlat':
      applyGrant(draft, signer, entry);
      return;
    case 'revokeFlat':
      applyRevoke(draft, signer, entry);
      return;
    case 'release':
      applyRelease(draft, signer, entry, head);
      return;
    case 'yank':
      applyYank(draft, signer, entry.version, head.time);
      return;
  }
}

function applyRelease(
  draft: PackageDraft,
  by: string,
  { version, content }: { readonly version: Version; readonly content: HashText },
  { recordId, time }: LogHead,
): void {
  if (draft.releases.get(version)) throw new ValidationError({ code: 'RELEASE_OF_RELEASED', version });
  draft.releases.set(version, { version, recordId, by, time, state: { status: 'released', content } });
}

function applyYank(draft: PackageDraft, by: string, version: Version, time: Timestamp): void {
  const release = draft.releases.get(version);
  if (release === undefined) throw new ValidationError({ code: 'YANK_OF_UNRELEASED', version });
  if (release.state.status === 'yanked') throw new ValidationError({ code: 'YANK_OF_YANKED', version });
  draft.releases.set(version, { ...release, state: { status: 'yanked', by, time } });
}

/** The highest release that satisfies the requirement and is not yanked; undefined if there is none. */
export function findLatestRelease(state: PackageState, requirement: VersionRequirement): Release | undefined {
  let latest: Release | undefined;
  for (const release of state.releases.values()) {
    if (release.state.status === 'yanked' || !matchesRequirement(requirement, release.version)) continue;
    if (!latest || compareVersions(release.version, latest.version) > 0) latest = release;
  }
  return latest;
}
