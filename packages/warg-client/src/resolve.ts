import { WargError } from '@warg/crypto';
import {
  findLatestRelease,
  formatVersionRequirement,
  type PackageName,
  parsePackageName,
  parseVersion,
  parseVersionRequirement,
  type Version,
  type VersionRequirement,
} from '@warg/protocol';
import { ClientError } from './errors.ts';
import type { Wanted } from './options.ts';
import { releaseInfo } from './package-info.ts';
import type { PackageInfo, Resolution } from './results.ts';

/** @throws ClientError `INVALID_NAME` */
export function readName(text: string): PackageName {
  return reading('INVALID_NAME', () => parsePackageName(text));
}

/** @throws ClientError `INVALID_VERSION` */
export function readVersion(text: string): Version {
  return reading('INVALID_VERSION', () => parseVersion(text));
}

/** What a caller wants, read before anything is asked. */
export type WantedVersion =
  | { readonly type: 'exact'; readonly version: Version }
  | { readonly type: 'requirement'; readonly requirement: VersionRequirement; readonly text: string };

/** @throws ClientError `INVALID_VERSION` */
export function readWanted(wanted: Wanted): WantedVersion {
  if (typeof wanted === 'string') {
    const requirement = reading('INVALID_VERSION', () => parseVersionRequirement(wanted));
    return { type: 'requirement', requirement, text: wanted };
  }
  if ('version' in wanted) return { type: 'exact', version: readVersion(wanted.version) };
  return { type: 'requirement', requirement: wanted, text: formatVersionRequirement(wanted) };
}

/**
 * Chooses a version of a package: the exact one, or the highest that meets the requirement. Yanked versions are
 * never chosen.
 *
 * @throws ClientError `VERSION_NOT_FOUND` | `VERSION_YANKED` | `CONTENT_UNAVAILABLE`
 */
export function chooseRelease(info: PackageInfo, wanted: WantedVersion): Resolution {
  const release =
    wanted.type === 'exact'
      ? exactRelease(info, wanted.version)
      : findLatestRelease(info.state, wanted.requirement);
  if (release === undefined) throw versionNotFound(info, wanted);
  const chosen = releaseInfo(release);
  if (chosen.digest === undefined) {
    throw new ClientError(
      'CONTENT_UNAVAILABLE',
      `version ${chosen.version} of ${info.name} names content by a hash that is no SHA-256: it can never be fetched`,
      { name: info.name, version: chosen.version },
    );
  }
  const { registry, assurance, checkpoint, asOf, operator, firstUse, refreshed, warnings, name } = info;
  const ground = { registry, assurance, checkpoint, asOf, operator, firstUse, refreshed, warnings };
  return { ...ground, name, version: chosen.version, digest: chosen.digest, release: chosen };
}

function exactRelease(info: PackageInfo, version: Version) {
  const release = info.state.releases.get(version);
  if (release?.state.status === 'yanked') {
    throw new ClientError(
      'VERSION_YANKED',
      `version ${version} of ${info.name} was yanked: choose another one`,
      {
        name: info.name,
        version,
        versions: availableVersions(info),
      },
    );
  }
  return release;
}

function versionNotFound(info: PackageInfo, wanted: WantedVersion): ClientError {
  const versions = availableVersions(info);
  const what = wanted.type === 'exact' ? `version ${wanted.version}` : `a version that meets ${wanted.text}`;
  const found =
    versions.length === 0
      ? 'no version that is not yanked'
      : `${versions.slice(-10).join(', ')}${versions.length > 10 ? ' and older ones' : ''}`;
  const hint = versions.some((version) => version.includes('-'))
    ? '. A pre-release must be asked for by its own version'
    : '';
  return new ClientError('VERSION_NOT_FOUND', `expected ${what} of ${info.name}, found ${found}${hint}`, {
    name: info.name,
    versions,
  });
}

function availableVersions(info: PackageInfo): readonly string[] {
  return info.releases.filter(({ state }) => state === 'released').map(({ version }) => version);
}

function reading<T>(code: 'INVALID_NAME' | 'INVALID_VERSION', read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw new ClientError(code, cause.message, {}, { cause });
  }
}
