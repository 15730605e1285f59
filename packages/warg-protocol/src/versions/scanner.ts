// The pieces that versions and requirements are made of, after the grammar of semver.org and Cargo. A scanner walks
// over the text once; every refusal names the part and the position.

import { quote } from '@warg/crypto';
import { VersionError } from '../errors.ts';

/** The largest number that a part of a version may be: 2^64 − 1. */
const U64_MAX = 0xffff_ffff_ffff_ffffn;

const DIGITS = /[0-9]+/y;
const IDENTIFIERS = /[0-9A-Za-z.-]+/y;
const EMPTY_IDENTIFIER = /^(?=\.|$)|\.(?=\.|$)/;
const SPACES = / */y;

export interface Scanner {
  readonly text: string;
  /** The position of the next character. */
  at: number;
  /** What the text should be, for errors. */
  readonly code: 'INVALID_VERSION' | 'INVALID_VERSION_REQUIREMENT';
}

/** Throws the scanner's error: `expected` names what should stand at the scanner's position. */
export function refuse(scanner: Scanner, expected: string): never {
  const { text, at } = scanner;
  const found = at < text.length ? quote(String.fromCodePoint(text.codePointAt(at) as number)) : 'the end';
  throw new VersionError(scanner.code, `expected ${expected}, found ${found} at position ${at}`, text);
}

/** Passes over `expected` if it stands there. */
export function skip(scanner: Scanner, expected: string): boolean {
  if (!scanner.text.startsWith(expected, scanner.at)) return false;
  scanner.at += expected.length;
  return true;
}

/** Passes over spaces (not tabs or line ends, which nothing here allows). */
export function skipSpaces(scanner: Scanner): void {
  take(scanner, SPACES);
}

/** Takes a number from 0 to 2^64 − 1 without leading zeros. */
export function takeNumber(scanner: Scanner, part: string): bigint {
  const start = scanner.at;
  const digits = take(scanner, DIGITS);
  if (digits === undefined) return refuse(scanner, `the ${part} number`);
  scanner.at = start;
  if (digits.length > 1 && digits.startsWith('0')) refuse(scanner, `a ${part} number without leading zeros`);
  // Twenty digits hold 2^64 − 1; the check comes first so that no text costs more than its length.
  const value = digits.length <= 20 ? BigInt(digits) : U64_MAX + 1n;
  if (value > U64_MAX) refuse(scanner, `a ${part} number up to ${U64_MAX}`);
  scanner.at = start + digits.length;
  return value;
}

/** Takes the identifiers of a pre-release, behind its hyphen: numbers have no leading zeros. */
export function takePreRelease(scanner: Scanner): string {
  const start = scanner.at;
  const pre = takeIdentifiers(scanner, 'pre-release');
  if (pre.split('.').some((part) => part.length > 1 && part.startsWith('0') && isNumeric(part))) {
    scanner.at = start;
    refuse(scanner, 'a pre-release whose numbers have no leading zeros');
  }
  return pre;
}

/** Takes the identifiers of build metadata, behind its plus sign. */
export function takeBuild(scanner: Scanner): string {
  return takeIdentifiers(scanner, 'build metadata');
}

/** Whether an identifier of a pre-release or of build metadata is a number; the empty one counts as such. */
export function isNumeric(identifier: string): boolean {
  return /^[0-9]*$/.test(identifier);
}

function takeIdentifiers(scanner: Scanner, part: string): string {
  const start = scanner.at;
  const found = take(scanner, IDENTIFIERS) ?? '';
  // Looked for apart: a pattern with a repeated group overflows the stack on a text of some megabytes.
  const empty = EMPTY_IDENTIFIER.exec(found);
  if (empty === null) return found;
  scanner.at = start + empty.index + empty[0].length;
  return refuse(scanner, `an identifier of the ${part}`);
}

function take(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text)?.[0];
  if (found !== undefined) scanner.at += found.length;
  return found;
}
