import { keyIdOf, type PrivateKey, publicKeyOf, WargError } from '@warg/crypto';
import {
  compareTimestamps,
  decodePackageRecord,
  type Envelope,
  emptyPackageState,
  type LogId,
  type PackageName,
  type PackageRecord,
  type PackageState,
  packageRecordId,
  type RecordId,
  signPackageRecord,
  timestampFromMillis,
  ValidationError,
  validatePackage,
} from '@warg/protocol';
import { ClientError } from '../errors.ts';
import type { StoredPublishEntry } from '../results.ts';
import type { Submission } from '../state/submission.ts';
import type { VerifiedLog } from '../verify/log.ts';
import { protocolEntry } from './entries.ts';

/** A record that is signed and fits behind the log's head. */
export interface Draft {
  readonly envelope: Envelope;
  readonly record: PackageRecord;
  readonly recordId: RecordId;
  /** What the record does and who signs it, without its time. */
  readonly purpose: string;
  /** True when an `init` was put first. */
  readonly initialized: boolean;
}

/** What a draft is made of. */
export interface DraftRequest {
  readonly name: PackageName;
  readonly logId: LogId;
  readonly entries: readonly StoredPublishEntry[];
  /** The package's verified log; undefined where the registry does not know it. */
  readonly log: VerifiedLog<PackageState> | undefined;
  /** Put an `init` first where the package does not exist. */
  readonly init: boolean;
  readonly signer: PrivateKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Signs a record and folds it into the package's state, so that what the registry would reject is not even sent.
 *
 * @throws ClientError `PACKAGE_NOT_INITIALIZED` | `PACKAGE_EXISTS` | `RECORD_INVALID`
 */
export function draftRecord(request: DraftRequest): Draft {
  const { name, log, signer } = request;
  const entries = withInit(request);
  const state = log?.state ?? emptyPackageState;
  const time = timestampFromMillis(Math.floor(request.now));
  // Clocks differ: a record must not be older than the head, or no machine would accept it.
  const after =
    state.head !== undefined && compareTimestamps(time, state.head.time) < 0 ? state.head.time : time;
  const prev = log?.head;
  try {
    const publicKey = publicKeyOf(signer);
    const envelope = signPackageRecord(
      { prev, time: after, entries: entries.map((entry) => protocolEntry(entry, publicKey)) },
      signer,
    );
    validatePackage(state, envelope);
    return {
      envelope,
      record: decodePackageRecord(envelope.contentBytes),
      recordId: packageRecordId(envelope.contentBytes),
      purpose: purposeOf(prev, envelope.keyId, entries),
      initialized: entries.length > request.entries.length,
    };
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError(
      'RECORD_INVALID',
      `this cannot be published to ${name}: ${explain(cause)}`,
      {
        name,
        ...(cause instanceof ValidationError && cause.version !== undefined
          ? { version: cause.version }
          : {}),
      },
      { cause },
    );
  }
}

/** The draft that a submission of before was made from: the same bytes, so the same record. */
export function resumedDraft({ envelope, recordId, purpose }: Submission): Draft {
  const record = decodePackageRecord(envelope.contentBytes);
  return { envelope, record, recordId, purpose, initialized: false };
}

/** True where a submission of before does what is asked for now, by the same key. */
export function servesSamePurpose(
  submission: Submission,
  request: Pick<DraftRequest, 'entries' | 'init' | 'signer'>,
): boolean {
  const { prev } = decodePackageRecord(submission.envelope.contentBytes);
  const signer = keyIdOf(publicKeyOf(request.signer));
  const initialized: readonly StoredPublishEntry[] = [{ type: 'init' }, ...request.entries];
  return (
    submission.purpose === purposeOf(prev, signer, request.entries) ||
    (request.init && submission.purpose === purposeOf(prev, signer, initialized))
  );
}

function purposeOf(prev: string | undefined, signer: string, entries: readonly StoredPublishEntry[]): string {
  return JSON.stringify({ prev: prev ?? null, signer, entries: entries.map(withoutSize) });
}

function withInit({ name, log, entries, init }: DraftRequest): readonly StoredPublishEntry[] {
  const initializes = entries.some(({ type }) => type === 'init');
  if (log !== undefined && initializes) {
    throw new ClientError('PACKAGE_EXISTS', `${name} exists already: publish to it without init`, { name });
  }
  if (log !== undefined || initializes) return entries;
  if (init) return [{ type: 'init' }, ...entries];
  throw new ClientError(
    'PACKAGE_NOT_INITIALIZED',
    `the registry has no package ${name}, or does not show it to you: initialize it first, or publish with init`,
    { name },
  );
}

function withoutSize(entry: StoredPublishEntry): StoredPublishEntry {
  if (entry.type !== 'release') return entry;
  const { type, version, content } = entry;
  return { type, version, content };
}

function explain(error: WargError): string {
  if (!(error instanceof ValidationError)) return error.message;
  switch (error.code) {
    case 'RELEASE_OF_RELEASED':
      return `version ${error.version} was released before, and a version is released once: choose another one`;
    case 'YANK_OF_UNRELEASED':
      return `version ${error.version} was never released`;
    case 'YANK_OF_YANKED':
      return `version ${error.version} is yanked already`;
    case 'KEY_ID_NOT_RECOGNIZED':
      return `the package does not know the signing key ${error.keyId ?? ''}: sign with another key, or have this one granted`;
    case 'UNAUTHORIZED_ACTION':
      return `the key ${error.keyId ?? ''} does not hold the permission ${error.neededPermission ?? ''}: have it granted by a key that does`;
    default:
      return error.message;
  }
}
