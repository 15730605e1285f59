import { encodeUtf8, isDigest } from '@warg/crypto';
import { type PackageRecord, timestampToMillis } from '@warg/protocol';
import { rejection } from '@warg/protocol/api';
import type { RegistryLimits } from './core-options.ts';

/**
 * What this registry does not take although the protocol's state machine would. Clients of all registries must accept
 * such records in logs; nobody needs new ones.
 *
 * @param now ms since the epoch
 * @throws ApiError 422
 */
export function requireStrict(
  record: PackageRecord,
  contentBytes: Uint8Array,
  now: number,
  { clockSkew, versionBytes }: Pick<RegistryLimits, 'clockSkew' | 'versionBytes'>,
): void {
  if (record.entries.length === 0) throw rejection('expected at least one entry in the record, found none');
  if (record.time.seconds < 0n) throw rejection('expected a timestamp after 1970, found one before');
  if (timestampToMillis(record.time) > now + clockSkew) {
    const minutes = clockSkew / 60_000;
    throw rejection(
      `expected a timestamp at most ${minutes} minutes ahead of the registry's clock, found a later one: set your clock`,
    );
  }
  if (record.prev !== undefined && !isDigest(record.prev)) {
    throw rejection('expected `prev` to have 64 hex digits, found another length');
  }
  for (const entry of record.entries) {
    // What another registry has published can still be yanked.
    if (entry.type !== 'release') continue;
    const length = encodeUtf8(entry.version).length;
    if (length > versionBytes) {
      throw rejection(
        `expected versions of at most ${versionBytes} bytes, found one of ${length}, which begins with ` +
          `\`${entry.version.slice(0, 40)}\`: release it under a shorter version`,
      );
    }
    if (!isDigest(entry.content)) {
      throw rejection(
        `expected the content of version ${entry.version} to have 64 hex digits, found another length`,
      );
    }
  }
  if (hasWideNumber(contentBytes, 0, contentBytes.length, RECORD)) {
    throw rejection('expected numbers of at most 32 bits in the record, found one that decoders cut off');
  }
}

/** Which fields of a message are numbers of 32 bits, and which are messages that may have some. */
interface Fields {
  readonly numbers: readonly number[];
  readonly messages: Readonly<Record<number, Fields>>;
}

const TIME: Fields = { numbers: [2], messages: {} };
const PERMISSIONS: Fields = { numbers: [2], messages: {} };
const ENTRY: Fields = { numbers: [], messages: { 2: PERMISSIONS, 3: PERMISSIONS } };
const RECORD: Fields = { numbers: [2], messages: { 3: TIME, 4: ENTRY } };

/**
 * Whether the bytes hold a number that is read as another one because its field has 32 bits only. Decoders of all
 * languages cut it off the same way, but what a person sees in the bytes is not what the record says.
 *
 * Walks over a message that has been decoded before, so it is known to be well-formed.
 */
function hasWideNumber(bytes: Uint8Array, start: number, end: number, fields: Fields): boolean {
  const reader: Reader = { at: start, low: 0, high: 0 };
  // Decoders pass over groups, and nothing that is in one was decoded before: neither numbers nor messages.
  let groups = 0;
  while (reader.at < end) {
    readVarint(bytes, reader);
    const field = reader.low >>> 3;
    const isKnown = groups === 0;
    switch (reader.low & 7) {
      case 0:
        readVarint(bytes, reader);
        if (isKnown && isWide(reader) && fields.numbers.includes(field)) return true;
        break;
      case 1:
        reader.at += 8;
        break;
      case 2: {
        readVarint(bytes, reader);
        const from = reader.at;
        reader.at += reader.low;
        if (!isKnown) break;
        const message = fields.messages[field];
        if (message !== undefined && hasWideNumber(bytes, from, reader.at, message)) return true;
        if (fields.numbers.includes(field) && hasWidePacked(bytes, from, reader.at)) return true;
        break;
      }
      case 3:
        groups++;
        break;
      case 4:
        groups--;
        break;
      default:
        reader.at += 4;
        break;
    }
  }
  return false;
}

function hasWidePacked(bytes: Uint8Array, start: number, end: number): boolean {
  const reader: Reader = { at: start, low: 0, high: 0 };
  while (reader.at < end) {
    readVarint(bytes, reader);
    if (isWide(reader)) return true;
  }
  return false;
}

/** Where the next varint begins, and the two halves of 32 bits of the last one. */
interface Reader {
  at: number;
  low: number;
  high: number;
}

/** Whether a varint is neither a number of 32 bits nor the ten-byte form of a negative one. */
function isWide({ low, high }: Reader): boolean {
  return high !== 0 && !(high === 0xffff_ffff && low >= 0x8000_0000);
}

function readVarint(bytes: Uint8Array, reader: Reader): void {
  let low = 0;
  let high = 0;
  for (let shift = 0; ; shift += 7) {
    // In what was decoded before no number goes on behind the end. If one did, this would go on for ever.
    const byte = bytes[reader.at++] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 32) low |= bits << shift;
    // The fifth byte has bits of both halves.
    if (shift === 28) high = bits >>> 4;
    else if (shift > 28) high |= bits << (shift - 32);
    if (byte < 0x80) break;
  }
  reader.low = low >>> 0;
  reader.high = high >>> 0;
}
