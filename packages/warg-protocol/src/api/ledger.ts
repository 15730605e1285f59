import { concatBytes, digestFromBytes, digestToBytes } from '@warg/crypto';
import type { LogId, RecordId } from '../ids.ts';
import {
  arrayOf,
  DecodeError,
  EncodeError,
  type JsonReader,
  oneOf,
  readBoolean,
  readDefaulted,
  readMember,
  readObject,
  readText,
  readU64,
  writeArray,
  writeText,
  writeU64,
} from '../json/index.ts';
import { contentTypes } from './headers.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  type StrictValues,
  type WireValues,
} from './values.ts';

/** How a part of the ledger is written: see {@link decodeLedgerRecords}. */
export type LedgerSourceContentType = typeof contentTypes.ledgerPacked;

/** A part of the ledger, which lists the records of the registry's log in order. */
export interface LedgerSource<V extends WireValues = StrictValues> {
  readonly firstRegistryIndex: V['integer'];
  /** The last record of the part, not one behind it. */
  readonly lastRegistryIndex: V['integer'];
  /** Answers GET. */
  readonly url: string;
  readonly contentType: LedgerSourceContentType;
  /** Whether the URL serves parts to `Range` requests. */
  readonly acceptRanges: boolean;
}

/** `GET v1/ledger` */
export interface LedgerSourcesResponse<V extends WireValues = StrictValues> {
  readonly hashAlgorithm: 'sha256';
  /** In ascending order. */
  readonly sources: readonly LedgerSource<V>[];
}

/** @internal */
export const ledgerSourceContentTypeForm: MessageForm<LedgerSourceContentType> = {
  maxLength: limits.answer,
  read: oneOf(contentTypes.ledgerPacked),
  write: writeText,
};

/** @internal */
export const ledgerSourceForm: MessageForm<LedgerSource<WireValues>> = {
  maxLength: limits.answer,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      firstRegistryIndex: readMember(object, 'firstRegistryIndex', at, readU64),
      lastRegistryIndex: readMember(object, 'lastRegistryIndex', at, readU64),
      url: readMember(object, 'url', at, readText),
      contentType: readMember(object, 'contentType', at, ledgerSourceContentTypeForm.read),
      acceptRanges: readDefaulted(object, 'acceptRanges', at, readBoolean, false),
    };
  },
  write: (source) =>
    `{"firstRegistryIndex":${writeU64(source.firstRegistryIndex)},` +
    `"lastRegistryIndex":${writeU64(source.lastRegistryIndex)},"url":${writeText(source.url)},` +
    `"contentType":${writeText(source.contentType)}${source.acceptRanges ? ',"acceptRanges":true' : ''}}`,
};

const readAlgorithm: JsonReader<'sha256'> = oneOf('sha256');
const readSources = arrayOf(ledgerSourceForm.read);

/** @internal */
export const ledgerSourcesResponseForm: MessageForm<LedgerSourcesResponse<WireValues>> = {
  maxLength: limits.answer,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      hashAlgorithm: readMember(object, 'hashAlgorithm', at, readAlgorithm),
      sources: readMember(object, 'sources', at, readSources),
    };
  },
  write: ({ hashAlgorithm, sources }) =>
    `{"hashAlgorithm":${writeText(hashAlgorithm)},"sources":${writeArray(sources, ledgerSourceForm.write)}}`,
};

/**
 * Reads a {@link LedgerSourcesResponse}.
 *
 * @throws DecodeError
 */
export function decodeLedgerSourcesResponse(input: JsonInput): LedgerSourcesResponse {
  return decodeStrict(ledgerSourcesResponseForm, input);
}

/** Writes a {@link LedgerSourcesResponse}. */
export function encodeLedgerSourcesResponse(response: LedgerSourcesResponse<WireValues>): string {
  return ledgerSourcesResponseForm.write(response);
}

/** What the ledger says of one record: the leaf of the registry's log at its index. */
export interface LedgerRecord {
  readonly logId: LogId;
  readonly recordId: RecordId;
}

const HASH_LENGTH = 32;
const LEDGER_RECORD_LENGTH = 2 * HASH_LENGTH;

/**
 * Reads packed records, as `GET v1/ledger/records/{start}` serves them: 32 bytes of log id and 32 of record id,
 * one record behind the other.
 *
 * @throws DecodeError `BODY_TOO_LARGE` beyond 1000 records | `INVALID_BODY` for half a record
 */
export function decodeLedgerRecords(bytes: Uint8Array): readonly LedgerRecord[] {
  const most = limits.ledgerRecords * LEDGER_RECORD_LENGTH;
  if (bytes.length > most) {
    throw new DecodeError(
      'BODY_TOO_LARGE',
      `expected at most ${most} bytes of packed records, found ${bytes.length}`,
    );
  }
  if (bytes.length % LEDGER_RECORD_LENGTH !== 0) {
    throw new DecodeError(
      'INVALID_BODY',
      `expected packed records of 64 bytes each, found ${bytes.length} bytes`,
    );
  }
  const records: LedgerRecord[] = [];
  for (let at = 0; at < bytes.length; at += LEDGER_RECORD_LENGTH) {
    records.push({
      logId: digestFromBytes(bytes.subarray(at, at + HASH_LENGTH)) as LogId,
      recordId: digestFromBytes(bytes.subarray(at + HASH_LENGTH, at + LEDGER_RECORD_LENGTH)) as RecordId,
    });
  }
  return records;
}

/** Packs records for {@link decodeLedgerRecords}. @throws EncodeError beyond 1000 records */
export function encodeLedgerRecords(records: readonly LedgerRecord[]): Uint8Array {
  if (records.length > limits.ledgerRecords) {
    throw new EncodeError(`expected at most ${limits.ledgerRecords} records, found ${records.length}`);
  }
  return concatBytes(
    ...records.flatMap(({ logId, recordId }) => [digestToBytes(logId), digestToBytes(recordId)]),
  );
}
