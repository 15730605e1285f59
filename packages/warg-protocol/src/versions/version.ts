import { isNumeric, refuse, type Scanner, skip, takeBuild, takeNumber, takePreRelease } from './scanner.ts';

declare const versionBrand: unique symbol;

/**
 * A version after SemVer 2.0.0: `1.2.3`, `1.2.3-rc.1+build.5`. A version has one spelling only, so equal texts are
 * equal versions, and the text serves as the key of a map.
 */
export type Version = string & { readonly [versionBrand]: true };

/** A version, taken apart. */
export interface VersionParts {
  /** From 0 to 2^64 − 1, like `minor` and `patch`. */
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** The pre-release, without its hyphen; empty for a release proper. */
  readonly pre: string;
  /** The build metadata, without its plus sign; empty if there is none. */
  readonly build: string;
}

/**
 * Reads a version as Cargo does: three numbers up to 2^64 − 1, no `v` in front, no spaces.
 *
 * @throws VersionError `INVALID_VERSION`
 * @example parseVersion('1.2.3-rc.1')
 */
export function parseVersion(text: string): Version {
  versionParts(text as Version);
  return text as Version;
}

/** Whether the text is a version. */
export function isVersion(text: string): text is Version {
  try {
    versionParts(text as Version);
    return true;
  } catch {
    return false;
  }
}

/** Takes a version apart. */
export function versionParts(version: Version): VersionParts {
  const scanner: Scanner = { text: version, at: 0, code: 'INVALID_VERSION' };
  const major = takeNumber(scanner, 'major');
  if (!skip(scanner, '.')) refuse(scanner, 'a dot behind the major number');
  const minor = takeNumber(scanner, 'minor');
  if (!skip(scanner, '.')) refuse(scanner, 'a dot behind the minor number');
  const patch = takeNumber(scanner, 'patch');
  const pre = skip(scanner, '-') ? takePreRelease(scanner) : '';
  const build = skip(scanner, '+') ? takeBuild(scanner) : '';
  if (scanner.at < version.length) refuse(scanner, 'the end of the version');
  return { major, minor, patch, pre, build };
}

/**
 * Puts a version together.
 *
 * @throws VersionError `INVALID_VERSION` if the parts do not make one
 */
export function formatVersion(parts: VersionParts): Version {
  const pre = parts.pre === '' ? '' : `-${parts.pre}`;
  const build = parts.build === '' ? '' : `+${parts.build}`;
  return parseVersion(`${parts.major}.${parts.minor}.${parts.patch}${pre}${build}`);
}

/**
 * The total order of versions: precedence after SemVer, and among versions of the same precedence their build
 * metadata. It picks the latest release. Negative if `a` comes first, 0 only for the same version.
 *
 * @example versions.toSorted(compareVersions)
 */
export function compareVersions(a: Version, b: Version): number {
  if (a === b) return 0;
  const left = versionParts(a);
  const right = versionParts(b);
  return compareParts(left, right) || compareBuild(left.build, right.build);
}

/** The precedence of SemVer (section 11), which does not look at build metadata: 0 if neither comes first. */
export function comparePrecedence(a: Version, b: Version): number {
  return compareParts(versionParts(a), versionParts(b));
}

function compareParts(a: VersionParts, b: VersionParts): number {
  return (
    compare(a.major, b.major) ||
    compare(a.minor, b.minor) ||
    compare(a.patch, b.patch) ||
    comparePreRelease(a.pre, b.pre)
  );
}

/** The order of pre-releases: none comes after all others. */
export function comparePreRelease(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  return compareIdentifiers(
    a,
    b,
    (left, right) => compare(left.length, right.length) || compare(left, right),
  );
}

// Build metadata has no order in SemVer. Cargo's: as pre-releases, but none comes first, and numbers may have leading
// zeros, which count last: 0 < 00 < 1 < 01 < 001 < 2.
function compareBuild(a: string, b: string): number {
  return compareIdentifiers(a, b, (left, right) => {
    const leftValue = left.replace(/^0+/, '');
    const rightValue = right.replace(/^0+/, '');
    return (
      compare(leftValue.length, rightValue.length) ||
      compare(leftValue, rightValue) ||
      compare(left.length, right.length)
    );
  });
}

function compareIdentifiers(a: string, b: string, compareNumbers: (a: string, b: string) => number): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < left.length; i++) {
    const l = left[i] as string;
    const r = right[i];
    if (r === undefined) return 1;
    const numericLeft = isNumeric(l);
    const numericRight = isNumeric(r);
    if (numericLeft !== numericRight) return numericLeft ? -1 : 1;
    const order = numericLeft ? compareNumbers(l, r) : compare(l, r);
    if (order !== 0) return order;
  }
  return left.length < right.length ? -1 : 0;
}

// Identifiers are ASCII, so the order of UTF-16 units is the order of bytes.
function compare<T extends bigint | number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
