import { CryptoError, parseSignature } from '@warg/crypto';
import { readBytes, readerOf, readFields, readText } from '../bytes/protobuf-reader.ts';
import { bytesField, joinBytes, textField } from '../bytes/protobuf-writer.ts';
import { RecordError } from '../errors.ts';
import { MAX_RECORD_BYTES, requireRecordSize } from '../records/record-message.ts';

/**
 * A signed record as it was received. The bytes are what is hashed and verified; the other two are texts that
 * nobody has checked against them yet.
 */
export interface Envelope {
  /** The bytes of the record. */
  readonly contentBytes: Uint8Array;
  /** The id of the key that is said to have signed: any text. */
  readonly keyId: string;
  /** The text of a signature. */
  readonly signature: string;
}

/** An envelope as the registry gives it out. */
export interface PublishedEnvelope extends Envelope {
  /** The index of the record's leaf in the registry's log. */
  readonly registryIndex: number;
  /** Names this record in a later request for the records behind it. */
  readonly fetchToken: string;
}

/** The most bytes that an envelope may have. */
export const MAX_ENVELOPE_BYTES = MAX_RECORD_BYTES + 64 * 1024;

/**
 * Reads the Protocol Buffers form of an envelope. The record inside is not read; the signature is, but not verified.
 *
 * @throws RecordError `INVALID_PROTOBUF` | `INVALID_ENVELOPE` | `RECORD_TOO_LARGE`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > MAX_ENVELOPE_BYTES) {
    throw new RecordError(
      'RECORD_TOO_LARGE',
      `expected an envelope of at most ${MAX_ENVELOPE_BYTES} bytes, found ${bytes.length}`,
    );
  }
  const reader = readerOf(bytes);
  let contentBytes: Uint8Array = new Uint8Array(0);
  let keyId = '';
  let signature = '';
  readFields(reader, (field, wireType) => {
    if (field === 1) contentBytes = readBytes(reader, wireType);
    else if (field === 2) keyId = readText(reader, wireType);
    else if (field === 3) signature = readText(reader, wireType);
    else return false;
    return true;
  });
  return checkedEnvelope({ contentBytes, keyId, signature });
}

/** The Protocol Buffers form of an envelope. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return joinBytes([
    bytesField(1, envelope.contentBytes),
    textField(2, envelope.keyId),
    textField(3, envelope.signature),
  ]);
}

/** Refuses an envelope whose record is too large or whose signature is no signature. */
export function checkedEnvelope<E extends Envelope>(envelope: E): E {
  requireRecordSize(envelope.contentBytes);
  try {
    parseSignature(envelope.signature);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new RecordError('INVALID_ENVELOPE', `the signature of the envelope: ${cause.message}`, { cause });
  }
  return envelope;
}
