import {
  arrayOf,
  type JsonReader,
  mapOf,
  memberOf,
  readBoolean,
  readDefaulted,
  readMember,
  readObject,
  readOptional,
  readTag,
  readText,
  readU64,
  refuse,
  refuseIllFormed,
  under,
  writeArray,
  writeMap,
  writeText,
  writeU64,
} from '../json/index.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  readDigest,
  type StrictValues,
  type WireValues,
} from './values.ts';

/** A place where some content can be downloaded. What comes from there is checked against its digest. */
export interface ContentSource<V extends WireValues = StrictValues> {
  readonly type: 'httpGet';
  /** Absolute. */
  readonly url: string;
  /** Whether the place serves parts of the content to `Range` requests. */
  readonly acceptRanges: boolean;
  /** In bytes, if known. */
  readonly size?: V['integer'] | undefined;
}

/** By digest of content, the places where it can be downloaded. */
export type ContentSources<V extends WireValues = StrictValues> = ReadonlyMap<
  V['digest'],
  readonly ContentSource<V>[]
>;

/** `GET v1/content/{digest}`: the content and what it imports. */
export interface ContentSourcesResponse<V extends WireValues = StrictValues> {
  readonly contentSources: ContentSources<V>;
}

const readSource: JsonReader<ContentSource<WireValues>> = (value, at) => {
  const object = readObject(value, at);
  refuseIllFormed(object, at);
  const type = readTag(object, 'type', ['httpGet'], at);
  // The reference once wrote the snake case form and still reads it, but not both.
  const snake = memberOf(object, 'accept_ranges', at);
  if (snake !== undefined && memberOf(object, 'acceptRanges', at) !== undefined) {
    refuse('one spelling of acceptRanges', snake, under(at, 'accept_ranges'));
  }
  return {
    type,
    url: readMember(object, 'url', at, readText),
    acceptRanges: readDefaulted(
      object,
      snake === undefined ? 'acceptRanges' : 'accept_ranges',
      at,
      readBoolean,
      false,
    ),
    size: readOptional(object, 'size', at, readU64),
  };
};

/** @internal */
export const contentSourceForm: MessageForm<ContentSource<WireValues>> = {
  maxLength: limits.answer,
  read: readSource,
  write: ({ type, url, acceptRanges, size }) =>
    `{"type":${writeText(type)},"url":${writeText(url)}${acceptRanges ? ',"acceptRanges":true' : ''}` +
    `${size === undefined ? '' : `,"size":${writeU64(size)}`}}`,
};

/** @internal */
export const readContentSources: JsonReader<ContentSources<WireValues>> = mapOf(
  readDigest,
  arrayOf(readSource),
);

/** @internal */
export function writeContentSources(sources: ContentSources<WireValues>): string {
  return writeMap(sources, (list) => writeArray(list, contentSourceForm.write));
}

/** @internal */
export const contentSourcesResponseForm: MessageForm<ContentSourcesResponse<WireValues>> = {
  maxLength: limits.answer,
  read: (value, at) => ({
    contentSources: readMember(readObject(value, at), 'contentSources', at, readContentSources),
  }),
  write: ({ contentSources }) => `{"contentSources":${writeContentSources(contentSources)}}`,
};

/**
 * Reads a {@link ContentSourcesResponse}.
 *
 * @throws DecodeError
 */
export function decodeContentSourcesResponse(input: JsonInput): ContentSourcesResponse {
  return decodeStrict(contentSourcesResponseForm, input);
}

/** Writes a {@link ContentSourcesResponse}. */
export function encodeContentSourcesResponse(response: ContentSourcesResponse<WireValues>): string {
  return contentSourcesResponseForm.write(response);
}
