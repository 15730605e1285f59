import type { Envelope } from '../envelopes/envelope.ts';
import {
  arrayOf,
  type JsonObject,
  type JsonPath,
  type JsonReader,
  mapOf,
  readDefaulted,
  readMember,
  readObject,
  readTag,
  readText,
  readU64,
  refuseIllFormed,
  writeArray,
  writeMap,
  writeText,
  writeU64,
} from '../json/index.ts';
import type { PackageName } from '../names/package-name.ts';
import { type ContentSources, readContentSources, writeContentSources } from './content.ts';
import { readPackageName } from './fetch.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  readBytes,
  readDigest,
  readRecordId,
  readSignature,
  type StrictValues,
  type WireValues,
  writeBytes,
} from './values.ts';

/** `POST v1/package/{logId}/record`: appends a record to a package's log. */
export interface PublishRecordRequest<V extends WireValues = StrictValues> {
  readonly packageName: PackageName;
  /** Whether its contents can be decoded is not looked at here. */
  readonly record: Envelope;
  /** Where the registry may take the content from. Most registries answer 501 if there is any. */
  readonly contentSources: ContentSources<V>;
}

/** How some content can be given to the registry. */
export interface UploadEndpoint {
  readonly type: 'http';
  /** `POST` or `PUT`; anything else is to be refused by whoever uploads. */
  readonly method: string;
  /** Absolute, or relative to the registry's URL. */
  readonly url: string;
  /** Headers to send: only `authorization` and `content-type` are meant to be obeyed. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Content that the registry still lacks; one upload to one of the endpoints is enough. */
export interface MissingContent {
  readonly upload: readonly UploadEndpoint[];
}

/** What has become of a submitted record. */
export type PackageRecordState<V extends WireValues = StrictValues> =
  | { readonly state: 'sourcing'; readonly missingContent: ReadonlyMap<V['digest'], MissingContent> }
  | { readonly state: 'processing' }
  | { readonly state: 'rejected'; readonly reason: string }
  | { readonly state: 'published'; readonly registryIndex: V['integer'] };

/** The answer to the submission of a record, and to questions about it. */
export type PackageRecordResponse<V extends WireValues = StrictValues> = {
  readonly recordId: V['recordId'];
} & PackageRecordState<V>;

const readEnvelope: JsonReader<Envelope> = (value, at) => {
  const object = readObject(value, at);
  return {
    contentBytes: readMember(object, 'contentBytes', at, readBytes),
    keyId: readMember(object, 'keyId', at, readText),
    signature: readMember(object, 'signature', at, readSignature),
  };
};

/** @internal */
export const publishRecordRequestForm: MessageForm<PublishRecordRequest<WireValues>> = {
  maxLength: limits.publishRecordBody,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      packageName: readMember(object, 'packageName', at, readPackageName),
      record: readMember(object, 'record', at, readEnvelope),
      contentSources: readDefaulted(object, 'contentSources', at, readContentSources, new Map()),
    };
  },
  write: ({ packageName, record, contentSources }) =>
    `{"packageName":${writeText(packageName)},"record":{"contentBytes":${writeBytes(record.contentBytes)},` +
    `"keyId":${writeText(record.keyId)},"signature":${writeText(record.signature)}}` +
    `${contentSources.size === 0 ? '' : `,"contentSources":${writeContentSources(contentSources)}`}}`,
};

/**
 * Reads a {@link PublishRecordRequest}.
 *
 * @throws DecodeError
 */
export function decodePublishRecordRequest(input: JsonInput): PublishRecordRequest {
  return decodeStrict(publishRecordRequestForm, input);
}

/** Writes a {@link PublishRecordRequest}. */
export function encodePublishRecordRequest(request: PublishRecordRequest<WireValues>): string {
  return publishRecordRequestForm.write(request);
}

const readHeaders = mapOf(readText, readText);
const noHeaders: ReadonlyMap<string, string> = new Map();

/** @param buffered whether the endpoint stands in something that serde keeps aside first */
function uploadEndpoint(buffered: boolean): JsonReader<UploadEndpoint> {
  return (value, at) => {
    const object = readObject(value, at);
    refuseIllFormed(object, at);
    return {
      type: readTag(object, 'type', ['http'], at, buffered),
      method: readMember(object, 'method', at, readText),
      url: readMember(object, 'url', at, readText),
      headers: readDefaulted(object, 'headers', at, readHeaders, noHeaders),
    };
  };
}

function missingContent(buffered: boolean): JsonReader<MissingContent> {
  const readUpload = arrayOf(uploadEndpoint(buffered));
  return (value, at) => ({ upload: readMember(readObject(value, at), 'upload', at, readUpload) });
}

/** @internal */
export const uploadEndpointForm: MessageForm<UploadEndpoint> = {
  maxLength: limits.answer,
  read: uploadEndpoint(false),
  write: ({ type, method, url, headers }) =>
    `{"type":${writeText(type)},"method":${writeText(method)},"url":${writeText(url)}` +
    `${headers.size === 0 ? '' : `,"headers":${writeMap(headers, writeText)}`}}`,
};

/** @internal */
export const missingContentForm: MessageForm<MissingContent> = {
  maxLength: limits.answer,
  read: missingContent(false),
  write: ({ upload }) => `{"upload":${writeArray(upload, uploadEndpointForm.write)}}`,
};

const STATES = ['sourcing', 'processing', 'rejected', 'published'] as const;
const readMissing = mapOf(readDigest, missingContent(true));

function readState(object: JsonObject, at: JsonPath, buffered: boolean): PackageRecordState<WireValues> {
  refuseIllFormed(object, at);
  const state = readTag(object, 'state', STATES, at, buffered);
  switch (state) {
    case 'sourcing':
      return { state, missingContent: readMember(object, 'missingContent', at, readMissing) };
    case 'processing':
      return { state };
    case 'rejected':
      return { state, reason: readMember(object, 'reason', at, readText) };
    case 'published':
      return { state, registryIndex: readMember(object, 'registryIndex', at, readU64) };
  }
}

/** The members of a state, without the braces around them. */
function writeState(state: PackageRecordState<WireValues>): string {
  switch (state.state) {
    case 'sourcing':
      return `"state":"sourcing","missingContent":${writeMap(state.missingContent, missingContentForm.write)}`;
    case 'processing':
      return '"state":"processing"';
    case 'rejected':
      return `"state":"rejected","reason":${writeText(state.reason)}`;
    case 'published':
      return `"state":"published","registryIndex":${writeU64(state.registryIndex)}`;
  }
}

/** @internal */
export const packageRecordStateForm: MessageForm<PackageRecordState<WireValues>> = {
  maxLength: limits.answer,
  read: (value, at) => readState(readObject(value, at), at, false),
  write: (state) => `{${writeState(state)}}`,
};

/** @internal */
export const packageRecordResponseForm: MessageForm<PackageRecordResponse<WireValues>> = {
  maxLength: limits.answer,
  read: (value, at) => {
    const object = readObject(value, at);
    return { recordId: readMember(object, 'recordId', at, readRecordId), ...readState(object, at, true) };
  },
  write: (response) => `{"recordId":${writeText(response.recordId)},${writeState(response)}}`,
};

/**
 * Reads a {@link PackageRecordResponse}.
 *
 * @throws DecodeError
 */
export function decodePackageRecordResponse(input: JsonInput): PackageRecordResponse {
  return decodeStrict(packageRecordResponseForm, input);
}

/** Writes a {@link PackageRecordResponse}. */
export function encodePackageRecordResponse(response: PackageRecordResponse<WireValues>): string {
  return packageRecordResponseForm.write(response);
}
