import { decodeUtf8, encodeUtf8, WargError } from '@warg/crypto';
import {
  type Envelope,
  envelopeFromJson,
  envelopeToJson,
  type PublishedEnvelope,
  type SignedCheckpoint,
} from '@warg/protocol';
import { decodeSignedCheckpoint } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import type { StorageSnapshot } from '../storage/storage.ts';

/** A JSON object whose members are yet to be looked at. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a stored document, in the form that `format` names.
 *
 * @param read throws a WargError or a TypeError where the document is not what was written
 * @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN`
 */
export async function readDocument<T>(
  snapshot: StorageSnapshot,
  key: string,
  format: string,
  read: (members: Members) => T,
): Promise<T | undefined> {
  const bytes = await snapshot.read(key);
  if (bytes === undefined) return undefined;
  try {
    const members = membersOf(JSON.parse(decodeUtf8(bytes)));
    if (members['format'] !== format) throw unknownFormat(key, format, members['format']);
    return read(members);
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    if (!(cause instanceof WargError || cause instanceof TypeError || cause instanceof SyntaxError))
      throw cause;
    throw corrupt(key, cause.message, cause);
  }
}

export function writeDocument(format: string, members: Members): Uint8Array {
  return encodeUtf8(`${JSON.stringify({ format, ...members })}\n`);
}

export function corrupt(key: string, why: string, cause?: Error): ClientError {
  return new ClientError(
    'STORAGE_CORRUPT',
    `what is stored as ${key} is damaged (${why}): forget what is stored for this registry with \`warg reset\` and fetch it anew`,
    {},
    cause === undefined ? undefined : { cause },
  );
}

function unknownFormat(key: string, expected: string, found: unknown): ClientError {
  return new ClientError(
    'STORAGE_FORMAT_UNKNOWN',
    `expected ${key} to be stored in the form ${expected}, found ${JSON.stringify(found)}: use the version of warg that wrote it, or forget it with \`warg reset\``,
    { expected, found: String(found) },
  );
}

export function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('expected an object');
  return value as Members;
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('expected a text');
  return value;
}

export function countOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new TypeError('expected a count');
  return value;
}

export function listOf<T>(value: unknown, read: (element: unknown) => T): readonly T[] {
  if (!Array.isArray(value)) throw new TypeError('expected a list');
  return value.map(read);
}

export function checkpointOf(value: unknown): SignedCheckpoint {
  return decodeSignedCheckpoint(JSON.stringify(value));
}

export function envelopeOf(value: unknown): Envelope {
  return envelopeFromJson(value);
}

export function publishedOf(value: unknown): PublishedEnvelope {
  const { registryIndex, fetchToken } = membersOf(value);
  return {
    ...envelopeFromJson(value),
    registryIndex: countOf(registryIndex),
    fetchToken: textOf(fetchToken),
  };
}

export function publishedToJson(record: PublishedEnvelope): Members {
  return { ...envelopeToJson(record), registryIndex: record.registryIndex, fetchToken: record.fetchToken };
}

/** Without members that it may have besides. */
export function checkpointToJson({ contents, keyId, signature }: SignedCheckpoint): Members {
  const { logRoot, logLength, mapRoot, timestamp } = contents;
  return { contents: { logRoot, logLength, mapRoot, timestamp }, keyId, signature };
}
