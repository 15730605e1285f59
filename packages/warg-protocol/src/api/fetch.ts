import {
  arrayOf,
  type JsonReader,
  mapOf,
  nullable,
  readBoolean,
  readDefaulted,
  readMember,
  readObject,
  readOptional,
  readText,
  readU16,
  readU64,
  refuseIllFormed,
  refuseUnknownMembers,
  textAs,
  writeArray,
  writeMap,
  writeText,
  writeU16,
  writeU64,
} from '../json/index.ts';
import { type PackageName, parsePackageName } from '../names/package-name.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  readBytes,
  readLogId,
  readSignature,
  type StrictValues,
  type WireValues,
  writeBytes,
} from './values.ts';

/** `POST v1/fetch/logs`: the records of some logs, as of a checkpoint. */
export interface FetchLogsRequest<V extends WireValues = StrictValues> {
  /** The length of a signed checkpoint. */
  readonly logLength: V['integer'];
  /** The most records wanted of each log: 1 to 1000; the server takes 100 if it is absent. */
  readonly limit?: number | undefined;
  /** The token of the last operator record that is known. */
  readonly operator?: string | undefined;
  /** By log id, the token of the last record that is known; null asks for the log from its start. */
  readonly packages: ReadonlyMap<V['logId'], string | null>;
}

/** A record as the registry serves it: a signed envelope, and where it stands. */
export interface PublishedRecord<V extends WireValues = StrictValues> {
  /** The record in Protocol Buffers, as it was signed. */
  readonly contentBytes: Uint8Array;
  /** As received; compare it, do not parse it. */
  readonly keyId: string;
  readonly signature: string;
  /** The number of the record in the registry's log. */
  readonly registryIndex: V['integer'];
  /** Names this record in a later request. Opaque. */
  readonly fetchToken: string;
}

/** Something that the registry wants people to read. */
export interface FetchWarning {
  readonly message: string;
}

/** The answer of `POST v1/fetch/logs`: the records behind the known ones, in order. */
export interface FetchLogsResponse<V extends WireValues = StrictValues> {
  /** Whether some of the logs have further records below the request's length. */
  readonly more: boolean;
  readonly operator: readonly PublishedRecord<V>[];
  readonly packages: ReadonlyMap<V['logId'], readonly PublishedRecord<V>[]>;
  readonly warnings: readonly FetchWarning[];
}

/** `POST v1/fetch/names`: the names behind log ids. */
export interface FetchPackageNamesRequest<V extends WireValues = StrictValues> {
  readonly packages: readonly V['logId'][];
}

/** The first 1,000 of the request; ids that are not here are to be asked for again. */
export interface FetchPackageNamesResponse<V extends WireValues = StrictValues> {
  /** null where the registry does not give the name. */
  readonly packages: ReadonlyMap<V['logId'], PackageName | null>;
}

/** @internal */
export const readPackageName: JsonReader<PackageName> = textAs('a package name', parsePackageName);

const readTokens = mapOf(readLogId, nullable(readText));
const FETCH_LOGS_MEMBERS = ['logLength', 'limit', 'operator', 'packages'];

/** @internal */
export const fetchLogsRequestForm: MessageForm<FetchLogsRequest<WireValues>> = {
  maxLength: limits.fetchLogsBody,
  read: (value, at) => {
    const object = readObject(value, at);
    refuseUnknownMembers(object, FETCH_LOGS_MEMBERS, at);
    return {
      logLength: readMember(object, 'logLength', at, readU64),
      limit: readOptional(object, 'limit', at, readU16),
      operator: readOptional(object, 'operator', at, readText),
      packages: readDefaulted(object, 'packages', at, readTokens, new Map()),
    };
  },
  write: ({ logLength, limit, operator, packages }) =>
    `{"logLength":${writeU64(logLength)}` +
    `${limit === undefined ? '' : `,"limit":${writeU16(limit)}`}` +
    `${operator === undefined ? '' : `,"operator":${writeText(operator)}`}` +
    `${packages.size === 0 ? '' : `,"packages":${writeMap(packages, writeNullableText)}`}}`,
};

function writeNullableText(text: string | null): string {
  return text === null ? 'null' : writeText(text);
}

/**
 * Unknown members are refused, here as in the reference and nowhere else.
 *
 * @throws DecodeError
 */
export function decodeFetchLogsRequest(input: JsonInput): FetchLogsRequest {
  return decodeStrict(fetchLogsRequestForm, input);
}

/** Writes a {@link FetchLogsRequest}. */
export function encodeFetchLogsRequest(request: FetchLogsRequest<WireValues>): string {
  return fetchLogsRequestForm.write(request);
}

