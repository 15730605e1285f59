import { type KeyId, keyIdOf, type PublicKey, parseKeyId, parsePublicKey, WargError } from '@warg/crypto';
import {
  isVersion,
  parsePackageName,
  parseVersion,
  parseVersionRequirement,
  type Version,
} from '@warg/protocol';
import { parseOperatorPin } from '../config/config.ts';
import { UsageError } from '../errors.ts';

/** A permission in a package, as `--permission` names it. */
export type PermissionName = 'release' | 'yank';

const PERMISSIONS: readonly PermissionName[] = ['release', 'yank'];

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A package, perhaps with a version after `@`: `example:hello@1.2.0`. */
export interface PackageSpec {
  readonly name: string;
  /** What stands after the `@`. */
  readonly version: string | undefined;
}

/** @throws UsageError */
export function parsePackageSpec(text: string): PackageSpec {
  const at = text.indexOf('@');
  const name = parsePackage(at < 0 ? text : text.slice(0, at));
  if (at < 0) return { name, version: undefined };
  const version = text.slice(at + 1);
  if (version === '') throw new UsageError(`expected a version after the @ of ${JSON.stringify(text)}`);
  return { name, version };
}

/** @throws UsageError */
export function parsePackage(text: string): string {
  return asUsage(() => parsePackageName(text), 'A package is written like example:hello.');
}

/** An exact version: `1.2.0`. @throws UsageError */
export function parseExactVersion(text: string): string {
  return asUsage(() => parseVersion(text), 'A version is written like 1.2.0 or 1.2.0-rc.1.');
}

/**
 * Which version to download. What begins with a digit means that version, as in the reference (`1.2` means any
 * 1.2.x); anything else is a requirement.
 *
 * @example
 * parseWantedVersion('1.2.0')   // { version: '1.2.0' }
 * parseWantedVersion('1.2')     // '=1.2'
 * parseWantedVersion('^1.2')    // '^1.2'
 * @throws UsageError
 */
export function parseWantedVersion(text: string): string | { readonly version: Version } {
  if (isVersion(text)) return { version: text };
  const requirement = /^\d/.test(text) ? `=${text}` : text;
  asUsage(
    () => parseVersionRequirement(requirement),
    'Give a version like 1.2.0, or a requirement like ^1.2 or ">=1.2, <2".',
  );
  return requirement;
}

/** Permissions, several to a text: `release,yank`. @throws UsageError */
export function parsePermissions(texts: readonly string[]): readonly PermissionName[] {
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim());
  const permissions = names.map((name) => {
    const permission = PERMISSIONS.find((candidate) => candidate === name);
    if (permission === undefined) {
      throw new UsageError(`${JSON.stringify(name)} is not a permission`, {
        hint: `There are: ${PERMISSIONS.join(', ')}.`,
      });
    }
    return permission;
  });
  return [...new Set(permissions)];
}

/** @throws UsageError */
export function parsePublicKeyArgument(text: string): PublicKey {
  if (text.startsWith('sha256:')) {
    throw new UsageError('expected a public key, found a key id', {
      hint: 'A public key is written ecdsa-p256:…; `warg key info` shows it to its owner.',
    });
  }
  return asUsage(
    () => parsePublicKey(text),
    'A public key is written ecdsa-p256:…; `warg key info` shows it.',
  );
}

/** A key id, or a public key that has one. @throws UsageError */
export function parseKeyIdArgument(text: string): KeyId {
  return asUsage(
    () => (text.startsWith('ecdsa-p256:') ? keyIdOf(parsePublicKey(text)) : parseKeyId(text)),
    'A key id is written sha256:…; `warg info PACKAGE` shows the keys of a package.',
  );
}

/** The operator's public key, or the id of the operator log's first record. @throws UsageError */
export function parseOperatorKeyArgument(text: string): string {
  return asUsage(
    () => parseOperatorPin(text),
    'Give the operator’s public key (ecdsa-p256:…) or the id of its first record (sha256:…).',
  );
}

/**
 * A length of time in seconds: `90`, `90s`, `10m`, `2h`, `1d`, `1w`.
 *
 * @throws UsageError
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text);
  const seconds = match === null ? 0 : Number(match[1]) * (SECONDS[match[2] || 's'] ?? 0);
  if (!Number.isSafeInteger(seconds) || seconds <= 0) {
    throw new UsageError(`${JSON.stringify(text)} is not a length of time`, {
      hint: 'Write seconds, or a number with a unit: 90s, 10m, 2h, 1d, 1w.',
    });
  }
  return seconds;
}

/** @throws UsageError */
export function parseBoolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new UsageError(`expected true or false, found ${JSON.stringify(text)}`);
}

function asUsage<T>(parse: () => T, hint: string): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof WargError) throw new UsageError(error.message, { hint, cause: error });
    throw error;
  }
}
