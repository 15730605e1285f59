// Reads protobuf messages by their forms, exactly as the reference's decoder (prost) does. The
// decoder of @bufbuild/protobuf differs from it where bytes are hostile: it lets fields of the wrong wire type and
// messages that end inside a field pass, and refuses tags of more than five bytes. Elements are counted while
// they are read, so that a few megabytes cannot become millions of objects.

import { ProofError } from '../errors.ts';
import type { MessageForm } from './messages.ts';

/** The largest bundle that is read: ten thousand proofs of a log and a map of billions of entries fit. */
export const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

/** The most elements (proofs, hashes, lengths, indices) of one bundle. */
export const MAX_BUNDLE_ELEMENTS = 2 ** 19;

const VARINT = 0;
const SIXTY_FOUR_BIT = 1;
const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const THIRTY_TWO_BIT = 5;

// As in the reference, which starts with a hundred and takes one away for each message and group.
const RECURSION_LIMIT = 100;

/**
 * Decodes a message that the reference's decoder would take.
 *
 * Unknown fields are skipped, lists may be packed or not, the last of several values counts, numbers wrap to 32
 * bits, and a number or a tag may have needless bytes: all that protobuf allows. Fields of bytes are views.
 *
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE`
 */
export function decodeMessage<T>(form: MessageForm<T>, bytes: Uint8Array): T {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new ProofError(
      'BUNDLE_TOO_LARGE',
      `expected a bundle of at most ${MAX_BUNDLE_BYTES} bytes, found ${bytes.length}`,
    );
  }
  const cursor: Cursor = { bytes, at: 0, elements: 0 };
  return readMessage(cursor, form, bytes.length, RECURSION_LIMIT);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  elements: number;
}

function readMessage<T>(cursor: Cursor, form: MessageForm<T>, end: number, depthLeft: number): T {
  const message = form.empty();
  // The type says what is behind each name, and the form names no others.
  const values = message as unknown as Record<string, unknown>;
  while (cursor.at < end) {
    const { field, wireType } = readTag(cursor, end);
    const shape = form.fields.get(field);
    if (shape === undefined) {
      skipField(cursor, field, wireType, end, depthLeft);
      continue;
    }
    switch (shape.type) {
      case 'uint32':
        requireWireType(VARINT, wireType, form, field);
        values[shape.name] = readUint32(cursor, end);
        break;
      case 'bytes': {
        requireWireType(LENGTH_DELIMITED, wireType, form, field);
        const bytesEnd = readEnd(cursor, end);
        values[shape.name] = cursor.bytes.subarray(cursor.at, bytesEnd);
        cursor.at = bytesEnd;
        break;
      }
      case 'uint32List': {
        const list = values[shape.name] as number[];
        if (wireType !== VARINT) requireWireType(LENGTH_DELIMITED, wireType, form, field);
        // A single number or a packed list of any length.
        const packedEnd = wireType === VARINT ? undefined : readEnd(cursor, end);
        while (packedEnd === undefined || cursor.at < packedEnd) {
          countElement(cursor);
          list.push(readUint32(cursor, packedEnd ?? end));
          if (packedEnd === undefined) break;
        }
        break;
      }
      case 'messageList': {
        requireWireType(LENGTH_DELIMITED, wireType, form, field);
        countElement(cursor);
        const list = values[shape.name] as unknown[];
        list.push(readMessage(cursor, shape.message, readEnd(cursor, end), depthLeft - 1));
        break;
      }
    }
  }
  return message;
}

function skipField(cursor: Cursor, field: number, wireType: number, end: number, depthLeft: number): void {
  if (depthLeft <= 0) throw invalid(cursor, 'groups nest too deep');
  switch (wireType) {
    case VARINT:
      readVarint(cursor, end);
      return;
    case SIXTY_FOUR_BIT:
      skipBytes(cursor, 8, end);
      return;
    case THIRTY_TWO_BIT:
      skipBytes(cursor, 4, end);
      return;
    case LENGTH_DELIMITED:
      cursor.at = readEnd(cursor, end);
      return;
    case START_GROUP:
      for (;;) {
        const inner = readTag(cursor, end);
        if (inner.wireType !== END_GROUP) skipField(cursor, inner.field, inner.wireType, end, depthLeft - 1);
        else if (inner.field === field) return;
        else throw invalid(cursor, `group ${field} is ended by the end of group ${inner.field}`);
      }
    default:
      throw invalid(cursor, 'a group ends that has not begun');
  }
}

function readTag(cursor: Cursor, end: number): { field: number; wireType: number } {
  const key = readVarint(cursor, end);
  if (key > 0xffff_ffff) throw invalid(cursor, 'a field number has more than 29 bits');
  const field = Math.floor(key / 8);
  const wireType = key % 8;
  if (field === 0) throw invalid(cursor, 'field numbers begin with 1, found 0');
  if (wireType > THIRTY_TWO_BIT) throw invalid(cursor, `wire type ${wireType} does not exist`);
  return { field, wireType };
}

/** Reads a length and returns the position behind what it measures. */
function readEnd(cursor: Cursor, end: number): number {
  const length = readVarint(cursor, end);
  if (length > end - cursor.at) {
    throw invalid(
      cursor,
      `a field of ${length} bytes does not fit into the ${end - cursor.at} that are left`,
    );
  }
  return cursor.at + length;
}

/** Reads a number of up to 64 bits and takes the lowest 32. */
function readUint32(cursor: Cursor, end: number): number {
  const start = cursor.at;
  readVarint(cursor, end);
  let value = 0;
  let scale = 1;
  for (let at = start; at < Math.min(cursor.at, start + 5); at++) {
    value += (cursor.bytes[at]! % 128) * scale;
    scale *= 128;
  }
  return value % 2 ** 32;
}

/** Reads up to 64 bits. Beyond 2^53 the number is not exact, which is enough to see that it is too large. */
function readVarint(cursor: Cursor, end: number): number {
  let value = 0;
  let scale = 1;
  for (let count = 1; count <= 10; count++) {
    if (cursor.at >= end) throw invalid(cursor, 'the bytes end inside a number');
    const byte = cursor.bytes[cursor.at++]!;
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte < 128) {
      if (count === 10 && byte > 1) break;
      return value;
    }
  }
  throw invalid(cursor, 'a number has more than 64 bits');
}

function skipBytes(cursor: Cursor, count: number, end: number): void {
  if (end - cursor.at < count) throw invalid(cursor, 'the bytes end inside a field');
  cursor.at += count;
}

function countElement(cursor: Cursor): void {
  if (++cursor.elements <= MAX_BUNDLE_ELEMENTS) return;
  throw new ProofError(
    'BUNDLE_TOO_LARGE',
    `expected at most ${MAX_BUNDLE_ELEMENTS} proofs and hashes in a bundle`,
  );
}

function requireWireType(expected: number, found: number, form: MessageForm<unknown>, field: number): void {
  if (found === expected) return;
  throw new ProofError(
    'INVALID_BUNDLE',
    `the proof bundle is malformed: expected wire type ${expected} for field ${field} of ${form.name}, found ${found}`,
  );
}

function invalid(cursor: Cursor, what: string): ProofError {
  return new ProofError('INVALID_BUNDLE', `the proof bundle is malformed before byte ${cursor.at}: ${what}`);
}
