// The JSON forms of checkpoints. Each can be read in two ways: strictly, for all code that works with one, and as the
// wire can carry it (numbers up to 2^64 − 1, hashes of any length), for what must repeat any valid one exactly.

import { parseSignature } from '@warg/crypto';
import { readDigest } from '../ids-json.ts';
import {
  type JsonObject,
  type JsonPath,
  type JsonReader,
  parseJson,
  readMember,
  readObject,
  readText,
  readU64,
  refuseIllFormed,
  STRICT_ROOT,
  textAs,
  WIRE_ROOT,
  writeText,
  writeU64,
} from '../json/index.ts';
import type {
  Checkpoint,
  SignedCheckpoint,
  TimestampedCheckpoint,
  WireCheckpoint,
  WireSignedCheckpoint,
  WireTimestampedCheckpoint,
} from './checkpoint.ts';

/** The longest JSON text of a checkpoint, about twenty times what one has. */
const LIMITS = { maxLength: 16 * 1024 };

/**
 * Reads the JSON text of a checkpoint. Unknown members, such as a timestamp, are passed over.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE` | `INTEGER_TOO_LARGE`
 */
export function decodeCheckpoint(text: string | Uint8Array): Checkpoint {
  return readCheckpoint(parseJson(text, LIMITS), STRICT_ROOT) as Checkpoint;
}

/** As {@link decodeCheckpoint}, for whatever the wire can carry. */
export function decodeWireCheckpoint(text: string | Uint8Array): WireCheckpoint {
  return readCheckpoint(parseJson(text, LIMITS), WIRE_ROOT);
}

/**
 * Reads the JSON text of a checkpoint with its timestamp.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE` | `INTEGER_TOO_LARGE`
 */
export function decodeTimestampedCheckpoint(text: string | Uint8Array): TimestampedCheckpoint {
  return readTimestampedCheckpoint(parseJson(text, LIMITS), STRICT_ROOT) as TimestampedCheckpoint;
}

/** As {@link decodeTimestampedCheckpoint}, for whatever the wire can carry. */
export function decodeWireTimestampedCheckpoint(text: string | Uint8Array): WireTimestampedCheckpoint {
  return readTimestampedCheckpoint(parseJson(text, LIMITS), WIRE_ROOT);
}

/**
 * Reads the JSON text of a signed checkpoint. The signature is read, but not verified.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE` | `INTEGER_TOO_LARGE`
 */
export function decodeSignedCheckpoint(text: string | Uint8Array): SignedCheckpoint {
  return readSignedCheckpoint(parseJson(text, LIMITS), STRICT_ROOT) as SignedCheckpoint;
}

/** As {@link decodeSignedCheckpoint}, for whatever the wire can carry. */
export function decodeWireSignedCheckpoint(text: string | Uint8Array): WireSignedCheckpoint {
  return readSignedCheckpoint(parseJson(text, LIMITS), WIRE_ROOT);
}

const readCheckpoint: JsonReader<WireCheckpoint> = (value, at) => readMembers(readObject(value, at), at);

function readMembers(object: JsonObject, at: JsonPath): WireCheckpoint {
  return {
    logRoot: readMember(object, 'logRoot', at, readDigest),
    logLength: readMember(object, 'logLength', at, readU64),
    mapRoot: readMember(object, 'mapRoot', at, readDigest),
  };
}

/** Reads a checkpoint with its timestamp from JSON that is already parsed. */
const readTimestampedCheckpoint: JsonReader<WireTimestampedCheckpoint> = (value, at) => {
  const object = readObject(value, at);
  refuseIllFormed(object, at);
  return { ...readMembers(object, at), timestamp: readMember(object, 'timestamp', at, readU64) };
};

/** Reads a signed checkpoint from JSON that is already parsed. */
export const readSignedCheckpoint: JsonReader<WireSignedCheckpoint> = (value, at) => {
  const object = readObject(value, at);
  return {
    contents: readMember(object, 'contents', at, readTimestampedCheckpoint),
    keyId: readMember(object, 'keyId', at, readText),
    signature: readMember(object, 'signature', at, textAs('a signature', parseSignature)),
  };
};

/**
 * The exact JSON text of a checkpoint.
 *
 * @throws EncodeError if a number is none of 0 to 2^64 − 1
 */
export function encodeCheckpoint(checkpoint: WireCheckpoint): string {
  return `{${writeMembers(checkpoint)}}`;
}

/**
 * The exact JSON text of a checkpoint with its timestamp.
 *
 * @throws EncodeError if a number is none of 0 to 2^64 − 1
 */
export function encodeTimestampedCheckpoint(checkpoint: WireTimestampedCheckpoint): string {
  return `{${writeMembers(checkpoint)},"timestamp":${writeU64(checkpoint.timestamp)}}`;
}

/**
 * The exact JSON text of a signed checkpoint.
 *
 * @throws EncodeError if a number is none of 0 to 2^64 − 1
 */
export function encodeSignedCheckpoint({ contents, keyId, signature }: WireSignedCheckpoint): string {
  const members = `"keyId":${writeText(keyId)},"signature":${writeText(signature)}`;
  return `{"contents":${encodeTimestampedCheckpoint(contents)},${members}}`;
}

function writeMembers({ logRoot, logLength, mapRoot }: WireCheckpoint): string {
  return `"logRoot":${writeText(logRoot)},"logLength":${writeU64(logLength)},"mapRoot":${writeText(mapRoot)}`;
}
