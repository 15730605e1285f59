/**
 * Strict JSON for everything that comes from a socket or a file: exact integers, members in order, caps, and errors
 * that say where. `parseJson` makes a {@link JsonValue}; readers take it apart.
 */
export { DecodeError, type DecodeErrorCode, type DecodeErrorDetails, EncodeError } from './error.ts';
export { type JsonLimits, parseJson } from './parse.ts';
export {
  arrayOf,
  formatPath,
  type JsonPath,
  type JsonReader,
  mapOf,
  memberOf,
  nullable,
  readBoolean,
  readDefaulted,
  readMember,
  readObject,
  readOptional,
  readText,
  readU16,
  readU64,
  refuse,
  refuseIllFormed,
  refuseUnknownMembers,
  STRICT_ROOT,
  textAs,
  type U64,
  under,
  WIRE_ROOT,
} from './read.ts';
export {
  describeJson,
  isArray,
  isJsonObject,
  type JsonArray,
  type JsonFloat,
  type JsonIllFormed,
  type JsonObject,
  type JsonValue,
} from './value.ts';
export { oneOf, readTag } from './variants.ts';
export { writeArray, writeMap, writeText, writeU16, writeU64 } from './write.ts';
