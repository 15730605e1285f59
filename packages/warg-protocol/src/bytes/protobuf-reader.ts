// A reader of Protocol Buffers for records and envelopes, exact in what it accepts. A record is what its bytes say,
// so two implementations that read the same bytes differently would see two different logs. This one follows prost,
// which reads the bytes of the Rust registry: unknown fields and groups are passed over (up to 100 deep), field keys
// above 32 bits and unknown wire types are refused, text must be UTF-8, varints have at most ten bytes and wrap to the
// width of their field. protobuf-es differs from it in some of these, hence a reader of our own.
// Source: https://protobuf.dev/programming-guides/encoding/

import { decodeUtf8 } from '@warg/crypto';
import { RecordError } from '../errors.ts';

/** Wire types, the low three bits of a field's key. */
export const VARINT = 0;
const FIXED64 = 1;
export const DELIMITED = 2;
export const START_GROUP = 3;
export const END_GROUP = 4;
const FIXED32 = 5;

/** How deep groups and messages may be nested. */
const MAX_DEPTH = 100;

/** Bytes that are being read: `at` moves from the first towards `end`. */
export interface ProtobufReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** How much deeper messages and groups may still be nested. */
  depth: number;
}

/** A varint's 64 bits, in two unsigned halves. */
export interface Varint {
  readonly low: number;
  readonly high: number;
}

/** Takes one field; false for a field that the message does not know. */
export type FieldReader = (field: number, wireType: number) => boolean;

function malformed(reader: ProtobufReader, what: string, options?: ErrorOptions): never {
  throw new RecordError('INVALID_PROTOBUF', `${what} at byte ${reader.at}`, options);
}

/** Starts to read a whole message. */
export function readerOf(bytes: Uint8Array): ProtobufReader {
  return { bytes, at: 0, end: bytes.length, depth: MAX_DEPTH };
}

/** Reads all fields up to the reader's end; those that `readField` does not take are passed over. */
export function readFields(reader: ProtobufReader, readField: FieldReader): void {
  while (reader.at < reader.end) {
    const key = readKey(reader);
    const field = fieldOf(key);
    if (!readField(field, key % 8)) skipField(reader, field, key % 8);
  }
}

/** Reads a message that is the value of a field. */
export function readMessage(reader: ProtobufReader, wireType: number, readField: FieldReader): void {
  expectWireType(reader, wireType, DELIMITED);
  if (reader.depth === 0) malformed(reader, 'expected at most 100 messages in each other, found more');
  const end = reader.end;
  reader.end = endOfDelimited(reader);
  reader.depth--;
  readFields(reader, readField);
  reader.depth++;
  reader.end = end;
}

/** Reads a text. */
export function readText(reader: ProtobufReader, wireType: number): string {
  const start = readDelimited(reader, wireType);
  try {
    return decodeUtf8(reader.bytes.subarray(start, reader.at));
  } catch (cause) {
    return malformed(reader, 'expected a text in UTF-8, found bytes that are none, ending', { cause });
  }
}

/** Reads bytes, as a copy. */
export function readBytes(reader: ProtobufReader, wireType: number): Uint8Array {
  const start = readDelimited(reader, wireType);
  return reader.bytes.slice(start, reader.at);
}

/** Reads a uint32. Higher bits are dropped, as everywhere in Protocol Buffers. */
export function readUint32(reader: ProtobufReader, wireType: number): number {
  expectWireType(reader, wireType, VARINT);
  return readVarint(reader).low;
}

/** Reads an int32 (not a sint32). Higher bits are dropped. */
export function readInt32(reader: ProtobufReader, wireType: number): number {
  return toInt32(readUint32(reader, wireType));
}

/** Reads an int64 (not a sint64). */
export function readInt64(reader: ProtobufReader, wireType: number): bigint {
  expectWireType(reader, wireType, VARINT);
  const { low, high } = readVarint(reader);
  return BigInt.asIntN(64, (BigInt(high) << 32n) + BigInt(low));
}

/** Reads one or, packed, any number of values of a repeated enum. */
export function readEnums(reader: ProtobufReader, wireType: number, values: number[]): void {
  if (wireType !== DELIMITED) {
    values.push(readInt32(reader, wireType));
    return;
  }
  const end = reader.end;
  reader.end = endOfDelimited(reader);
  while (reader.at < reader.end) values.push(toInt32(readVarint(reader).low));
  reader.end = end;
}

