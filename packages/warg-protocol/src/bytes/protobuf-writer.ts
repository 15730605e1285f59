// Writes Protocol Buffers the one way that every implementation of Warg does: fields in the order of their numbers,
// defaults left out, repeated enums packed, varints as short as they can be.

import { concatBytes, encodeUtf8 } from '@warg/crypto';
import { encodeLeb128 } from './leb128.ts';
import { DELIMITED, VARINT } from './protobuf-reader.ts';

const NOTHING = new Uint8Array(0);

function key(field: number, wireType: number): Uint8Array {
  return encodeLeb128(field * 8 + wireType);
}

/** A field of bytes that is written even when it is empty, such as a message. */
export function delimitedField(field: number, value: Uint8Array): Uint8Array {
  return concatBytes(key(field, DELIMITED), encodeLeb128(value.length), value);
}

/** A field of bytes; nothing if it is empty. */
export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return value.length === 0 ? NOTHING : delimitedField(field, value);
}

/** A text field; nothing if it is empty. */
export function textField(field: number, value: string): Uint8Array {
  return bytesField(field, encodeUtf8(value));
}

/** A uint32, an int32 or an int64, negative ones as their 64-bit complement; nothing if it is 0. */
export function integerField(field: number, value: number | bigint): Uint8Array {
  const bits = BigInt.asUintN(64, BigInt(value));
  return bits === 0n ? NOTHING : concatBytes(key(field, VARINT), encodeLeb128(bits));
}

/** A repeated enum, packed; nothing if there is no value. */
export function enumsField(field: number, values: readonly number[]): Uint8Array {
  return bytesField(field, joinBytes(values.map((value) => encodeLeb128(value))));
}

/** All parts in a row. Unlike concatBytes it takes any number of them: arguments are limited. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
