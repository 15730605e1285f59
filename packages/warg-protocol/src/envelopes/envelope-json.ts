import { CryptoError, decodeBase64, encodeBase64, parseSignature } from '@warg/crypto';
import { RecordError } from '../errors.ts';
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
  textAs,
  type U64,
  WIRE_ROOT,
  writeText,
  writeU64,
} from '../json/index.ts';
import { checkedEnvelope, type Envelope, MAX_ENVELOPE_BYTES } from './envelope.ts';

/** The JSON form of an envelope, as a plain object. */
export interface EnvelopeJson {
  /** Base64 of the record's bytes. */
  readonly contentBytes: string;
  readonly keyId: string;
  readonly signature: string;
}

/** An envelope with the index of its leaf in the registry's log; beyond 2^53 − 1 the index is a bigint. */
export interface IndexedEnvelope extends Envelope {
  readonly registryIndex: U64;
}

/** A third more than the bytes, for base64, and room for escapes. */
const MAX_ENVELOPE_JSON_LENGTH = 2 * MAX_ENVELOPE_BYTES;

/** The JSON form of an envelope, as a plain object. */
export function envelopeToJson(envelope: Envelope): EnvelopeJson {
  const { contentBytes, keyId, signature } = envelope;
  return { contentBytes: encodeBase64(contentBytes), keyId, signature };
}

/**
 * Reads an envelope from a plain object, such as JSON.parse makes. For text from outside {@link decodeEnvelopeJson}
 * is the one to call: it is stricter about the text itself.
 *
 * @throws RecordError `INVALID_ENVELOPE` | `RECORD_TOO_LARGE`
 */
export function envelopeFromJson(value: unknown): Envelope {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RecordError('INVALID_ENVELOPE', 'expected an envelope, an object, found something else');
  }
  const { contentBytes, keyId, signature } = value as Partial<Record<keyof EnvelopeJson, unknown>>;
  if (typeof contentBytes !== 'string' || typeof keyId !== 'string' || typeof signature !== 'string') {
    throw new RecordError(
      'INVALID_ENVELOPE',
      'expected the texts contentBytes, keyId and signature in an envelope, found another type',
    );
  }
  try {
    return checkedEnvelope({ contentBytes: decodeBase64(contentBytes), keyId, signature });
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new RecordError('INVALID_ENVELOPE', `contentBytes of an envelope: ${cause.message}`, { cause });
  }
}

/** The exact JSON text of an envelope. */
export function encodeEnvelopeJson(envelope: Envelope): string {
  return `{${envelopeMembers(envelope)}}`;
}

/** The exact JSON text of an envelope with its index. */
export function encodeIndexedEnvelopeJson(envelope: IndexedEnvelope): string {
  return `{${envelopeMembers(envelope)},"registryIndex":${writeU64(envelope.registryIndex)}}`;
}

function envelopeMembers({ contentBytes, keyId, signature }: Envelope): string {
  const content = writeText(encodeBase64(contentBytes));
  return `"contentBytes":${content},"keyId":${writeText(keyId)},"signature":${writeText(signature)}`;
}

/**
 * Reads the JSON text of an envelope. Unknown members are passed over.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE`
 * @throws RecordError `RECORD_TOO_LARGE`
 */
export function decodeEnvelopeJson(text: string | Uint8Array): Envelope {
  return readEnvelope(parseJson(text, { maxLength: MAX_ENVELOPE_JSON_LENGTH }), WIRE_ROOT);
}

/**
 * Reads the JSON text of an envelope with its index.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE`
 * @throws RecordError `RECORD_TOO_LARGE`
 */
export function decodeIndexedEnvelopeJson(text: string | Uint8Array): IndexedEnvelope {
  return readIndexedEnvelope(parseJson(text, { maxLength: MAX_ENVELOPE_JSON_LENGTH }), WIRE_ROOT);
}

/** Reads an envelope from JSON that is already parsed. */
const readEnvelope: JsonReader<Envelope> = (value, at) => readEnvelopeMembers(readObject(value, at), at);

/** Reads an envelope with its index from JSON that is already parsed. */
const readIndexedEnvelope: JsonReader<IndexedEnvelope> = (value, at) => {
  const object = readObject(value, at);
  refuseIllFormed(object, at);
  return {
    ...readEnvelopeMembers(object, at),
    registryIndex: readMember(object, 'registryIndex', at, readU64),
  };
};

function readEnvelopeMembers(object: JsonObject, at: JsonPath): Envelope {
  return checkedEnvelope({
    contentBytes: readMember(object, 'contentBytes', at, readBase64),
    keyId: readMember(object, 'keyId', at, readText),
    signature: readMember(object, 'signature', at, readSignature),
  });
}

const readBase64 = textAs('base64', decodeBase64);
const readSignature = textAs('a signature', parseSignature);
