// The one reader of JSON (RFC 8259) in the project. Why not JSON.parse: it forgets that a member came twice, and it
// rounds integers beyond 2^53. The libraries that keep big integers (lossless-json, json-bigint) let the first go
// unseen or refuse it everywhere, while the wire wants both: refused where members are fixed, last one wins in maps.

import { decodeUtf8 } from '@warg/crypto';
import { DecodeError } from './error.ts';
import { type JsonIllFormed, type JsonValue, valueOfNumber } from './value.ts';

/** What {@link parseJson} accepts at most. */
export interface JsonLimits {
  /** The longest text: bytes of a Uint8Array, UTF-16 units of a string. */
  readonly maxLength: number;
  /**
   * How deep arrays and objects that are kept may stand in each other; 127 if not given, as in serde_json. What
   * lies deeper is skipped over and becomes ill-formed.
   */
  readonly maxDepth?: number;
}

const DEFAULT_MAX_DEPTH = 127;

// A value takes many times the memory of the two bytes that it can be written in. The longest honest answers (64 MiB
// of records) have about a million.
const MAX_VALUES = 2_000_000;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these inside a text
const CONTROL = /[\u0000-\u001f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const LONE: JsonIllFormed = { type: 'illFormed', reason: 'a text with half a surrogate pair' };

/**
 * Reads a whole JSON text. Nothing may follow the value but white space; a byte order mark is refused. The value is
 * taken apart by readers: see {@link import('./read.ts').readMember}.
 *
 * @param input the text, or its UTF-8 bytes
 * @throws DecodeError `INVALID_JSON` with a position | `BODY_TOO_LARGE`
 * @example parseJson('{"logLength":18446744073709551615}', { maxLength: 1000 })
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits): JsonValue {
  if (input.length > limits.maxLength) {
    throw new DecodeError(
      'BODY_TOO_LARGE',
      `expected at most ${limits.maxLength} bytes of JSON, found ${input.length}`,
    );
  }
  const text = typeof input === 'string' ? requireUnicode(input) : decodeText(input);
  return parseText(text, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
}

function requireUnicode(text: string): string {
  const position = text.search(LONE_SURROGATE);
  if (position === -1) return text;
  const message = `expected Unicode, found half a surrogate pair at position ${position}`;
  throw new DecodeError('INVALID_JSON', message, { position });
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new DecodeError('INVALID_JSON', 'expected JSON in UTF-8, found bytes that are not UTF-8', {
      cause,
    });
  }
}

function parseText(text: string, maxDepth: number): JsonValue {
  const end = text.length;
  const hasControl = CONTROL.test(text);
  let at = 0;
  let backslash = text.indexOf('\\');
  let count = 0;

  const value = parseValue(1);
  skipSpace();
  if (at < end) fail('the end');
  return value;

  function fail(expected: string, position = at): never {
    const found = position < end ? JSON.stringify(text.slice(position, position + 1)) : 'the end';
    throw new DecodeError(
      'INVALID_JSON',
      `expected ${expected} at position ${position} of the JSON text, found ${found}`,
      {
        position,
      },
    );
  }

  function skipSpace(): void {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== SPACE && c !== LINE_FEED && c !== CARRIAGE_RETURN && c !== TAB) return;
      at++;
    }
  }

  function countValue(): void {
    if (++count > MAX_VALUES) {
      throw new DecodeError(
        'BODY_TOO_LARGE',
        `expected at most ${MAX_VALUES} values in a JSON text, found more`,
      );
    }
  }

  function parseValue(depth: number): JsonValue {
    countValue();
    skipSpace();
    switch (text.charCodeAt(at)) {
      case QUOTE:
        return parseString();
      case OPEN_BRACE:
        return depth > maxDepth ? skipDeep() : parseObject(depth);
      case OPEN_BRACKET:
        return depth > maxDepth ? skipDeep() : parseArray(depth);
      case 0x74:
        return parseWord('true', true);
      case 0x66:
        return parseWord('false', false);
      case 0x6e:
        return parseWord('null', null);
      default:
        return parseNumber();
    }
  }

  function parseWord<T>(word: string, meaning: T): T {
    if (!text.startsWith(word, at)) fail('a value');
    at += word.length;
    return meaning;
  }

  function parseObject(depth: number): JsonValue {
    const names: string[] = [];
    const values: JsonValue[] = [];
    at++;
    skipSpace();
    if (text.charCodeAt(at) === CLOSE_BRACE) {
      at++;
      return { type: 'object', names, values };
    }
    let illFormed: JsonIllFormed | undefined;
    for (;;) {
      const name = parseName();
      if (typeof name !== 'string') illFormed = name;
      else names.push(name);
      const member = parseValue(depth + 1);
      if (typeof name === 'string') values.push(member);
      skipSpace();
      const c = text.charCodeAt(at);
      if (c === COMMA) {
        at++;
        continue;
      }
      if (c !== CLOSE_BRACE) fail('"," or "}"');
      at++;
      return illFormed ?? { type: 'object', names, values };
    }
  }

  function parseName(): string | JsonIllFormed {
    skipSpace();
    if (text.charCodeAt(at) !== QUOTE) fail('the name of a member');
    const name = parseString();
    skipSpace();
    if (text.charCodeAt(at) !== COLON) fail('":"');
    at++;
    return name;
  }

  function parseArray(depth: number): JsonValue {
    const values: JsonValue[] = [];
    at++;
    skipSpace();
    if (text.charCodeAt(at) === CLOSE_BRACKET) {
      at++;
      return values;
    }
    for (;;) {
      values.push(parseValue(depth + 1));
      skipSpace();
      const c = text.charCodeAt(at);
      if (c === COMMA) {
        at++;
        continue;
      }
      if (c !== CLOSE_BRACKET) fail('"," or "]"');
      at++;
      return values;
    }
  }

  /** Reads the string that starts at the quotation mark `at`. Most strings have no escapes: they are cut out. */
  function parseString(): string | JsonIllFormed {
    const start = at + 1;
    let close = text.indexOf('"', start);
    if (backslash !== -1 && backslash < start) backslash = text.indexOf('\\', start);
    if (backslash !== -1 && backslash < close) return parseEscaped(start);
    if (close === -1) close = end;
    const content = text.slice(start, close);
    if (hasControl) refuseControl(content, start);
    if (close === end) fail('the end of a text', end);
    at = close + 1;
    return content;
  }

  function parseEscaped(start: number): string | JsonIllFormed {
    let close = start;
    for (;;) {
      const c = text.charCodeAt(close);
      if (c === QUOTE) break;
      close += c === BACKSLASH ? 2 : 1;
      if (close >= end) fail('the end of a text', end);
    }
    if (hasControl) refuseControl(text.slice(start, close), start);
    let content: string;
    try {
      content = JSON.parse(text.slice(start - 1, close + 1));
    } catch {
      return fail('a text with the escapes of JSON only', start - 1);
    }
    at = close + 1;
    return LONE_SURROGATE.test(content) ? LONE : content;
  }

  function refuseControl(content: string, start: number): void {
    const control = content.search(CONTROL);
    if (control !== -1) fail('control characters in texts to be escaped', start + control);
  }

  function parseNumber(): JsonValue {
    // Up to 15 digits without point, exponent or leading zero: nearly all numbers are such.
    const start = at;
    let sum = 0;
    let c = text.charCodeAt(at);
    while (c >= ZERO && c <= NINE && at - start < 15) {
      sum = sum * 10 + (c - ZERO);
      c = text.charCodeAt(++at);
    }
    const goesOn = (c >= ZERO && c <= NINE) || c === 0x2e || c === 0x65 || c === 0x45;
    if (at > start && !goesOn && (text.charCodeAt(start) !== ZERO || at === start + 1)) return sum;
    at = start;
    return parseLongNumber();
  }

  function parseLongNumber(): JsonValue {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text)?.[0];
    if (found === undefined) {
      fail(text.charCodeAt(at) === MINUS ? 'a number' : 'a value');
    }
    at += found.length;
    return valueOfNumber(found);
  }

  /** Passes over an array or object that stands too deep. A loop, so that no input can exhaust the stack. */
  function skipDeep(): JsonIllFormed {
    const closers: number[] = [];
    for (;;) {
      skipSpace();
      const c = text.charCodeAt(at);
      if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        countValue();
        at++;
        skipSpace();
        const closer = c === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
        if (text.charCodeAt(at) !== closer) {
          closers.push(closer);
          if (closer === CLOSE_BRACE) parseName();
          continue;
        }
        at++;
      } else {
        parseValue(1);
      }
      while (closers.length > 0) {
        skipSpace();
        const closer = closers[closers.length - 1];
        const next = text.charCodeAt(at);
        if (next === COMMA) {
          at++;
          if (closer === CLOSE_BRACE) parseName();
          break;
        }
        if (next !== closer) fail(closer === CLOSE_BRACE ? '"," or "}"' : '"," or "]"');
        at++;
        closers.pop();
      }
      if (closers.length === 0) {
        return { type: 'illFormed', reason: `more than ${maxDepth} arrays and objects in each other` };
      }
    }
  }
}
