// Readers take a value that parseJson found apart: each expects one shape and says where it found another. The
// rules are those of serde, which both ends of the wire have grown up with: members may come in any order, but not
// twice; null is not the same as absent unless a member is optional; an integer is never written as 1.0 or 1e3.

import { DecodeError } from './error.ts';
import {
  describeJson,
  isArray,
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from './value.ts';

/** An unsigned 64-bit integer: a number up to 2^53−1, a bigint beyond. */
export type U64 = number | bigint;

/** Where a value stands. The root has no parent; it decides for all below it how strict the readers are. */
export interface JsonPath {
  readonly parent: JsonPath | undefined;
  readonly key: string | number;
  /** Whether to refuse what the wire can carry but no real registry writes, such as lengths beyond 2^53−1. */
  readonly strict: boolean;
}

/** Turns a value into a T, or throws. */
export type JsonReader<T> = (value: JsonValue, at: JsonPath) => T;

/** The root for strict readers: integers are numbers (beyond 2^53−1 `INTEGER_TOO_LARGE`), hashes have 64 digits. */
export const STRICT_ROOT: JsonPath = { parent: undefined, key: '', strict: true };

/** The root for readers that keep whatever the wire can carry: every u64 (see {@link U64}), hashes of any length. */
export const WIRE_ROOT: JsonPath = { parent: undefined, key: '', strict: false };

/** The place of a member or element. */
export function under(at: JsonPath, key: string | number): JsonPath {
  return { parent: at, key, strict: at.strict };
}

/** The path as JavaScript would write it: `packages["sha256:…"][0].keyId`. */
export function formatPath(at: JsonPath): string {
  if (at.parent === undefined) return '';
  const before = formatPath(at.parent);
  if (typeof at.key === 'number') return `${before}[${at.key}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(at.key)) return `${before}[${JSON.stringify(cut(at.key))}]`;
  return before === '' ? at.key : `${before}.${at.key}`;
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Throws `INVALID_BODY`: what was expected at this place. */
export function refuse(expected: string, value: JsonValue, at: JsonPath, cause?: unknown): never {
  const path = formatPath(at);
  const where = path === '' ? '' : ` at ${path}`;
  const found = cause instanceof Error ? `: ${cause.message}` : `, found ${describeJson(value)}`;
  throw new DecodeError('INVALID_BODY', `expected ${expected}${where}${found}`, { path, cause });
}

/** Reads an object; {@link memberOf} and its kin take it apart. */
export function readObject(value: JsonValue, at: JsonPath): JsonObject {
  return isJsonObject(value) ? value : refuse('an object', value, at);
}

/** The value of a member, or undefined where there is none. A member that comes twice is refused. */
export function memberOf(object: JsonObject, name: string, at: JsonPath): JsonValue | undefined {
  const index = object.names.indexOf(name);
  if (index === -1) return undefined;
  if (object.names.indexOf(name, index + 1) !== -1) {
    const path = formatPath(under(at, name));
    throw new DecodeError('INVALID_BODY', `expected ${path} once, found it twice`, { path });
  }
  return object.values[index];
}

/**
 * Reads a member that must be there.
 *
 * @example
 * const object = readObject(parseJson(text, { maxLength: 1000 }), STRICT_ROOT);
 * const name = readMember(object, 'name', STRICT_ROOT, readText);
 */
export function readMember<T>(object: JsonObject, name: string, at: JsonPath, read: JsonReader<T>): T {
  const value = memberOf(object, name, at);
  const place = under(at, name);
  if (value === undefined) {
    const path = formatPath(place);
    throw new DecodeError('INVALID_BODY', `expected a member ${path}, found none`, { path });
  }
  return read(value, place);
}

/** Reads a member that may be absent or null: both give undefined. */
export function readOptional<T>(
  object: JsonObject,
  name: string,
  at: JsonPath,
  read: JsonReader<T>,
): T | undefined {
  const value = memberOf(object, name, at);
  return value === undefined || value === null ? undefined : read(value, under(at, name));
}

/** Reads a member that may be absent, but not null: absent gives `fallback`. */
export function readDefaulted<T>(
  object: JsonObject,
  name: string,
  at: JsonPath,
  read: JsonReader<T>,
  fallback: NoInfer<T>,
): T {
  const value = memberOf(object, name, at);
  return value === undefined ? fallback : read(value, under(at, name));
}

/** Refuses members with other names. */
export function refuseUnknownMembers(object: JsonObject, known: readonly string[], at: JsonPath): void {
  for (const name of object.names) {
    if (known.includes(name)) continue;
    const path = formatPath(under(at, name));
    throw new DecodeError('INVALID_BODY', `expected no member but ${known.join(', ')}, found ${path}`, {
      path,
    });
  }
}

/**
 * Refuses a value that has something ill-formed or infinite anywhere in it. The reference does so wherever it
 * keeps members aside before it knows their type, even if nobody asks for them later.
 */
export function refuseIllFormed(value: JsonValue, at: JsonPath): void {
  if (typeof value !== 'object' || value === null) return;
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) refuseIllFormed(value[i] as JsonValue, under(at, i));
  } else if (value.type === 'object') {
    for (let i = 0; i < value.names.length; i++) {
      refuseIllFormed(value.values[i] as JsonValue, under(at, value.names[i] as string));
    }
  } else if (value.type === 'illFormed' || !Number.isFinite(Number(value.text))) {
    refuse('a value that can be kept', value, at);
  }
}

/** Reads a text, which may be empty. */
export function readText(value: JsonValue, at: JsonPath): string {
  return typeof value === 'string' ? value : refuse('a text', value, at);
}

/** Reads true or false. */
export function readBoolean(value: JsonValue, at: JsonPath): boolean {
  return typeof value === 'boolean' ? value : refuse('true or false', value, at);
}

/** Reads an integer from 0 to 2^64−1. Beyond 2^53−1 the root decides: a bigint, or `INTEGER_TOO_LARGE`. */
export function readU64(value: JsonValue, at: JsonPath): U64 {
  if (typeof value === 'number' && value >= 0) return value;
  if (typeof value !== 'bigint' || value < 0n) return refuse('an integer from 0 to 2^64−1', value, at);
  if (!at.strict) return value;
  const path = formatPath(at);
  throw new DecodeError('INTEGER_TOO_LARGE', `expected an integer up to 2^53−1 at ${path}, found ${value}`, {
    path,
    value,
  });
}

/** Reads an integer from 0 to 65535. */
export function readU16(value: JsonValue, at: JsonPath): number {
  return typeof value === 'number' && value >= 0 && value <= 0xffff
    ? value
    : refuse('an integer from 0 to 65535', value, at);
}

/** Reads null as null. */
export function nullable<T>(read: JsonReader<T>): JsonReader<T | null> {
  return (value, at) => (value === null ? null : read(value, at));
}

/** Reads an array whose elements are all of one kind. */
export function arrayOf<T>(read: JsonReader<T>): JsonReader<readonly T[]> {
  return (value, at) => {
    if (!isArray(value)) return refuse('an array', value, at);
    return (value as JsonArray).map((element, index) => read(element, under(at, index)));
  };
}

/** Reads an object whose names are data. A name that comes twice keeps its first place and its last value. */
export function mapOf<K extends string, T>(
  readName: JsonReader<K>,
  read: JsonReader<T>,
): JsonReader<ReadonlyMap<K, T>> {
  return (value, at) => {
    const { names, values } = readObject(value, at);
    const map = new Map<K, T>();
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const place = under(at, name);
      map.set(readName(name, place), read(values[i] as JsonValue, place));
    }
    return map;
  };
}

/** Reads a text through a parser of its own, such as parseDigest. */
export function textAs<T>(what: string, parse: (text: string) => T): JsonReader<T> {
  return (value, at) => {
    const text = readText(value, at);
    try {
      return parse(text);
    } catch (cause) {
      return refuse(what, value, at, cause);
    }
  };
}
