// What a JSON text holds, without the losses of JSON.parse: integers are exact, 1.0 is not an integer, and every
// member stands in its place even if its name comes twice.

/** A JSON text as {@link parseJson} reads it. Texts and booleans are themselves. */
export type JsonValue =
  | null
  | boolean
  | string
  /** An integer from −(2^53−1) to 2^53−1. */
  | number
  /** Any other integer from −2^63 to 2^64−1. */
  | bigint
  | JsonFloat
  | JsonIllFormed
  | JsonArray
  | JsonObject;

/** The elements of an array, in order. */
export type JsonArray = readonly JsonValue[];

/** A number that is written with a point or an exponent, is `-0`, or is an integer that 64 bits cannot hold. */
export interface JsonFloat {
  readonly type: 'float';
  /** As the text writes it. */
  readonly text: string;
}

/**
 * A value that keeps to JSON's grammar and yet stands for nothing: a text whose escapes hold half a surrogate
 * pair, or arrays and objects nested too deep. It is harmless where nobody reads it.
 */
export interface JsonIllFormed {
  readonly type: 'illFormed';
  /** What is wrong with it, for people. */
  readonly reason: string;
}

/** The members of an object, in order: `values[i]` belongs to `names[i]`. A name can come more than once. */
export interface JsonObject {
  readonly type: 'object';
  readonly names: readonly string[];
  readonly values: readonly JsonValue[];
}

const INTEGER = /^-?[0-9]+$/;
const LEAST_INTEGER = -(2n ** 63n);
const GREATEST_INTEGER = 2n ** 64n - 1n;

/** The value of a number that keeps to JSON's grammar. */
export function valueOfNumber(text: string): number | bigint | JsonFloat {
  if (!INTEGER.test(text) || text === '-0') return { type: 'float', text };
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  // More characters than any 64-bit integer has: not worth a bigint.
  if (text.length > 20) return { type: 'float', text };
  const exact = BigInt(text);
  return exact >= LEAST_INTEGER && exact <= GREATEST_INTEGER ? exact : { type: 'float', text };
}

/** Whether the value is an object. */
export function isJsonObject(value: JsonValue): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    (value as JsonObject).type === 'object'
  );
}

/** What a value is, in words, for messages: "a text", "the number 1.0". */
export function describeJson(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || typeof value === 'bigint') return `the integer ${value}`;
  if (isArray(value)) return 'an array';
  if (value.type === 'object') return 'an object';
  if (value.type === 'float')
    return `the number ${value.text.length > 32 ? `${value.text.slice(0, 32)}…` : value.text}`;
  return value.reason;
}

/** Array.isArray, for readonly arrays too. */
export function isArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}
