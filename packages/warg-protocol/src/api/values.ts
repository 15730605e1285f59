// The wire can carry more than real registries write: lengths up to 2^64−1, hashes of any length. Each message
// type therefore exists twice, with the same members: as StrictValues, which all code works with, and as
// WireValues, for what must repeat any valid message exactly (conformance, proxies). Encoders take both.

import { type Digest, decodeBase64, encodeBase64, parseSignature, type Signature } from '@warg/crypto';
import type { HashText, LogId, RecordId } from '../ids.ts';
import { type JsonReader, parseJson, STRICT_ROOT, textAs, type U64 } from '../json/index.ts';

export { readDigest, readLogId, readRecordId } from '../ids-json.ts';

/** Everything that the wire can carry, as the reference reads it. */
export interface WireValues {
  readonly integer: U64;
  readonly logId: HashText;
  readonly recordId: HashText;
  readonly digest: HashText;
}

/** What real registries write: integers up to 2^53−1, hashes of 64 digits. */
export interface StrictValues {
  readonly integer: number;
  readonly logId: LogId;
  readonly recordId: RecordId;
  readonly digest: Digest;
}

/** JSON as it comes from a socket or a file: a text, or its bytes in UTF-8. */
export type JsonInput = string | Uint8Array;

/** Reads bytes written in base64. */
export const readBytes: JsonReader<Uint8Array> = textAs('bytes in base64', decodeBase64);

/** Reads a signature, in its canonical spelling. */
export const readSignature: JsonReader<Signature> = textAs('a signature', parseSignature);

/** Bytes as JSON writes them: base64 between quotation marks. */
export function writeBytes(bytes: Uint8Array): string {
  return `"${encodeBase64(bytes)}"`;
}

/** How one kind of message is read and written. */
export interface MessageForm<T> {
  readonly read: JsonReader<T>;
  readonly write: (value: T) => string;
  /** The longest text that is read at all, in bytes. */
  readonly maxLength: number;
}

/** Reads a message, refusing what real registries do not write. S is W with StrictValues. */
export function decodeStrict<W, S extends W>(form: Omit<MessageForm<W>, 'write'>, input: JsonInput): S {
  return form.read(parseJson(input, form), STRICT_ROOT) as S;
}
