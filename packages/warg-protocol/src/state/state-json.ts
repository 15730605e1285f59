// What the JSON forms of both kinds of state share. They are the forms in which the reference stores its states, read
// as serde reads them.

import { parsePublicKey } from '@warg/crypto';
import { StateError } from '../errors.ts';
import { parseHashText, type RecordId } from '../ids.ts';
import {
  arrayOf,
  type JsonObject,
  type JsonPath,
  type JsonReader,
  mapOf,
  oneOf,
  readDefaulted,
  readMember,
  readObject,
  readOptional,
  textAs,
  writeArray,
  writeMap,
  writeText,
} from '../json/index.ts';
import type { Timestamp } from '../records/timestamp.ts';
import type { LogHead, LogState } from './log-draft.ts';

/** The longest JSON text of a state: some 100,000 releases. */
export const MAX_STATE_LENGTH = 64 * 1024 * 1024;

const U64_MAX = 2n ** 64n - 1n;
const I64_MAX = 2n ** 63n - 1n;
const U32_MAX = 2n ** 32n - 1n;
const NANOS_PER_SECOND = 1_000_000_000n;

/** Two numbers, with the plus sign and the leading zeros that Rust's parser allows. */
const TIMESTAMP = /^\+?([0-9]+)\.\+?([0-9]+)$/;

/** `seconds.nanos`, where nanos is a plain number: `5.7` is seven nanoseconds after second 5. */
function parseTimestamp(text: string): Timestamp {
  const match = TIMESTAMP.exec(text.length <= 128 ? text : '');
  const seconds = BigInt(match?.[1] ?? -1);
  const nanos = BigInt(match?.[2] ?? -1);
  const total = seconds + nanos / NANOS_PER_SECOND;
  if (!match || seconds > U64_MAX || nanos > U32_MAX || total > I64_MAX) {
    throw new RangeError('expected a timestamp `<seconds>.<nanoseconds>`, found another text');
  }
  return { seconds: total, nanos: Number(nanos % NANOS_PER_SECOND) };
}

/** @throws StateError `UNENCODABLE_STATE` for a moment before the epoch */
export function writeTimestamp({ seconds, nanos }: Timestamp): string {
  if (seconds < 0n) {
    throw new StateError(
      `expected timestamps from the epoch on, found second ${seconds}: this state has no JSON form`,
    );
  }
  return `"${seconds}.${nanos}"`;
}

export const readTimestamp = textAs('a timestamp', parseTimestamp);
export const readHash = textAs('a hash', parseHashText);
/** A stored id is trusted as the reference does it: the head's id is compared, never looked into. */
export const readRecordId: JsonReader<RecordId> = (value, at) => readHash(value, at) as RecordId;

const readAlgorithm = oneOf('sha256');

const readHead: JsonReader<LogHead> = (value, at) => {
  const object = readObject(value, at);
  return {
    recordId: readMember(object, 'digest', at, readRecordId),
    time: readMember(object, 'timestamp', at, readTimestamp),
  };
};

/** Reads the members that both kinds of state have. */
export function readLogState<P extends string>(
  object: JsonObject,
  at: JsonPath,
  permissions: readonly P[],
): LogState<P> {
  const readPermissions: JsonReader<ReadonlySet<P>> = (value, place) =>
    new Set(arrayOf(oneOf(...permissions))(value, place));
  return {
    algorithm: readOptional(object, 'algorithm', at, readAlgorithm),
    head: readOptional(object, 'head', at, readHead),
    permissions: readDefaulted(object, 'permissions', at, mapOf(String, readPermissions), new Map()),
    keys: readDefaulted(object, 'keys', at, mapOf(String, textAs('a public key', parsePublicKey)), new Map()),
  };
}

/** The members `algorithm`, `head` and `permissions`, as far as they are there. */
export function writeLogState<P extends string>({ algorithm, head, permissions }: LogState<P>): string[] {
  const members: string[] = [];
  if (algorithm !== undefined) members.push(`"algorithm":${writeText(algorithm)}`);
  if (head !== undefined) {
    members.push(`"head":{"digest":${writeText(head.recordId)},"timestamp":${writeTimestamp(head.time)}}`);
  }
  if (permissions.size > 0) {
    members.push(`"permissions":${writeMap(permissions, (held) => writeArray([...held], writeText))}`);
  }
  return members;
}

/** The member `keys`, if there are any. */
export function writeKeys<P extends string>({ keys }: LogState<P>): string[] {
  return keys.size > 0 ? [`"keys":${writeMap(keys, writeText)}`] : [];
}
