import { isDigest, keyIdOf } from '@warg/crypto';
import {
  compareVersions,
  type LogId,
  type PackageName,
  type PackageState,
  type Release,
  type Timestamp,
  timestampToMillis,
} from '@warg/protocol';
import type { OperatorInfo, PackageInfo, ReleaseInfo, Verified } from './results.ts';
import type { RegistryState } from './state/registry-state.ts';
import type { VerifiedLog } from './verify/log.ts';

/** The ground of a result. */
export function groundOf(
  registry: string,
  state: RegistryState,
  provedAt: RegistryState['checkpoint'],
  about: Pick<Verified, 'firstUse' | 'refreshed' | 'warnings'>,
): Verified {
  return {
    registry,
    assurance: 'proved',
    checkpoint: provedAt,
    asOf: dateOf(provedAt.contents.timestamp * 1000),
    operator: state.pin,
    ...about,
  };
}

/** A package's verified log, for people and programs. */
export function packageInfo(
  ground: Verified,
  name: PackageName,
  logId: LogId,
  log: VerifiedLog<PackageState>,
): PackageInfo {
  const { state } = log;
  return {
    ...ground,
    name,
    logId,
    head: {
      recordId: log.head,
      time: state.head === undefined ? dateOf(0) : timeOf(state.head.time),
      registryIndex: log.headIndex,
    },
    records: log.records.length,
    releases: [...state.releases.values()]
      .map(releaseInfo)
      .sort((a, b) => compareVersions(a.version, b.version)),
    keys: new Map([...state.keys.values()].map((key) => [keyIdOf(key), key])),
    permissions: state.permissions,
    state,
  };
}

export function operatorInfo(ground: Verified, state: RegistryState): OperatorInfo {
  const { operator } = state;
  return {
    ...ground,
    head: { recordId: operator.head, registryIndex: operator.headIndex },
    records: operator.records.length,
    namespaces: operator.state.namespaces,
    state: operator.state,
  };
}

export function releaseInfo(release: Release): ReleaseInfo {
  const { version, state } = release;
  const released = { version, releasedBy: release.by, releasedAt: timeOf(release.time) };
  if (state.status === 'yanked') {
    return {
      ...released,
      state: 'yanked',
      digest: undefined,
      yankedBy: state.by,
      yankedAt: timeOf(state.time),
    };
  }
  return { ...released, state: 'released', digest: isDigest(state.content) ? state.content : undefined };
}

/** A record's time as a Date; a time that no Date reaches becomes the farthest one. */
function timeOf(time: Timestamp): Date {
  return dateOf(timestampToMillis(time));
}

function dateOf(milliseconds: number): Date {
  const farthest = 8.64e15;
  return new Date(Math.max(-farthest, Math.min(farthest, milliseconds)));
}
