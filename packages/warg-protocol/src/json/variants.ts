// The two ways in which serde writes which of several cases a value is.

import { DecodeError } from './error.ts';
import { formatPath, type JsonPath, type JsonReader, memberOf, refuse, under } from './read.ts';
import { isJsonObject, type JsonObject } from './value.ts';

/** Reads one of several words. As serde does, `{"word":null}` is read as `"word"`. */
export function oneOf<W extends string>(...words: readonly W[]): JsonReader<W> {
  return (value, at) => {
    let word: unknown = value;
    if (isJsonObject(value) && value.names.length === 1 && value.values[0] === null) word = value.names[0];
    return words.includes(word as W)
      ? (word as W)
      : refuse(words.map((w) => JSON.stringify(w)).join(' or '), value, at);
  };
}

/**
 * Reads the member that says which case an object is.
 *
 * @param byIndex whether the position of a word may stand for it, which serde lets pass where it keeps members
 *   aside before it knows the case; strict readers never do
 */
export function readTag<W extends string>(
  object: JsonObject,
  name: string,
  words: readonly W[],
  at: JsonPath,
  byIndex = false,
): W {
  const tag = memberOf(object, name, at);
  const place = under(at, name);
  if (tag === undefined) {
    const path = formatPath(place);
    throw new DecodeError('INVALID_BODY', `expected a member ${path}, found none`, { path });
  }
  if (words.includes(tag as W)) return tag as W;
  const word = byIndex && !at.strict && typeof tag === 'number' ? words[tag] : undefined;
  return word ?? refuse(words.map((w) => JSON.stringify(w)).join(' or '), tag, place);
}
