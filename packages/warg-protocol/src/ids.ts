import { concatBytes, type Digest, digestOf, encodeUtf8, isDigest, parseHash, quote } from '@warg/crypto';
import { encodePrefixedText } from './bytes/leb128.ts';
import { IdError } from './errors.ts';
import type { PackageName } from './names/package-name.ts';

declare const logIdBrand: unique symbol;
declare const recordIdBrand: unique symbol;
declare const unsizedHashBrand: unique symbol;

/** The id of a package log or of the operator log: `sha256:` and 64 hex digits. */
export type LogId = Digest & { readonly [logIdBrand]: true };

/** The id of a record: the digest of its bytes. Two logs can hold records with the same id. */
export type RecordId = Digest & { readonly [recordIdBrand]: true };

/**
 * A hash as somebody else's record may write it: `sha256:` and any even number of lowercase hex digits. The
 * protocol's state machines take such a text wherever a hash stands, so decoded records keep it. `isDigest` of
 * `@warg/crypto` narrows it to the {@link Digest} that is meant.
 */
export type HashText = Digest | (string & { readonly [unsizedHashBrand]: true });

/**
 * Reads a hash as the reference does, without a look at its length.
 *
 * @throws CryptoError `INVALID_HASH` | `UNKNOWN_HASH_ALGORITHM`
 */
export function parseHashText(text: string): HashText {
  // A hash has one spelling only (lowercase digits), so the text itself is the canonical one.
  if (!isDigest(text)) parseHash(text);
  return text as HashText;
}

/**
 * Reads a log id.
 *
 * @throws IdError `INVALID_LOG_ID`
 */
export function parseLogId(text: string): LogId {
  if (isDigest(text)) return text as LogId;
  throw new IdError(
    'INVALID_LOG_ID',
    `expected a log id, \`sha256:\` and 64 lowercase hex digits, found ${quote(text)}`,
  );
}

/**
 * Reads a record id.
 *
 * @throws IdError `INVALID_RECORD_ID`
 */
export function parseRecordId(text: string): RecordId {
  if (isDigest(text)) return text as RecordId;
  throw new IdError(
    'INVALID_RECORD_ID',
    `expected a record id, \`sha256:\` and 64 lowercase hex digits, found ${quote(text)}`,
  );
}

const OPERATOR_LOG_ID_PREFIX = 'WARG-OPERATOR-LOG-ID-V0';
const PACKAGE_LOG_ID_PREFIX = 'WARG-PACKAGE-LOG-ID-V0:';
const PACKAGE_ID_PREFIX = 'WARG-PACKAGE-ID-V0';
const PACKAGE_RECORD_PREFIX = /* @__PURE__ */ encodeUtf8('WARG-PACKAGE-LOG-RECORD-V0:');
const OPERATOR_RECORD_PREFIX = /* @__PURE__ */ encodeUtf8('WARG-OPERATOR-LOG-RECORD-V0:');

/** The bytes whose hash is the id of every registry's operator log. */
export function operatorLogIdBytes(): Uint8Array {
  return encodeUtf8(OPERATOR_LOG_ID_PREFIX);
}

/** The id of the operator log. It is the same in every registry. */
export const OPERATOR_LOG_ID: LogId = /* @__PURE__ */ digestOf(/* @__PURE__ */ operatorLogIdBytes()) as LogId;

/** A package name in the prefix encoding: a domain, then the name with its length. */
export function packageNameBytes(name: PackageName): Uint8Array {
  return concatBytes(encodeUtf8(PACKAGE_ID_PREFIX), encodePrefixedText(name));
}

/** The bytes whose hash is the id of a package's log. */
export function packageLogIdBytes(name: PackageName): Uint8Array {
  return concatBytes(encodeUtf8(PACKAGE_LOG_ID_PREFIX), packageNameBytes(name));
}

/** The id of a package's log. */
export function packageLogId(name: PackageName): LogId {
  return digestOf(packageLogIdBytes(name)) as LogId;
}

/** The id of a package record, from its bytes as they were received. */
export function packageRecordId(contentBytes: Uint8Array): RecordId {
  return digestOf(PACKAGE_RECORD_PREFIX, contentBytes) as RecordId;
}

/** The id of an operator record, from its bytes as they were received. */
export function operatorRecordId(contentBytes: Uint8Array): RecordId {
  return digestOf(OPERATOR_RECORD_PREFIX, contentBytes) as RecordId;
}

/** The 32 bytes of a log id: the key under which the registry's map holds the log's head. The map hashes it once. */
export function mapKeyBytes(logId: HashText): Uint8Array {
  return parseHash(logId).bytes;
}
