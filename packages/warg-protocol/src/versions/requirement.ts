import { VersionError } from '../errors.ts';
import { refuse, type Scanner, skip, skipSpaces, takeBuild, takeNumber, takePreRelease } from './scanner.ts';
import { comparePreRelease, type Version, type VersionParts, versionParts } from './version.ts';

/** How a {@link Comparator} compares; `*` is a wildcard in the last part that is given (`1.*`, `1.2.*`). */
export type ComparatorOp = '=' | '>' | '>=' | '<' | '<=' | '~' | '^' | '*';

/** One part of a requirement, such as `>=1.2`. Parts that are left out are undefined, from the right. */
export interface Comparator {
  readonly op: ComparatorOp;
  readonly major: bigint;
  readonly minor: bigint | undefined;
  readonly patch: bigint | undefined;
  /** The pre-release; empty unless `patch` is given. */
  readonly pre: string;
}

/** What a version must satisfy: all of the comparators. None at all is `*`, any version but pre-releases. */
export interface VersionRequirement {
  readonly comparators: readonly Comparator[];
}

/** As in Cargo. */
const MAX_COMPARATORS = 32;

/** Longer first, where one begins another. */
const OPERATORS = ['=', '>=', '>', '<=', '<', '~', '^'] as const;

/**
 * Reads a version requirement as Cargo does: comparators with commas between them, all of which must hold. A
 * comparator without operator is a caret: `1.2` means `^1.2`. There is no `||` and no `1 - 2`.
 *
 * @throws VersionError `INVALID_VERSION_REQUIREMENT`
 * @example
 * const requirement = parseVersionRequirement('>=1.2, <1.5');
 * matchesRequirement(requirement, parseVersion('1.4.0')); // true
 */
export function parseVersionRequirement(text: string): VersionRequirement {
  const scanner: Scanner = { text, at: 0, code: 'INVALID_VERSION_REQUIREMENT' };
  skipSpaces(scanner);
  if (skipWildcard(scanner)) {
    skipSpaces(scanner);
    if (scanner.at < text.length) refuse(scanner, 'nothing behind a wildcard that stands alone');
    return { comparators: [] };
  }
  const comparators = [takeComparator(scanner)];
  while (scanner.at < text.length) {
    if (!skip(scanner, ',')) refuse(scanner, 'a comma or the end of the requirement');
    if (comparators.length === MAX_COMPARATORS) {
      throw new VersionError(
        scanner.code,
        `expected at most ${MAX_COMPARATORS} comparators, found more`,
        text,
      );
    }
    skipSpaces(scanner);
    comparators.push(takeComparator(scanner));
  }
  return { comparators };
}

function takeComparator(scanner: Scanner): Comparator {
  const operator = OPERATORS.find((one) => skip(scanner, one));
  if (operator) skipSpaces(scanner);
  const major = takeNumber(scanner, 'major');
  let minor: bigint | undefined;
  let patch: bigint | undefined;
  let pre = '';
  let wildcard = false;
  if (skip(scanner, '.')) {
    if (skipWildcard(scanner)) wildcard = true;
    else minor = takeNumber(scanner, 'minor');
    if (skip(scanner, '.')) {
      if (skipWildcard(scanner)) wildcard = true;
      else if (wildcard) refuse(scanner, 'another wildcard behind a wildcard');
      else patch = takeNumber(scanner, 'patch');
    }
  }
  if (patch !== undefined) {
    if (skip(scanner, '-')) pre = takePreRelease(scanner);
    // Build metadata may stand there, but nothing is compared with it.
    if (skip(scanner, '+')) takeBuild(scanner);
  }
  skipSpaces(scanner);
  return { op: operator ?? (wildcard ? '*' : '^'), major, minor, patch, pre };
}

function skipWildcard(scanner: Scanner): boolean {
  return skip(scanner, '*') || skip(scanner, 'x') || skip(scanner, 'X');
}

/** The canonical text of a requirement: `1` becomes `^1`, `1.x` becomes `1.*`. */
export function formatVersionRequirement(requirement: VersionRequirement): string {
  if (requirement.comparators.length === 0) return '*';
  return requirement.comparators.map(formatComparator).join(', ');
}

function formatComparator({ op, major, minor, patch, pre }: Comparator): string {
  let text = `${op === '*' ? '' : op}${major}`;
  if (minor !== undefined) text += `.${minor}`;
  if (minor !== undefined && patch !== undefined) return `${text}.${patch}${pre === '' ? '' : `-${pre}`}`;
  return op === '*' ? `${text}.*` : text;
}

/**
 * Whether a version satisfies a requirement. A pre-release does so only if one of the comparators names a
 * pre-release of the same three numbers; build metadata is not looked at.
 */
export function matchesRequirement(requirement: VersionRequirement, version: Version): boolean {
  const parts = versionParts(version);
  const { comparators } = requirement;
  if (!comparators.every((comparator) => matches(comparator, parts))) return false;
  return parts.pre === '' || comparators.some((comparator) => namesPreReleaseOf(comparator, parts));
}

function namesPreReleaseOf(comparator: Comparator, version: VersionParts): boolean {
  return (
    comparator.pre !== '' &&
    comparator.major === version.major &&
    comparator.minor === version.minor &&
    comparator.patch === version.patch
  );
}

function matches(comparator: Comparator, version: VersionParts): boolean {
  switch (comparator.op) {
    case '=':
    case '*':
      return matchesExactly(comparator, version);
    case '>':
      return differs(comparator, version) > 0;
    case '>=':
      return matchesExactly(comparator, version) || differs(comparator, version) > 0;
    case '<':
      return differs(comparator, version) < 0;
    case '<=':
      return matchesExactly(comparator, version) || differs(comparator, version) < 0;
    case '~':
      return matchesTilde(comparator, version);
    case '^':
      return matchesCaret(comparator, version);
  }
}

function matchesExactly(comparator: Comparator, version: VersionParts): boolean {
  return (
    version.major === comparator.major &&
    (comparator.minor === undefined || version.minor === comparator.minor) &&
    (comparator.patch === undefined || version.patch === comparator.patch) &&
    version.pre === comparator.pre
  );
}

/** On which side of the comparator's version this one lies; 0 also if it agrees with all parts that are given. */
function differs(comparator: Comparator, version: VersionParts): number {
  if (version.major !== comparator.major) return version.major > comparator.major ? 1 : -1;
  if (comparator.minor === undefined) return 0;
  if (version.minor !== comparator.minor) return version.minor > comparator.minor ? 1 : -1;
  if (comparator.patch === undefined) return 0;
  if (version.patch !== comparator.patch) return version.patch > comparator.patch ? 1 : -1;
  return comparePreRelease(version.pre, comparator.pre);
}

function matchesTilde(comparator: Comparator, version: VersionParts): boolean {
  if (version.major !== comparator.major) return false;
  if (comparator.minor !== undefined && version.minor !== comparator.minor) return false;
  if (comparator.patch !== undefined && version.patch !== comparator.patch) {
    return version.patch > comparator.patch;
  }
  return comparePreRelease(version.pre, comparator.pre) >= 0;
}

// The leftmost number that is not zero must stay as it is.
function matchesCaret({ major, minor, patch, pre }: Comparator, version: VersionParts): boolean {
  if (version.major !== major) return false;
  if (minor === undefined) return true;
  if (patch === undefined) return major > 0n ? version.minor >= minor : version.minor === minor;
  if (version.minor !== minor) return major > 0n && version.minor > minor;
  if (version.patch !== patch) return (major > 0n || minor > 0n) && version.patch > patch;
  return comparePreRelease(version.pre, pre) >= 0;
}
