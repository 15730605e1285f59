import type { HashAlgorithm, PublicKey } from '@warg/crypto';
import {
  type HashText,
  type LogState,
  maySignCheckpoints,
  type NamespaceState,
  type OperatorPermission,
  type OperatorState,
  type PackagePermission,
  type PackageState,
  type Release,
  type VerifiedSignature,
  type Version,
  validateOperator,
  validatePackage,
} from '@warg/protocol';
import { operatorKeyInUse } from '../registry/errors.ts';
import type { KeyRow, LogPart, NamespaceRow, ReleaseRow, StoredRecord } from '../store/rows.ts';

/** The state of one log, as far as it was read, while records are folded into it. */
export interface LogFold {
  /**
   * @param verified what came of verifying its signature, if that was done
   * @throws ValidationError | RecordError if the record does not fit; the state stays as it was
   */
  apply(record: StoredRecord, verified?: VerifiedSignature): void;
  /** The rows that are different now; undefined if none is. */
  changes(): LogPart | undefined;
}

/** A fold of a package's log that begins with these rows. */
export function packageFold(part: LogPart): LogFold {
  const before: PackageState = {
    ...logState<PackagePermission>(part),
    releases: new Map(part.releases.map((row) => [row.version as Version, toRelease(row)])),
  };
  let state = before;
  // The name stands in every record that was accepted while the log was new.
  let packageName = part.packageName;
  return {
    apply(record, verified) {
      state = validatePackage(state, record.envelope, verified);
      packageName ??= record.packageName;
    },
    changes() {
      if (state === before) return undefined;
      const releases = changed(before.releases, state.releases).map(([, release]) => fromRelease(release));
      return { ...logPart(part, before, state), packageName, releases, namespaces: [] };
    },
  };
}

/**
 * A fold of the operator log that begins with these rows.
 *
 * @param signer the id of the key that is to sign what comes of it. A record that takes the permission to do so from it does
 *   not fit: the checkpoint that has the record would be signed by a key that may not
 */
export function operatorFold(part: LogPart, signer?: string): LogFold {
  const before: OperatorState = {
    ...logState<OperatorPermission>(part),
    namespaces: new Map(part.namespaces.map((row) => [row.namespace, toNamespace(row)])),
  };
  let state = before;
  return {
    apply(record, verified) {
      const next = validateOperator(state, record.envelope, verified);
      if (signer !== undefined && maySignCheckpoints(state, signer) && !maySignCheckpoints(next, signer)) {
        throw operatorKeyInUse(signer);
      }
      state = next;
    },
    changes() {
      if (state === before) return undefined;
      const namespaces = changed(before.namespaces, state.namespaces).map(([namespace, now]) => ({
        namespace,
        registry: now.state === 'imported' ? now.registry : undefined,
      }));
      return { ...logPart(part, before, state), packageName: undefined, releases: [], namespaces };
    },
  };
}

function logState<P extends string>(part: LogPart): LogState<P> {
  return {
    algorithm: part.algorithm as HashAlgorithm | undefined,
    head: part.head,
    keys: new Map(part.keys.map(({ keyId, publicKey }) => [keyId, publicKey as PublicKey])),
    permissions: new Map(part.keys.map(({ keyId, permissions }) => [keyId, new Set(permissions as P[])])),
  };
}

function logPart<P extends string>(part: LogPart, before: LogState<P>, state: LogState<P>) {
  const keys: KeyRow[] = changed(before.permissions, state.permissions).map(([keyId, permissions]) => ({
    keyId,
    publicKey: state.keys.get(keyId)!,
    permissions: [...permissions],
  }));
  return { logId: part.logId, algorithm: state.algorithm, head: state.head, keys };
}

/** The entries that are new or other objects: the folds never change one in place. */
function changed<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): [K, V][] {
  return before === after ? [] : [...after].filter(([key, value]) => before.get(key) !== value);
}

function toRelease(row: ReleaseRow): Release {
  const { recordId, by, time, yanked } = row;
  return {
    version: row.version as Version,
    recordId,
    by,
    time,
    state:
      yanked === undefined
        ? { status: 'released', content: row.content as HashText }
        : { status: 'yanked', by: yanked.by, time: yanked.time },
  };
}

function fromRelease({ version, recordId, by, time, state }: Release): ReleaseRow {
  return {
    version,
    recordId,
    by,
    time,
    content: state.status === 'released' ? state.content : undefined,
    yanked: state.status === 'yanked' ? { by: state.by, time: state.time } : undefined,
  };
}

function toNamespace({ registry }: NamespaceRow): NamespaceState {
  return registry === undefined ? { state: 'defined' } : { state: 'imported', registry };
}
