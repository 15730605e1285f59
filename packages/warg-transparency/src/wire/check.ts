// What the reference's protobuf decoder (prost) refuses and @bufbuild/protobuf lets pass: fields of the wrong wire
// type, messages that end inside a field, tags beyond 32 bits, varints beyond 64 bits, groups that nest too deep.
// The check walks the bytes by the generated descriptor before the generated decoder sees them, and it counts
// elements, so that a few megabytes cannot become millions of objects.

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { ProofError } from '../errors.ts';

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

const FIELDS = new WeakMap<DescMessage, ReadonlyMap<number, FieldShape>>();

type FieldShape =
  | { readonly type: 'bytes' }
  | { readonly type: 'uint32' }
  | { readonly type: 'uint32List' }
  | { readonly type: 'messageList'; readonly message: DescMessage };

/**
 * Checks that bytes are an encoding of the message that the reference's decoder would take.
 *
 * Unknown fields are skipped, lists may be packed or not, the last of several values counts, and a varint may be
 * longer than it must be: all that protobuf allows.
 *
 * @throws ProofError `INVALID_BUNDLE` | `BUNDLE_TOO_LARGE`
 */
export function checkWire(message: DescMessage, bytes: Uint8Array): void {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw new ProofError(
      'BUNDLE_TOO_LARGE',
      `expected a bundle of at most ${MAX_BUNDLE_BYTES} bytes, found ${bytes.length}`,
    );
  }
  const cursor: Cursor = { bytes, at: 0, elements: 0 };
  checkMessage(cursor, message, bytes.length, RECURSION_LIMIT);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  elements: number;
}

function checkMessage(cursor: Cursor, message: DescMessage, end: number, depthLeft: number): void {
  const fields = fieldsOf(message);
  while (cursor.at < end) {
    const { field, wireType } = readTag(cursor, end);
    const shape = fields.get(field);
    if (shape === undefined) skipField(cursor, field, wireType, end, depthLeft);
    else checkField(cursor, message, field, shape, wireType, end, depthLeft);
  }
}

function checkField(
  cursor: Cursor,
  message: DescMessage,
  field: number,
  shape: FieldShape,
  wireType: number,
  end: number,
  depthLeft: number,
): void {
  switch (shape.type) {
    case 'uint32':
      if (wireType !== VARINT) throw wrongWireType(message, field, wireType);
      skipVarint(cursor, end);
      return;
    case 'bytes':
      if (wireType !== LENGTH_DELIMITED) throw wrongWireType(message, field, wireType);
      cursor.at = readEnd(cursor, end);
      return;
    case 'uint32List': {
      if (wireType === VARINT) {
        countElement(cursor);
        skipVarint(cursor, end);
        return;
      }
      if (wireType !== LENGTH_DELIMITED) throw wrongWireType(message, field, wireType);
      const packedEnd = readEnd(cursor, end);
      while (cursor.at < packedEnd) {
        countElement(cursor);
        skipVarint(cursor, packedEnd);
      }
      return;
    }
    case 'messageList':
      if (wireType !== LENGTH_DELIMITED) throw wrongWireType(message, field, wireType);
      countElement(cursor);
      checkMessage(cursor, shape.message, readEnd(cursor, end), depthLeft - 1);
      return;
  }
}

function skipField(cursor: Cursor, field: number, wireType: number, end: number, depthLeft: number): void {
  if (depthLeft <= 0) throw invalid(cursor, 'groups nest too deep');
  switch (wireType) {
    case VARINT:
      skipVarint(cursor, end);
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

function skipVarint(cursor: Cursor, end: number): void {
  readVarint(cursor, end);
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

function invalid(cursor: Cursor, what: string): ProofError {
  return new ProofError('INVALID_BUNDLE', `the proof bundle is malformed before byte ${cursor.at}: ${what}`);
}

function wrongWireType(message: DescMessage, field: number, wireType: number): ProofError {
  return new ProofError(
    'INVALID_BUNDLE',
    `the proof bundle is malformed: field ${field} of ${message.name} has wire type ${wireType}`,
  );
}

function fieldsOf(message: DescMessage): ReadonlyMap<number, FieldShape> {
  let fields = FIELDS.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.number, shapeOf(field)]));
    FIELDS.set(message, fields);
  }
  return fields;
}

function shapeOf(field: DescField): FieldShape {
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BYTES) return { type: 'bytes' };
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.UINT32) return { type: 'uint32' };
  if (field.fieldKind === 'list' && field.listKind === 'message') {
    return { type: 'messageList', message: field.message };
  }
  if (field.fieldKind === 'list' && field.listKind === 'scalar' && field.scalar === ScalarType.UINT32) {
    return { type: 'uint32List' };
  }
  // Only a changed .proto file gets here.
  throw new Error(`the wire check does not know fields like ${field.toString()}`);
}