function toInt32(low: number): number {
  return low < 2 ** 31 ? low : low - 2 ** 32;
}

/** Reads the key of a field: its number times eight, and its wire type. */
function readKey(reader: ProtobufReader): number {
  let key = readSmallVarint(reader);
  if (key === undefined) {
    const { low, high } = readVarint(reader);
    if (high !== 0) malformed(reader, 'expected the key of a field, at most 32 bits, found more, ending');
    key = low;
  }
  const wireType = key % 8;
  if (wireType > FIXED32) malformed(reader, `expected a wire type from 0 to 5, found ${wireType}, ending`);
  if (key < 8) malformed(reader, 'expected a field number from 1, found 0, ending');
  return key;
}

function fieldOf(key: number): number {
  return (key - (key % 8)) / 8;
}

/** Reads a varint of one byte, as nearly all are; undefined, and nothing read, where there is none. */
function readSmallVarint(reader: ProtobufReader): number | undefined {
  const byte = reader.at < reader.end ? (reader.bytes[reader.at] as number) : 128;
  if (byte >= 128) return undefined;
  reader.at++;
  return byte;
}

function readVarint(reader: ProtobufReader): Varint {
  // Three parts of 28, 28 and 8 bits, which a number holds exactly.
  const parts = [0, 0, 0];
  const start = reader.at;
  for (let count = 0; count < 10; count++) {
    if (reader.at >= reader.end) malformed(reader, 'expected more of a varint, found the end');
    const byte = reader.bytes[reader.at++] as number;
    const part = (count - (count % 4)) / 4;
    parts[part] = (parts[part] as number) + (byte % 128) * 128 ** (count % 4);
    if (byte >= 128) continue;
    if (count === 9 && byte > 1) break;
    const [first, second, third] = parts as [number, number, number];
    const low = (second % 16) * 2 ** 28 + first;
    return { low, high: (second - (second % 16)) / 16 + third * 2 ** 24 };
  }
  reader.at = start;
  return malformed(reader, 'expected a varint of at most 64 bits, found more');
}

/** Passes over the length and the value of a delimited field; returns where the value starts. */
function readDelimited(reader: ProtobufReader, wireType: number): number {
  expectWireType(reader, wireType, DELIMITED);
  const end = endOfDelimited(reader);
  const start = reader.at;
  reader.at = end;
  return start;
}

/** Reads a length; returns where a value of this length ends. */
function endOfDelimited(reader: ProtobufReader): number {
  const small = readSmallVarint(reader);
  if (small !== undefined && small <= reader.end - reader.at) return reader.at + small;
  const { low, high } = small === undefined ? readVarint(reader) : { low: small, high: 0 };
  const remaining = reader.end - reader.at;
  if (high !== 0 || low > remaining) {
    malformed(
      reader,
      `expected a value of ${high === 0 ? low : 'over 4294967295'} bytes, found ${remaining} bytes`,
    );
  }
  return reader.at + low;
}

function skipField(reader: ProtobufReader, field: number, wireType: number): void {
  if (reader.depth === 0) malformed(reader, 'expected at most 100 groups in each other, found more');
  switch (wireType) {
    case VARINT:
      readVarint(reader);
      return;
    case FIXED64:
      skipBytes(reader, 8);
      return;
    case FIXED32:
      skipBytes(reader, 4);
      return;
    case DELIMITED:
      reader.at = endOfDelimited(reader);
      return;
    case START_GROUP:
      skipGroup(reader, field);
      return;
    default:
      malformed(reader, 'expected a field, found the end of a group that did not begin, ending');
  }
}

function skipGroup(reader: ProtobufReader, field: number): void {
  reader.depth--;
  for (;;) {
    const key = readKey(reader);
    const inner = fieldOf(key);
    if (key % 8 !== END_GROUP) {
      skipField(reader, inner, key % 8);
    } else if (inner === field) {
      break;
    } else {
      malformed(reader, `expected the end of group ${field}, found that of ${inner}, ending`);
    }
  }
  reader.depth++;
}

function skipBytes(reader: ProtobufReader, count: number): void {
  const remaining = reader.end - reader.at;
  if (remaining < count) malformed(reader, `expected ${count} bytes, found ${remaining}`);
  reader.at += count;
}

function expectWireType(reader: ProtobufReader, found: number, expected: number): void {
  if (found !== expected)
    malformed(reader, `expected wire type ${expected}, found ${found}, before the value`);
}