/** @internal */
export const publishedRecordForm: MessageForm<PublishedRecord<WireValues>> = {
  maxLength: limits.publishRecordBody,
  read: (value, at) => {
    const object = readObject(value, at);
    refuseIllFormed(object, at);
    return {
      contentBytes: readMember(object, 'contentBytes', at, readBytes),
      keyId: readMember(object, 'keyId', at, readText),
      signature: readMember(object, 'signature', at, readSignature),
      registryIndex: readMember(object, 'registryIndex', at, readU64),
      fetchToken: readMember(object, 'fetchToken', at, readText),
    };
  },
  write: (record) =>
    `{"contentBytes":${writeBytes(record.contentBytes)},"keyId":${writeText(record.keyId)},` +
    `"signature":${writeText(record.signature)},"registryIndex":${writeU64(record.registryIndex)},` +
    `"fetchToken":${writeText(record.fetchToken)}}`,
};

/** @internal */
export const fetchWarningForm: MessageForm<FetchWarning> = {
  maxLength: limits.answer,
  read: (value, at) => ({ message: readMember(readObject(value, at), 'message', at, readText) }),
  write: ({ message }) => `{"message":${writeText(message)}}`,
};

const readRecords = arrayOf(publishedRecordForm.read);
const readLogs = mapOf(readLogId, readRecords);
const readWarnings = arrayOf(fetchWarningForm.read);
const writeRecords = (records: readonly PublishedRecord<WireValues>[]) =>
  writeArray(records, publishedRecordForm.write);

/** @internal */
export const fetchLogsResponseForm: MessageForm<FetchLogsResponse<WireValues>> = {
  maxLength: limits.fetchLogsAnswer,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      more: readDefaulted(object, 'more', at, readBoolean, false),
      operator: readDefaulted(object, 'operator', at, readRecords, []),
      packages: readDefaulted(object, 'packages', at, readLogs, new Map()),
      warnings: readDefaulted(object, 'warnings', at, readWarnings, []),
    };
  },
  write: ({ more, operator, packages, warnings }) =>
    `{"more":${more}${operator.length === 0 ? '' : `,"operator":${writeRecords(operator)}`}` +
    `${packages.size === 0 ? '' : `,"packages":${writeMap(packages, writeRecords)}`}` +
    `${warnings.length === 0 ? '' : `,"warnings":${writeArray(warnings, fetchWarningForm.write)}`}}`,
};

/**
 * Reads a {@link FetchLogsResponse}.
 *
 * @throws DecodeError
 */
export function decodeFetchLogsResponse(input: JsonInput): FetchLogsResponse {
  return decodeStrict(fetchLogsResponseForm, input);
}

/** Writes a {@link FetchLogsResponse}. */
export function encodeFetchLogsResponse(response: FetchLogsResponse<WireValues>): string {
  return fetchLogsResponseForm.write(response);
}

const readLogIds = arrayOf(readLogId);
const readNames = mapOf(readLogId, nullable(readPackageName));

/** @internal */
export const fetchPackageNamesRequestForm: MessageForm<FetchPackageNamesRequest<WireValues>> = {
  maxLength: limits.fetchNamesBody,
  read: (value, at) => ({ packages: readMember(readObject(value, at), 'packages', at, readLogIds) }),
  write: ({ packages }) => `{"packages":${writeArray(packages, writeText)}}`,
};

/**
 * Reads a {@link FetchPackageNamesRequest}.
 *
 * @throws DecodeError
 */
export function decodeFetchPackageNamesRequest(input: JsonInput): FetchPackageNamesRequest {
  return decodeStrict(fetchPackageNamesRequestForm, input);
}

/** Writes a {@link FetchPackageNamesRequest}. */
export function encodeFetchPackageNamesRequest(request: FetchPackageNamesRequest<WireValues>): string {
  return fetchPackageNamesRequestForm.write(request);
}

/** @internal */
export const fetchPackageNamesResponseForm: MessageForm<FetchPackageNamesResponse<WireValues>> = {
  maxLength: limits.fetchNamesAnswer,
  read: (value, at) => ({ packages: readMember(readObject(value, at), 'packages', at, readNames) }),
  write: ({ packages }) => `{"packages":${writeMap(packages, writeNullableText)}}`,
};

/**
 * Reads a {@link FetchPackageNamesResponse}.
 *
 * @throws DecodeError
 */
export function decodeFetchPackageNamesResponse(input: JsonInput): FetchPackageNamesResponse {
  return decodeStrict(fetchPackageNamesResponseForm, input);
}

/** Writes a {@link FetchPackageNamesResponse}. */
export function encodeFetchPackageNamesResponse(response: FetchPackageNamesResponse<WireValues>): string {
  return fetchPackageNamesResponseForm.write(response);
}
