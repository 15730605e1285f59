// The Protocol Buffers messages of records (proto/warg/protocol/warg.proto), as yet without meaning: package and
// operator records differ only in the messages that an entry can hold. Fields that come again are merged as Protocol
// Buffers has it: the last number or text wins, messages are merged, repeated fields are joined, and another member
// of an entry's `oneof` replaces the one before.

import { encodeUtf8 } from '@warg/crypto';
import {
  readEnums,
  readerOf,
  readFields,
  readInt32,
  readInt64,
  readMessage,
  readText,
  readUint32,
} from '../bytes/protobuf-reader.ts';
import { delimitedField, enumsField, integerField, joinBytes, textField } from '../bytes/protobuf-writer.ts';
import { RecordError } from '../errors.ts';
import type { Timestamp } from './timestamp.ts';

/** The most bytes that a record may have. The reference's server takes about 1.5 MB. */
export const MAX_RECORD_BYTES = 2 * 1024 * 1024;

/** What the fields 1, 2, … of an entry's message are. */
export type EntryLayout = readonly ('text' | 'permissions')[];

/** The messages that an entry can hold, by their number in its `oneof`. */
export type EntryLayouts = Readonly<Record<number, EntryLayout>>;

/** The message of an entry. `values[i]` is the value of field `i + 1`: text, or the numbers of permissions. */
export interface EntryMessage {
  readonly kind: number;
  readonly values: (string | number[])[];
}

/** A record as its message has it. */
export interface RecordMessage {
  readonly prev: string | undefined;
  readonly version: number;
  /** Not normalised. */
  readonly time: Timestamp | undefined;
  /** undefined for an entry that holds no message that is known. */
  readonly entries: readonly (EntryMessage | undefined)[];
}

/**
 * @param mostEntries with one more the rest is not read
 * @throws RecordError `INVALID_PROTOBUF` | `RECORD_TOO_LARGE`
 */
export function decodeRecordMessage(
  bytes: Uint8Array,
  layouts: EntryLayouts,
  mostEntries = Number.POSITIVE_INFINITY,
): RecordMessage {
  requireRecordSize(bytes);
  const reader = readerOf(bytes);
  let prev: string | undefined;
  let version = 0;
  let time: { seconds: bigint; nanos: number } | undefined;
  const entries: (EntryMessage | undefined)[] = [];

  readFields(reader, (field, wireType) => {
    switch (field) {
      case 1:
        prev = readText(reader, wireType);
        return true;
      case 2:
        version = readUint32(reader, wireType);
        return true;
      case 3:
        time ??= { seconds: 0n, nanos: 0 };
        readTime(wireType, time);
        return true;
      case 4:
        if (entries.length >= mostEntries) {
          throw new RecordError(
            'RECORD_TOO_LARGE',
            `expected a record of at most ${mostEntries} entries, found more`,
          );
        }
        entries.push(readEntry(wireType));
        return true;
      default:
        return false;
    }
  });
  return { prev, version, time, entries };

  function readTime(timeWireType: number, into: { seconds: bigint; nanos: number }): void {
    readMessage(reader, timeWireType, (field, wireType) => {
      if (field === 1) into.seconds = readInt64(reader, wireType);
      else if (field === 2) into.nanos = readInt32(reader, wireType);
      else return false;
      return true;
    });
  }

  function readEntry(entryWireType: number): EntryMessage | undefined {
    let entry: EntryMessage | undefined;
    readMessage(reader, entryWireType, (kind, wireType) => {
      const layout = Object.hasOwn(layouts, kind) ? layouts[kind] : undefined;
      if (!layout) return false;
      if (entry?.kind !== kind) entry = { kind, values: layout.map((type) => (type === 'text' ? '' : [])) };
      readEntryMessage(wireType, entry, layout);
      return true;
    });
    return entry;
  }

  function readEntryMessage(messageWireType: number, entry: EntryMessage, layout: EntryLayout): void {
    readMessage(reader, messageWireType, (field, wireType) => {
      const type = layout[field - 1];
      if (type === undefined) return false;
      if (type === 'text') entry.values[field - 1] = readText(reader, wireType);
      else readEnums(reader, wireType, entry.values[field - 1] as number[]);
      return true;
    });
  }
}

/** @throws RecordError `RECORD_TOO_LARGE` */
export function encodeRecordMessage(record: {
  readonly prev: string | undefined;
  readonly version: number;
  readonly time: Timestamp;
  readonly entries: readonly EntryMessage[];
}): Uint8Array {
  const { prev, version, time, entries } = record;
  const bytes = joinBytes([
    // Unlike other texts it is written even when it is empty: there is a difference between none and an empty one.
    ...(prev === undefined ? [] : [delimitedField(1, encodeUtf8(prev))]),
    integerField(2, version),
    delimitedField(3, joinBytes([integerField(1, time.seconds), integerField(2, time.nanos)])),
    joinBytes(entries.map(encodeEntry)),
  ]);
  requireRecordSize(bytes);
  return bytes;
}

function encodeEntry({ kind, values }: EntryMessage): Uint8Array {
  const fields = values.map((value, i) =>
    typeof value === 'string' ? textField(i + 1, value) : enumsField(i + 1, value),
  );
  return delimitedField(4, delimitedField(kind, joinBytes(fields)));
}

/** @throws RecordError `RECORD_TOO_LARGE` */
export function requireRecordSize(contentBytes: Uint8Array): void {
  if (contentBytes.length <= MAX_RECORD_BYTES) return;
  throw new RecordError(
    'RECORD_TOO_LARGE',
    `expected a record of at most ${MAX_RECORD_BYTES} bytes, found ${contentBytes.length}`,
  );
}
